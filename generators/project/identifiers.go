package project

import (
	"cmp"
	"fmt"
	"strings"
)

// An identifier is a Go identifier that generators declare in one package.
type identifier struct{ where, name string }

// identifiers are the Go identifiers that the generators make from a kind's name and its plural. Two kinds of a group must share none of them, or
// the generated code doesn't compile: NewApple has the client newApples, which is also the function that makes the client of Apple.
func identifiers(k Kind, plural string) []identifier {
	var all []identifier
	declare := func(where, format string, names ...string) {
		for _, name := range names {
			for word := range strings.FieldsSeq(format) {
				all = append(all, identifier{where, strings.ReplaceAll(word, "*", name)})
			}
		}
	}
	declare("their API package", "* *Spec *Status *List", k.Name)
	for _, name := range k.Subresources {
		declare("their API package", "* *Spec *Status", k.SubresourceType(name))
	}
	declare("the generated client", "*Interface *Expansion", k.Name)
	declare("the generated client", "*Getter new*", plural)
	declare("the generated client", "*", private(plural))
	declare("the generated listers", "*Lister *NamespaceLister *ListerExpansion *NamespaceListerExpansion New*Lister", k.Name)
	declare("the generated listers", "*Lister *NamespaceLister", private(k.Name))
	declare("the generated informers", "*Informer Typed*Informer *IndexInformer *HandlerFuncs *DetailedHandlerFuncs *FilteringHandler "+
		"*Indexers Deleted* New*Informer NewTyped*Informer NewFiltered*Informer NewTypedFiltered*Informer New*InformerWithOptions "+
		"NewTyped*InformerWithOptions ToTyped*Informer To*IndexInformer", k.Name)
	declare("the generated informers", "*Informer *TypedInformerAdapter", private(k.Name))
	declare("the generated apply configurations", "* *ApplyConfiguration", k.Name, k.Name+"Spec", k.Name+"Status")
	declare("the generated apply configurations", "Extract* Extract*From Extract*Status", k.Name)
	declare("pkg/registry", "*", k.Package())
	return all
}

// checkIdentifiers finds two kinds of a group whose generated Go code clashes.
func checkIdentifiers(g Group, plurals map[string]string) error {
	owners := map[identifier]string{}
	for _, version := range g.Versions {
		name := g.GoName() + strings.ToUpper(version[:1]) + version[1:]
		owners[identifier{"the generated client", name + "Client"}] = "version " + version
		owners[identifier{"the generated client", name + "Interface"}] = "version " + version
	}
	for _, k := range g.Kinds {
		owner := fmt.Sprintf("kind %q", k.Name)
		for _, id := range identifiers(k, cmp.Or(plurals[k.Name], generatorsPlural(k.Name))) {
			switch previous, taken := owners[id]; {
			case !taken:
				owners[id] = owner
			case previous != owner:
				return fmt.Errorf("%s and %s of group %q both make the Go name %s in %s: use another name for the kind",
					owner, previous, g.Name, id.name, id.where)
			}
		}
	}
	return nil
}

// checkImports finds two packages of the project that generated code would import under one name: fruit's kind Apple as fruitapple.
func checkImports(groups []Group) error {
	owners := map[string]string{}
	for name := range serverImports {
		owners[name] = "Kubernetes' own code"
	}
	claim := func(name, owner string) error {
		if other, taken := owners[name]; taken {
			return fmt.Errorf("%s makes the Go name %s, which is already that of %s where the server is put together: use another name", owner, name, other)
		}
		owners[name] = owner
		return nil
	}
	for _, g := range groups {
		for _, version := range g.Versions {
			if err := claim(g.Package()+version, fmt.Sprintf("version %s of group %q", version, g.Name)); err != nil {
				return err
			}
		}
		for _, k := range g.Kinds {
			if err := claim(g.Package()+k.Package(), fmt.Sprintf("kind %q of group %q", k.Name, g.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkTests finds two tests of the project with the same name: one of every project, of a kind, or of a subresource.
func checkTests(groups []Group) error {
	owners := map[string]string{}
	for name := range testFunctions {
		owners["Test"+name] = "a test that every project has"
	}
	claim := func(name, owner string) error {
		if other, taken := owners[name]; taken {
			return fmt.Errorf("the tests of %s and %s would both be %s: use another name", owner, other, name)
		}
		owners[name] = owner
		return nil
	}
	for _, g := range groups {
		for _, k := range g.Kinds {
			owner := fmt.Sprintf("kind %q of group %q", k.Name, g.Name)
			if err := claim("Test"+g.GoName()+k.Name, owner); err != nil {
				return err
			}
			for _, name := range k.Subresources {
				if err := claim("Test"+g.GoName()+k.SubresourceType(name), fmt.Sprintf("subresource %q of %s", name, owner)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
