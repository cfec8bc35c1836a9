package project

import (
	"fmt"
	"strings"
)

// An identifier is a Go identifier that generators declare in one package.
type identifier struct{ where, name string }

// identifiers returns the Go identifiers that generators derive from a kind's name and plural. The identifiers of two kinds of a group must
// differ, or the generated code does not compile. For example, the client type of NewApple is newApples, which is also the constructor of
// Apple's client.
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
	if k.Answer != "" {
		declare("their API package", "*", k.Answer)
	}
	for _, s := range k.Subresources {
		declare("their API package", s.identifiers(), k.SubresourceType(s.Name))
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

// checkIdentifiers rejects two kinds of a group whose generated Go code conflicts.
func checkIdentifiers(g Group, plural func(kind string) string) error {
	owners := map[identifier]string{}
	for _, version := range g.Versions {
		name := g.GoName() + strings.ToUpper(version[:1]) + version[1:]
		owners[identifier{"the generated client", name + "Client"}] = "version " + version
		owners[identifier{"the generated client", name + "Interface"}] = "version " + version
	}
	for _, k := range g.Kinds {
		owner := fmt.Sprintf("kind %q", k.Name)
		for _, id := range identifiers(k, plural(k.Name)) {
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

// checkImports rejects packages of the project that generated code would import under the same name. For example, fruit's kind Apple is
// imported as fruitapple.
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

// checkTests rejects conflicting names of tests: those of every project, of a kind, of a subresource, and of an admission plugin.
func (p *Project) checkTests() error {
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
	for _, g := range p.Groups {
		for _, k := range g.Kinds {
			owner := fmt.Sprintf("kind %q of group %q", k.Name, g.Name)
			if err := claim("Test"+g.GoName()+k.Name, owner); err != nil {
				return err
			}
			if k.Controller {
				if err := claim("Test"+g.GoName()+k.Name+"Reconciler", "the controller of "+owner); err != nil {
					return err
				}
			}
			for _, s := range k.Subresources {
				if err := claim("Test"+g.GoName()+k.SubresourceType(s.Name), fmt.Sprintf("subresource %q of %s", s.Name, owner)); err != nil {
					return err
				}
			}
		}
	}
	for _, a := range p.Admission {
		if err := claim("TestAdmission"+a.Name, fmt.Sprintf("admission plugin %q", a.Name)); err != nil {
			return err
		}
	}
	return nil
}
