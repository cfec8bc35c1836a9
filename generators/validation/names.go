package validation

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
)

// names are short names of Go packages by import path: fruit/v1alpha1, and more of the path only where two would be the same.
type names map[string]string

func packageNames(structs map[types.Name]*object) names {
	out := names{}
	taken := map[string]bool{}
	paths := map[string]bool{}
	for name := range structs {
		paths[name.Package] = true
	}
	for _, pkg := range slices.Sorted(maps.Keys(paths)) {
		elements := strings.Split(pkg, "/")
		for n := min(2, len(elements)); ; n++ {
			short := strings.Join(elements[len(elements)-min(n, len(elements)):], "/")
			if !taken[short] || n > len(elements) {
				out[pkg], taken[short] = short, true
				break
			}
		}
	}
	return out
}

// words are a package's name as words.
func (n names) words(pkg string) []string {
	return strings.FieldsFunc(n[pkg], func(r rune) bool { return r == '/' || r == '.' || r == '-' || r == '_' })
}

// file is the name of the file for a package's types.
func (n names) file(pkg string) string { return strings.Join(n.words(pkg), "_") }

// camel is a Go name for something of a type.
func (n names) camel(name types.Name) string {
	var b strings.Builder
	for _, word := range n.words(name.Package) {
		b.WriteString(namer.IC(word))
	}
	return b.String() + name.Name
}

// function is the name of what validates a type.
func (n names) function(name types.Name) string { return "validate" + n.camel(name) }

// rules is the name of a kind's rules.
func (n names) rules(name types.Name) string { return namer.IL(n.camel(name)) + "Rules" }

// variable is the name of what a place's markers share between calls.
func (n names) variable(at place, suffix string) string {
	return namer.IL(n.camel(at.owner)) + at.field + suffix
}

// imports are the packages that a file imports: their names by path.
type imports map[string]string

// add returns the name that a package goes by in the file.
func (i imports) add(pkg string) string {
	if name, ok := i[pkg]; ok {
		return name
	}
	base := strings.ReplaceAll(path.Base(pkg), "-", "")
	if pkg == "k8s.io/apimachinery/pkg/apis/meta/v1" {
		base = "metav1"
	}
	name := base
	if slices.Contains(slices.Collect(maps.Values(i)), name) {
		name = strings.ReplaceAll(strings.ReplaceAll(path.Base(path.Dir(pkg)), "-", ""), ".", "") + base
	}
	for n := 2; slices.Contains(slices.Collect(maps.Values(i)), name); n++ {
		name = fmt.Sprintf("%s%d", base, n)
	}
	i[pkg] = name
	return name
}

// lines are the import lines, grouped as gofmt's users do: standard library, then others.
func (i imports) lines() []string {
	paths := slices.SortedFunc(maps.Keys(i), func(a, b string) int {
		return cmp.Or(cmp.Compare(group(a), group(b)), cmp.Compare(a, b))
	})
	var out []string
	for n, pkg := range paths {
		if n > 0 && group(paths[n-1]) != group(pkg) {
			out = append(out, "")
		}
		line := fmt.Sprintf("%q", pkg)
		if name := i[pkg]; name != path.Base(pkg) {
			line = name + " " + line
		}
		out = append(out, line)
	}
	return out
}

func group(pkg string) int {
	first, _, _ := strings.Cut(pkg, "/")
	switch {
	case !strings.Contains(first, "."):
		return 0
	case strings.HasSuffix(first, "k8s.io"):
		return 1
	}
	return 2
}
