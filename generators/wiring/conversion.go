package wiring

import (
	"fmt"
	"slices"
)

// Direct says whether one version is converted to another by a single generated function.
func (k *Kind) Direct(a, b *KindVersion) bool { return len(k.path(a, b)) == 2 }

// Conversion is the Go expression of the function that converts the type called name from one version to another: that of
// neighbours in the order of preference, or a composition of such.
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

// path are the versions from one to another in the order of preference, or its reverse.
func (k *Kind) path(from, to *KindVersion) []*KindVersion {
	i, j := slices.Index(k.Versions, from), slices.Index(k.Versions, to)
	if i <= j {
		return k.Versions[i : j+1]
	}
	path := slices.Clone(k.Versions[j : i+1])
	slices.Reverse(path)
	return path
}

// step is the function that converts between neighbours.
func (k *Kind) step(from, to *KindVersion, name string) string {
	return fmt.Sprintf("%s.Convert_%s_%s_To_%s_%s", k.home(from, to).Version, from.Version, name, to.Version, name)
}

// home is the version whose package has the conversions between two neighbours: the one that is preferred less.
func (k *Kind) home(a, b *KindVersion) *KindVersion {
	if slices.Index(k.Versions, a) > slices.Index(k.Versions, b) {
		return a
	}
	return b
}

// ConversionImports are the packages that the conversions to and from the hub need.
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
