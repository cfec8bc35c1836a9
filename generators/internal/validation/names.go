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

// names maps the import paths of packages to short names such as fruit/v1alpha1, which contain more of the path only where necessary.
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

// words returns the words of a package's short name.
func (n names) words(pkg string) []string {
	return strings.FieldsFunc(n[pkg], func(r rune) bool { return r == '/' || r == '.' || r == '-' || r == '_' })
}

// file returns the name of the file for a package's types, without its extension.
func (n names) file(pkg string) string { return strings.Join(n.words(pkg), "_") }

// camel returns a prefix for Go names that belong to a type.
func (n names) camel(name types.Name) string {
	var b strings.Builder
	for _, word := range n.words(name.Package) {
		b.WriteString(namer.IC(word))
	}
	return b.String() + name.Name
}

// function returns the name of the function that validates a type.
func (n names) function(name types.Name) string { return "validate" + n.camel(name) }

// rules returns the name of the variable with a kind's rules.
func (n names) rules(name types.Name) string { return namer.IL(n.camel(name)) + "Rules" }

// variable returns the name of a variable that the constraints of a place need.
func (n names) variable(at place, suffix string) string {
	return namer.IL(n.camel(at.owner)) + at.field + suffix
}

// imports maps the paths of the packages that a file imports to their names in the file.
type imports map[string]string

// add imports a package and returns its name in the file.
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

// lines returns the import lines, grouped: the standard library first.
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
