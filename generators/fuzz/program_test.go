package fuzz

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A program contains the API types of a project. Its types, fields and markers have keys, and can be removed one by one.
type program struct {
	decls []*decl
	// gone contains the keys of the removed parts.
	gone map[string]bool
}

// A decl declares a type, in each version of its group.
type decl struct {
	group, name string
	// cell is the number of the field in a kind's spec that the type was made for. It is 0 for the types of kinds.
	cell int
	// versions lists the versions that declare the type. If it is nil, all versions do.
	versions []string
	markers  []marker
	// head is the declaration before the fields, and tail the rest: constants and methods.
	head, tail string
	isStruct   bool
	fields     []*field
	// needs lists the keys of the parts that head and tail refer to.
	needs []string
}

type field struct {
	name, typ, tag string
	markers        []marker
	needs          []string
	// instead replaces a required field of a kind when it is removed.
	instead *field
}

// A marker is a comment, which may refer to other parts.
type marker struct {
	text  string
	needs []string
}

func (d *decl) key() string { return d.group + "." + d.name }
func (d *decl) fieldKey(f *field) string {
	return d.key() + "." + strings.TrimLeft(f.name+" "+f.typ, " ")
}
func markerKey(owner string, i int) string {
	return fmt.Sprintf("%s #%d", owner, i)
}

// without returns the program without the given parts, and without the parts that need them.
func (p *program) without(keys ...string) *program {
	gone := maps.Clone(p.gone)
	if gone == nil {
		gone = map[string]bool{}
	}
	for _, key := range keys {
		gone[key] = true
	}
	lost := func(needs []string) bool {
		return slices.ContainsFunc(needs, func(key string) bool { return gone[key] })
	}
	for before := -1; before != len(gone); {
		before = len(gone)
		for _, d := range p.decls {
			if lost(d.needs) {
				gone[d.key()] = true
			}
			for _, f := range d.fields {
				if gone[d.key()] || lost(f.needs) {
					gone[d.fieldKey(f)] = true
				}
				// A marker may refer to the field without its type.
				if gone[d.fieldKey(f)] {
					gone[d.key()+"."+f.name] = true
				}
			}
		}
	}
	return &program{decls: p.decls, gone: gone}
}

// keys returns the keys of the existing parts of the cells for which of returns true, larger parts first.
func (p *program) keys(of func(cell int) bool) []string {
	var types, fields, marks []string
	markersOf := func(owner string, all []marker) {
		for i := range all {
			if key := markerKey(owner, i); !p.gone[key] && !slices.ContainsFunc(all[i].needs, func(need string) bool { return p.gone[need] }) {
				marks = append(marks, key)
			}
		}
	}
	for _, d := range p.decls {
		if p.gone[d.key()] || d.cell == 0 || !of(d.cell) {
			continue
		}
		types = append(types, d.key())
		markersOf(d.key(), d.markers)
		for _, f := range d.fields {
			if key := d.fieldKey(f); !p.gone[key] {
				fields = append(fields, key)
				markersOf(key, f.markers)
			}
		}
	}
	for _, d := range p.decls {
		if d.cell != 0 {
			continue
		}
		markersOf(d.key(), d.markers)
		for _, f := range d.fields {
			if key := d.fieldKey(f); !p.gone[key] && (f.instead != nil || strings.HasPrefix(f.name, "C")) {
				markersOf(key, f.markers)
				if f.instead != nil {
					fields = append(fields, key)
				}
			}
		}
	}
	return slices.Concat(types, fields, marks)
}

// cell returns the number of the cell that the part with a key belongs to.
func (p *program) cell(key string) int {
	owner, _, _ := strings.Cut(key, " #")
	for _, d := range p.decls {
		if rest, ok := strings.CutPrefix(owner, d.key()); ok && (rest == "" || rest[0] == '.') {
			name, _, _ := strings.Cut(strings.TrimPrefix(rest, "."), " ")
			return max(d.cell, cellOf(name))
		}
	}
	return 0
}

// cells returns the numbers of the existing cells.
func (p *program) cells() []int {
	found := map[int]bool{}
	for _, d := range p.decls {
		for _, f := range d.fields {
			if cell := cellOf(f.name); d.cell == 0 && cell > 0 && !p.gone[d.fieldKey(f)] {
				found[cell] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

var cellName = regexp.MustCompile(`^C([0-9]+)$`)

// cellOf returns the number of the cell that a field of a spec contains, or 0.
func cellOf(name string) int {
	var cell int
	if m := cellName.FindStringSubmatch(name); m != nil {
		_, _ = fmt.Sscan(m[1], &cell)
	}
	return cell
}

// only returns the program with only the given cells.
func (p *program) only(cells ...int) *program {
	var drop []string
	for _, d := range p.decls {
		if d.cell > 0 && !slices.Contains(cells, d.cell) {
			drop = append(drop, d.key())
		}
		for _, f := range d.fields {
			if cell := cellOf(f.name); d.cell == 0 && cell > 0 && !slices.Contains(cells, cell) {
				drop = append(drop, d.fieldKey(f))
			}
		}
	}
	return p.without(drop...)
}

// isKind reports whether a key belongs to a kind, or to its spec, status or list.
func (p *program) isKind(key string) bool {
	return slices.ContainsFunc(p.decls, func(d *decl) bool { return d.cell == 0 && d.key() == key })
}

// types returns the number of existing types in all versions.
func (p *program) types() int {
	n := 0
	for _, d := range p.decls {
		for _, version := range versionsOf(d) {
			if version != "" && !p.gone[d.key()] {
				n++
			}
		}
	}
	return n
}

func versionsOf(d *decl) []string {
	if d.versions != nil {
		return d.versions
	}
	return versions
}

// imports maps the names of packages that types may refer to, to their import paths.
var imports = map[string]string{
	"metav1": "k8s.io/apimachinery/pkg/apis/meta/v1", "corev1": "k8s.io/api/core/v1", "resource": "k8s.io/apimachinery/pkg/api/resource",
	"intstr": "k8s.io/apimachinery/pkg/util/intstr", "runtime": "k8s.io/apimachinery/pkg/runtime", "types": "k8s.io/apimachinery/pkg/types",
	"appsv1": "k8s.io/api/apps/v1", "schema": "k8s.io/apimachinery/pkg/runtime/schema", "unstructured": "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured",
	"time": "time", "netip": "net/netip", "url": "net/url", "big": "math/big", "json": "encoding/json", "net": "net", "sync": "sync", "atomic": "sync/atomic",
	"regexp": "regexp", "sql": "database/sql", "unsafe": "unsafe", "errors": "errors", "io": "io", "fmt": "fmt", "strings": "strings", "list": "container/list",
	"fruitv1": module + "/pkg/apis/fruit/v1",
}

var qualifier = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.])([a-z][a-z0-9]*)\.[A-Z]`)

// source returns the types of a version as source code, and the key of each line.
func (p *program) source(group, version string) (text string, lines map[int]string) {
	var body []string
	var keys []string
	write := func(key, lines string) {
		for _, line := range strings.Split(strings.TrimRight(lines, "\n"), "\n") {
			body, keys = append(body, line), append(keys, key)
		}
	}
	comments := func(indent, owner string, all []marker) {
		for i, m := range all {
			key := markerKey(owner, i)
			if !p.gone[key] && !slices.ContainsFunc(m.needs, func(need string) bool { return p.gone[need] }) {
				write(key, indent+"// "+m.text)
			}
		}
	}
	for _, d := range p.decls {
		if d.group != group || p.gone[d.key()] || !slices.Contains(versionsOf(d), version) {
			continue
		}
		write(d.key(), "")
		comments("", d.key(), d.markers)
		write(d.key(), d.head)
		for _, f := range inOrder(d.fields, version) {
			key := d.fieldKey(f)
			if p.gone[key] {
				if f = f.instead; f == nil {
					continue
				}
			}
			comments("\t", key, f.markers)
			tag := f.tag
			if tag != "" {
				tag = " `" + tag + "`"
			}
			write(key, "\t"+strings.TrimLeft(f.name+" "+f.typ, " ")+tag)
		}
		if d.isStruct {
			write(d.key(), "}")
		}
		if d.tail != "" {
			write(d.key(), d.tail)
		}
	}
	head := headOf(version, body)
	lines = map[int]string{}
	for i, key := range keys {
		lines[len(head)+i+1] = key
	}
	return strings.Join(slices.Concat(head, body), "\n") + "\n", lines
}

// headOf returns the package clause of a version, and the imports that the lines need.
func headOf(version string, body []string) []string {
	used := map[string]bool{}
	for _, line := range body {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			for _, m := range qualifier.FindAllStringSubmatch(line, -1) {
				used[m[1]] = imports[m[1]] != ""
			}
		}
	}
	head := []string{"package " + version, "", "import ("}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if used[name] {
			head = append(head, fmt.Sprintf("\t%s %q", name, imports[name]))
		}
	}
	return append(head, ")")
}

// inOrder returns the fields in an order that depends on the version, so that conversions cannot copy memory.
func inOrder(fields []*field, version string) []*field {
	if version == "v1alpha1" || len(fields) < 2 {
		return fields
	}
	return append(slices.Clone(fields[1:]), fields[0])
}
