package server

import (
	"fmt"
	"slices"
)

// Direct reports whether a single generated function converts one version to another.
func (k *Kind) Direct(a, b *KindVersion) bool { return len(k.path(a, b)) == 2 }

// Conversion returns the Go expression of the function that converts the type called name from one version to another. If the versions are
// not neighbors in the order of preference, the function is a composition of the conversions between neighbors.
func (k *Kind) Conversion(from, to *KindVersion, name string) string {
	path := k.path(from, to)
	expr := ""
	for i := len(path) - 2; i >= 0; i-- {
		step := k.step(path[i], path[i+1], name)
		if expr == "" {
			expr = step
		} else {
			expr = fmt.Sprintf("through(%s, %s)", step, expr)
		}
	}
	return expr
}

// path returns the versions from one to another, in the order of preference or its reverse.
func (k *Kind) path(from, to *KindVersion) []*KindVersion {
	i, j := slices.Index(k.Versions, from), slices.Index(k.Versions, to)
	if i <= j {
		return k.Versions[i : j+1]
	}
	path := slices.Clone(k.Versions[j : i+1])
	slices.Reverse(path)
	return path
}

// step returns the function that converts between neighbors.
func (k *Kind) step(from, to *KindVersion, name string) string {
	return fmt.Sprintf("%s.Convert_%s_%s_To_%s_%s", k.home(from, to).Version, from.Version, name, to.Version, name)
}

// home returns the version whose package contains the conversions between two neighbors: the less preferred one.
func (k *Kind) home(a, b *KindVersion) *KindVersion {
	if slices.Index(k.Versions, a) > slices.Index(k.Versions, b) {
		return a
	}
	return b
}

// ConversionImports returns the packages that the conversions to and from the hub need.
func (k *Kind) ConversionImports() []string {
	var out []string
	for _, v := range k.Others() {
		path := k.path(k.Hub, v)
		for i := range len(path) - 1 {
			out = append(out, k.home(path[i], path[i+1]).ImportPath)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
