package project

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Validate checks a declaration completely, including conflicts between names. The error is one sentence about the first problem.
func (p *Project) Validate() error {
	if p.Layout != Layout {
		return fmt.Errorf("layout is %d: this release of builder writes layout %d", p.Layout, Layout)
	}
	if p.Kubernetes != KubernetesMinor {
		return fmt.Errorf("kubernetes is %s: this release of builder generates for %q", show(p.Kubernetes), KubernetesMinor)
	}
	for _, err := range []error{
		checkBuilder(p.Builder),
		checkName(p.Name),
		checkDomain(p.Domain, p.AllowReserved),
		checkModule(p.Module, p.AllowReserved),
		p.checkCertificates(),
		p.checkGroups(),
		p.checkGoTypes(),
		p.checkWords(),
		p.checkControllers(),
		p.checkAdmission(),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkGroups checks each group with its kinds, and that each has a separate Go package.
func (p *Project) checkGroups() error {
	packages := map[string]string{}
	for _, g := range p.Groups {
		if err := p.checkGroup(g); err != nil {
			return err
		}
		if other, taken := packages[g.Package()]; taken {
			if other == p.GroupArgument(g) {
				return fmt.Errorf("group %q is declared twice: keep one of them", other)
			}
			return fmt.Errorf("groups %q and %q both make the Go package %q: use another name for one of them", other, p.GroupArgument(g), g.Package())
		}
		packages[g.Package()] = p.GroupArgument(g)
	}
	if err := checkImports(p.Groups); err != nil {
		return err
	}
	return p.checkTests()
}

func (p *Project) checkGroup(g Group) error {
	if err := checkGroup(g.Name); err != nil {
		return err
	}
	if g.Domain != "" {
		if err := p.checkGroupDomain(g.Name, g.Domain); err != nil {
			return err
		}
	}
	full := p.FullName(g)
	if slices.ContainsFunc(builtins(), func(b builtin) bool { return b.group == full }) {
		return fmt.Errorf("group %q is Kubernetes' own: use another name", full)
	}
	if len(g.Versions) == 0 && len(g.Kinds) > 0 {
		return fmt.Errorf("group %q has kinds but no version: add versions, such as [v1alpha1]", g.Name)
	}
	// Check the length of the names of a group's objects in a cluster: APIServices are called VERSION.GROUP.
	longest := full
	for i, version := range g.Versions {
		if err := checkVersion(version); err != nil {
			return fmt.Errorf("group %q: %w", g.Name, err)
		}
		if slices.Contains(g.Versions[:i], version) {
			return fmt.Errorf("version %q is declared twice in group %q: keep one of them", version, g.Name)
		}
		if name := version + "." + full; len(name) > len(longest) {
			longest = name
		}
	}
	if limit := validation.DNS1123SubdomainMaxLength; len(longest) > limit {
		return fmt.Errorf("group %s makes the name %s, %d characters long, where Kubernetes takes %d: use a shorter group or domain",
			show(g.Name), show(longest), len(longest), limit)
	}
	return p.checkKinds(g)
}

// checkGroupDomain checks the domain of a group that does not have the project's.
func (p *Project) checkGroupDomain(name, domain string) error {
	if err := checkDomain(domain, true); err != nil {
		return fmt.Errorf("group %q: %w", name, err)
	}
	if isKubernetesDomain(domain) && !p.AllowReserved {
		return fmt.Errorf("group \"%[1]s\" is kept for Kubernetes' own APIs: use a group of yours, or run \"builder create group %[1]s --allow-reserved-domain\" first",
			name+"."+domain)
	}
	return nil
}

// checkKinds checks each kind of a group, and conflicts between them.
func (p *Project) checkKinds(g Group) error {
	seen := map[string]string{}
	for _, k := range g.Kinds {
		if err := p.checkKind(g, k); err != nil {
			return err
		}
		switch other, taken := seen[k.Singular()]; {
		case taken && other == k.Name:
			return fmt.Errorf("kind %q is declared twice in group %q: keep one of them", k.Name, g.Name)
		case taken:
			return fmt.Errorf("kinds %q and %q of group %q differ only in case: use another name for one of them", other, k.Name, g.Name)
		}
		seen[k.Singular()] = k.Name
	}
	if err := checkResources(g); err != nil {
		return err
	}
	return checkIdentifiers(g, p.GoPlural)
}

func (p *Project) checkKind(g Group, k Kind) error {
	if err := checkKindName(k.Name, g); err != nil {
		return err
	}
	if len(k.Versions) == 0 {
		return fmt.Errorf("kind %q has no versions: add some of its group's, which are %s", k.Name, strings.Join(g.Versions, ", "))
	}
	for i, version := range k.Versions {
		if !slices.Contains(g.Versions, version) {
			return fmt.Errorf("kind %q has version %s, which its group %q has not: add it there, or use some of %s",
				k.Name, show(version), g.Name, strings.Join(g.Versions, ", "))
		}
		if slices.Contains(k.Versions[:i], version) {
			return fmt.Errorf("kind %q has version %q twice: give it once", k.Name, version)
		}
	}
	if k.Created != "" && !slices.Contains(k.Versions, k.Created) {
		return fmt.Errorf("kind %q was created in version %s, which it isn't served in any more: take the line \"created\" out", k.Name, show(k.Created))
	}
	if err := checkShape(k); err != nil {
		return err
	}
	if err := p.checkForeign(k); err != nil {
		return err
	}
	of := fmt.Sprintf(" of kind %q", k.Name)
	if err := (label{"plural", of, maxLabelLength, "apples"}).check(k.Resource()); err != nil {
		return err
	}
	if slices.Contains(yamlWords, k.Resource()) {
		return fmt.Errorf("plural %q%s is a boolean or null in YAML, and manifests contain it: use another one", k.Resource(), of)
	}
	if word := builtinWords()[k.Resource()]; word.short {
		return fmt.Errorf("plural %q%s is kubectl's short name for %s: use another", k.Resource(), of, word.resource)
	}
	if full := k.Resource() + "." + p.FullName(g); len(full) > validation.DNS1123SubdomainMaxLength {
		return fmt.Errorf("plural%s makes the name %s, %d characters long, where Kubernetes takes %d: use a shorter plural, group or domain",
			of, show(full), len(full), validation.DNS1123SubdomainMaxLength)
	}
	if err := checkSubresources(k); err != nil {
		return err
	}
	if err := checkList(label{"short name", of, maxLabelLength, "ap"}, k.ShortNames); err != nil {
		return err
	}
	return checkList(label{"category", of, maxLabelLength, "all"}, k.Categories)
}

// checkShape checks that a kind has a shape, and only what kinds of this shape can have.
func checkShape(k Kind) error {
	stored := k.Shape == ShapeStored
	switch {
	case !slices.Contains(Shapes(), k.Shape):
		return fmt.Errorf("kind %q has shape %s: use one of %s", k.Name, show(k.Shape), strings.Join(Shapes(), ", "))
	case stored && !slices.Contains(k.Versions, k.Storage):
		return fmt.Errorf("kind %q is stored as version %s, which it isn't served in: use %q", k.Name, show(k.Storage), k.Versions[0])
	case !stored && k.Storage != "":
		return fmt.Errorf("kind %q has storage version %s, but its shape is %s, so it is not stored: remove the storage version", k.Name, show(k.Storage), k.Shape)
	case k.Shape != ShapeReview && k.Answer != "":
		return fmt.Errorf("kind %q has the answer type %s and the shape %s: only a review has one", k.Name, show(k.Answer), k.Shape)
	case k.Shape == ShapeVirtual && (k.Status || k.Scale):
		return fmt.Errorf("kind %q is virtual, so it is created without a status or scale subresource: first add the method Update to its Storage, "+
			"then the subresource's marker to its type", k.Name)
	case !k.Listed():
		return checkUnlisted(k)
	}
	return nil
}

// checkUnlisted checks a kind whose objects clients can't read.
func checkUnlisted(k Kind) error {
	of := fmt.Sprintf("kind %q is a %s", k.Name, k.Shape)
	switch {
	case k.Status || k.Scale:
		return fmt.Errorf("%s, so it cannot have a status or scale subresource: there is no object to update", of)
	case k.Controller:
		return fmt.Errorf("%s, so it cannot have a controller: there is no object to watch", of)
	case k.Shape == ShapeReview && len(k.Subresources) > 0:
		return fmt.Errorf("%s, so it cannot have the subresource %q: a review has no objects", of, k.Subresources[0].Name)
	case k.Answer == "":
		return nil
	case k.Answer == k.Name+"Spec":
		return fmt.Errorf("kind %q has the type %s already, which is part of its requests: use another name for the answer", k.Name, k.Answer)
	}
	if err := checkKindName(k.Answer, Group{}); err != nil {
		return fmt.Errorf("the answer of kind %q: %w", k.Name, err)
	}
	return nil
}

// checkList checks each name in a list.
func checkList(l label, names []string) error {
	for i, name := range names {
		if err := l.check(name); err != nil {
			return err
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s %q%s is given twice: give it once", l.what, name, l.of)
		}
	}
	return nil
}

// checkResources checks that each resource name and singular name in a group belongs to one kind.
func checkResources(g Group) error {
	owners := map[string]Kind{}
	for _, k := range g.Kinds {
		for _, name := range []string{k.Singular(), k.Resource()} {
			if other, taken := owners[name]; taken && other.Name != k.Name {
				return fmt.Errorf("%q is both %s and %s in group %q: use another plural, or another name, for one of them",
					name, meaning(other, name), meaning(k, name), g.Name)
			}
			owners[name] = k
		}
	}
	return nil
}

// meaning describes the relation between a resource's name and its kind.
func meaning(k Kind, name string) string {
	if name == k.Singular() {
		return fmt.Sprintf("the singular of kind %q", k.Name)
	}
	return fmt.Sprintf("the plural of kind %q", k.Name)
}

// checkWords checks that short names and categories, which kubectl searches in all groups, are unique.
func (p *Project) checkWords() error {
	var kinds []Kind
	for _, g := range p.Groups {
		kinds = append(kinds, g.Kinds...)
	}
	words := map[string]string{"all": "the category of everything", "api-extensions": "a category of Kubernetes"}
	for _, k := range kinds {
		words[k.Singular()] = meaning(k, k.Singular())
		words[k.Resource()] = meaning(k, k.Resource())
	}
	for _, k := range kinds {
		for _, short := range k.ShortNames {
			if meaning, taken := words[short]; taken {
				return fmt.Errorf("short name %q of kind %q is already %s: use another", short, k.Name, meaning)
			}
			if word, taken := builtinWords()[short]; taken {
				return fmt.Errorf("short name %q of kind %q already means Kubernetes' own %s: use another", short, k.Name, word.resource)
			}
			words[short] = fmt.Sprintf("a short name of kind %q", k.Name)
		}
	}
	delete(words, "all")
	delete(words, "api-extensions")
	for _, k := range kinds {
		for _, category := range k.Categories {
			if meaning, taken := words[category]; taken {
				return fmt.Errorf("category %q of kind %q is already %s: use another", category, k.Name, meaning)
			}
			if word, taken := builtinWords()[category]; taken {
				return fmt.Errorf("category %q of kind %q already means Kubernetes' own %s: use another", category, k.Name, word.resource)
			}
		}
	}
	return nil
}
