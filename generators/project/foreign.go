package project

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// checkForeign checks a kind whose types another module declares.
func (p *Project) checkForeign(k Kind) error {
	const example = "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	path := k.TypesPackage
	if path == "" {
		return nil
	}
	if err := module.CheckImportPath(path); err != nil {
		var invalid *module.InvalidPathError
		if errors.As(err, &invalid) {
			err = invalid.Err
		}
		return fmt.Errorf("kind %q has its types in %s, which is not a valid import path (%w): use a path such as %q", k.Name, show(path), err, example)
	}
	first, _, _ := strings.Cut(path, "/")
	switch {
	case path == p.Module || strings.HasPrefix(path, p.Module+"/"):
		return fmt.Errorf("kind %q has its types in %s, which is below the path of this project's module: create the kind without --types, and move the types to pkg/apis", k.Name, show(path))
	case !strings.Contains(first, "."):
		return fmt.Errorf("kind %q has its types in %s, which is not a package of another module: use a path such as %q", k.Name, show(path), example)
	case k.Listed() && slices.ContainsFunc(served, func(prefix string) bool { return strings.HasPrefix(path, prefix) }):
		return fmt.Errorf("kind %q has the Go type of a kind of Kubernetes (%s), so controllers could not distinguish the two kinds: create the kind without --types", k.Name, path)
	case len(k.Versions) > 1:
		return fmt.Errorf("kind %q has the versions %s, but its types are in %s, and builder cannot add conversions to another module: use one version, and another group for kinds with more",
			k.Name, strings.Join(k.Versions, ", "), path)
	}
	return nil
}

// served lists the packages of the kinds that every cluster serves.
var served = []string{"k8s.io/api/", "k8s.io/apiextensions-apiserver/", "k8s.io/kube-aggregator/"}

// checkGoTypes checks that no two kinds have the same Go type. Controllers could not distinguish them, and the scheme has one validation for
// each Go type.
func (p *Project) checkGoTypes() error {
	groups := map[string]string{}
	for _, g := range p.Groups {
		for _, k := range g.Kinds {
			name := k.TypesPackage + "." + k.Name
			if other, taken := groups[name]; taken && k.Foreign() {
				return fmt.Errorf("kind %q of the groups %q and %q has the same Go type, %s, so controllers could not distinguish the two kinds: remove one of them",
					k.Name, other, p.GroupArgument(g), name)
			}
			groups[name] = p.GroupArgument(g)
		}
	}
	return nil
}
