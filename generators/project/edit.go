package project

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	apimachineryversion "k8s.io/apimachinery/pkg/version"
)

// edit applies a change to a copy, and keeps the copy if it is valid. On an error, the project does not change.
func (p *Project) edit(change func(next *Project) error) error {
	next := p.clone()
	if err := change(next); err != nil {
		return err
	}
	next.normalize()
	next.nameControllers(p)
	if err := next.Validate(); err != nil {
		return err
	}
	*p = *next
	return nil
}

// clone returns a deep copy of the project.
func (p *Project) clone() *Project {
	next := *p
	next.Groups = slices.Clone(p.Groups)
	next.Controllers = slices.Clone(p.Controllers)
	next.Admission = slices.Clone(p.Admission)
	for i := range next.Groups {
		g := &next.Groups[i]
		g.Versions = slices.Clone(g.Versions)
		g.Kinds = slices.Clone(g.Kinds)
		for j := range g.Kinds {
			g.Kinds[j] = g.Kinds[j].clone()
		}
	}
	return &next
}

func (k Kind) clone() Kind {
	k.Versions = slices.Clone(k.Versions)
	k.ShortNames = slices.Clone(k.ShortNames)
	k.Categories = slices.Clone(k.Categories)
	k.Subresources = slices.Clone(k.Subresources)
	for i := range k.Subresources {
		k.Subresources[i].Methods = slices.Clone(k.Subresources[i].Methods)
	}
	return k
}

// normalize rewrites the project into its canonical form: lists are sorted, empty lists are nil, and regular plurals are empty.
func (p *Project) normalize() {
	if p.SelfManaged() {
		p.Certificates = ""
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		if g.Domain == p.Domain {
			g.Domain = ""
		}
		g.Versions = sortVersions(g.Versions)
		for j := range g.Kinds {
			g.Kinds[j].normalize()
		}
		g.Kinds = sorted(g.Kinds, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
	}
	p.Groups = sorted(p.Groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	p.Controllers = sorted(p.Controllers, func(a, b Controller) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Version, b.Version))
	})
}

func (k *Kind) normalize() {
	k.Versions = sortVersions(k.Versions)
	if n := len(k.Versions); n > 0 && k.Versions[n-1] == k.Created {
		k.Created = ""
	}
	k.ShortNames = sorted(k.ShortNames, strings.Compare)
	k.Categories = sorted(k.Categories, strings.Compare)
	for i := range k.Subresources {
		k.Subresources[i].Methods = sorted(k.Subresources[i].Methods, strings.Compare)
	}
	k.Subresources = sorted(k.Subresources, func(a, b Subresource) int { return cmp.Compare(a.Name, b.Name) })
	if k.Plural == RegularPlural(k.Name) {
		k.Plural = ""
	}
	if k.Answer == k.Name {
		k.Answer = ""
	}
	if !k.Controller {
		k.ControllerPrefix = ""
	}
}

func sorted[E any](list []E, compare func(a, b E) int) []E {
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, compare)
	return list
}

// sortVersions sorts versions by preference: GA before beta before alpha, and newer before older.
func sortVersions(versions []string) []string {
	return sorted(versions, func(a, b string) int { return apimachineryversion.CompareKubeAwareVersionStrings(b, a) })
}

// GroupName returns the shortest argument that refers to the same group as arg, which may be a full name: fruit for fruit.example.com. The group
// need not exist.
func (p *Project) GroupName(arg string) (string, error) {
	g, err := p.parseGroup(arg)
	if err != nil {
		return "", err
	}
	return p.GroupArgument(g), nil
}

// parseGroup returns the group that an argument refers to, or a new one without versions.
func (p *Project) parseGroup(arg string) (Group, error) {
	if g, ok := p.Group(arg); ok {
		if g.Domain != "" && arg == g.Name {
			return Group{}, fmt.Errorf("group %q has another domain than the project: use its full name, %q", arg, p.FullName(g))
		}
		return g, nil
	}
	name, domain, full := strings.Cut(arg, ".")
	if !full || domain == p.Domain {
		return Group{Name: name}, checkGroup(name)
	}
	if arg == p.Domain || checkGroup(name) != nil || checkDomain(domain, true) != nil {
		if arg == p.Domain || checkGroup(name) != nil {
			name = "fruit"
		}
		return Group{}, fmt.Errorf("group %s is not in the project's domain: use a name without dots, such as %q, which stands for %q, "+
			"or a full name with two dots or more", show(arg), name, name+"."+p.Domain)
	}
	return Group{Name: name, Domain: domain}, p.checkGroupDomain(name, domain)
}

// Group returns the group with a name such as fruit, or a full name such as fruit.example.com.
func (p *Project) Group(name string) (Group, bool) {
	i := p.groupIndex(name)
	if i < 0 {
		return Group{}, false
	}
	return p.Groups[i], true
}

// groupIndex returns the index of the group with a name or full name, or -1.
func (p *Project) groupIndex(name string) int {
	return slices.IndexFunc(p.Groups, func(g Group) bool { return g.Name == name || p.FullName(g) == name })
}

func (p *Project) groupNames() []string {
	var out []string
	for _, g := range p.Groups {
		out = append(out, p.GroupArgument(g))
	}
	return out
}

// Kind returns the kind with a name in a group.
func (p *Project) Kind(group, kind string) (Kind, bool) {
	g, _ := p.Group(group)
	return g.Kind(kind)
}

// Kind returns the kind with a name.
func (g Group) Kind(name string) (Kind, bool) {
	i := slices.IndexFunc(g.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return g.Kinds[i], true
}

// Controller returns the reconciler of a kind of Kubernetes.
func (p *Project) Controller(group, version, kind string) (Controller, bool) {
	i := slices.IndexFunc(p.Controllers, Controller{Group: group, Version: version, Kind: kind}.same)
	if i < 0 {
		return Controller{}, false
	}
	return p.Controllers[i], true
}

// Serves reports whether the version serves any kind of the group.
func (g Group) Serves(version string) bool {
	return slices.ContainsFunc(g.Kinds, func(k Kind) bool { return slices.Contains(k.Versions, version) })
}

// AddGroup declares a group. If it exists, nothing changes.
func (p *Project) AddGroup(name string) error {
	return p.edit(func(next *Project) error {
		_, err := next.group(name)
		return err
	})
}

// AddVersion declares a version of a group, and the group if it does not exist. If both exist, nothing changes.
func (p *Project) AddVersion(group, version string) error {
	return p.edit(func(next *Project) error {
		_, err := next.groupVersion(group, version)
		return err
	})
}

// CopyVersion declares that the version to serves every kind of the version from, and adds the version to if it does not exist. If storage
// is true, the new version becomes the storage version of these kinds.
func (p *Project) CopyVersion(group, from, to string, storage bool) error {
	return p.edit(func(next *Project) error {
		name, err := next.GroupName(group)
		if err != nil {
			return err
		}
		g, ok := next.Group(name)
		if !ok {
			return fmt.Errorf("there is no group %q to copy a version of: %s", name, haveList("groups", next.groupNames()))
		}
		if from == to {
			return fmt.Errorf("version %s can't be copied to itself: give --version another name than --from", show(from))
		}
		if !slices.Contains(g.Versions, from) {
			return fmt.Errorf("group %q has no version %s to copy: %s", name, show(from), haveList("versions", g.Versions))
		}
		if g.Serves(to) {
			return fmt.Errorf("version %q of group %q exists: edit its types in pkg/apis/%s/%s, or use another name for a new version", to, name, g.Package(), to)
		}
		if !g.Serves(from) {
			return fmt.Errorf("version %q of group %q has no kinds to copy: create the version without --from", from, name)
		}
		target, err := next.groupVersion(name, to)
		if err != nil {
			return err
		}
		stored := false
		for i := range target.Kinds {
			if k := &target.Kinds[i]; slices.Contains(k.Versions, from) {
				k.Created = k.Origin()
				k.Versions = append(k.Versions, to)
				if storage && k.Shape == ShapeStored {
					k.Storage, stored = to, true
				}
			}
		}
		if storage && !stored {
			return fmt.Errorf("no kind of group %q in version %s is stored, so there is no storage version to change: remove --storage", name, from)
		}
		return nil
	})
}

// haveList lists the existing names for a message about a missing one.
func haveList(what string, names []string) string {
	if len(names) == 0 {
		return "there are no " + what
	}
	return "the " + what + " are " + strings.Join(names, ", ")
}

// AddKind declares a kind, and its group and version if they do not exist. Plural, Versions, Storage and Shape may be empty. If the same
// kind is declared again, nothing changes, except that Controller adds the reconciler, like SetController. A different declaration of an
// existing kind is an error.
func (p *Project) AddKind(group, version string, k Kind) error {
	return p.edit(func(next *Project) error {
		g, err := next.groupVersion(group, version)
		if err != nil {
			return err
		}
		if err := checkKindName(k.Name, *g); err != nil {
			return err
		}
		k := k.clone()
		if len(k.Versions) == 0 {
			k.Versions = []string{version}
		}
		k.Shape = cmp.Or(k.Shape, ShapeStored)
		if k.Shape == ShapeStored {
			k.Storage = cmp.Or(k.Storage, version)
		}
		i := slices.IndexFunc(g.Kinds, func(other Kind) bool { return other.Name == k.Name })
		switch {
		case k.Plural != "":
		case i < 0:
			k.Plural = Plural(k.Name)
		default:
			k.Plural = g.Kinds[i].Plural
		}
		k.normalize()
		if i < 0 {
			g.Kinds = append(g.Kinds, k)
			return nil
		}
		if is := g.Kinds[i].Versions; !slices.Contains(is, version) {
			return fmt.Errorf("kind %q of group %q is served in %s: to serve it in %s too, copy that version with "+
				"\"builder create version --group %s --from %s --version %s\"", k.Name, g.Name, strings.Join(is, " and "), version, g.Name, is[0], version)
		}
		if differences := g.Kinds[i].differences(k); len(differences) > 0 {
			is := strings.Join(differences, " and ")
			if old := g.Kinds[i]; old.Shape != k.Shape || old.Answer != k.Answer || old.TypesPackage != k.TypesPackage {
				return fmt.Errorf("kind %q of group %q is already declared with %s, which cannot be changed: use another name", k.Name, g.Name, is)
			}
			return fmt.Errorf("kind %q of group %q is already declared with %s: to change that, edit the markers in pkg/apis/%s/%s/%s_types.go",
				k.Name, g.Name, is, g.Package(), version, k.Package())
		}
		g.Kinds[i].Controller = g.Kinds[i].Controller || k.Controller
		return nil
	})
}

// SetController declares a reconciler for a kind of the project.
func (p *Project) SetController(group, kind string) error {
	return p.edit(func(next *Project) error {
		name, err := next.GroupName(group)
		if err != nil {
			return err
		}
		if k, ok := next.find(name, kind); ok {
			k.Controller = true
			return nil
		}
		return next.noKind(name, kind)
	})
}

// AddController declares a reconciler for a kind of Kubernetes. If it exists, nothing changes.
func (p *Project) AddController(c Controller) error {
	return p.edit(func(next *Project) error {
		if !slices.ContainsFunc(next.Controllers, c.same) {
			next.Controllers = append(next.Controllers, c)
		}
		return nil
	})
}

// group returns the group that an argument refers to. It adds the group if it does not exist.
func (p *Project) group(arg string) (*Group, error) {
	g, err := p.parseGroup(arg)
	if err != nil {
		return nil, err
	}
	i := p.groupIndex(p.FullName(g))
	if i < 0 {
		i = len(p.Groups)
		p.Groups = append(p.Groups, g)
	}
	return &p.Groups[i], nil
}

// groupVersion returns the group that an argument refers to. It adds the group and its version if they do not exist.
func (p *Project) groupVersion(arg, version string) (*Group, error) {
	g, err := p.group(arg)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	if !slices.Contains(g.Versions, version) {
		g.Versions = append(g.Versions, version)
	}
	return g, nil
}

// differences describes how an existing kind differs from another declaration.
func (k Kind) differences(wanted Kind) []string {
	var all []string
	compare := func(what, is, should string) {
		if is != should {
			all = append(all, fmt.Sprintf("%s %s instead of %s", what, is, should))
		}
	}
	scope := func(k Kind) string {
		if k.ClusterScoped {
			return "cluster"
		}
		return "namespaced"
	}
	compare("plural", show(k.Resource()), show(wanted.Resource()))
	compare("versions", list(k.Versions), list(wanted.Versions))
	compare("storage version", show(k.Storage), show(wanted.Storage))
	compare("shape", show(k.Shape), show(wanted.Shape))
	compare("answer", show(cmp.Or(k.Answer, k.Name)), show(cmp.Or(wanted.Answer, wanted.Name)))
	compare("types", show(cmp.Or(k.TypesPackage, "of the project")), show(cmp.Or(wanted.TypesPackage, "of the project")))
	compare("scope", scope(k), scope(wanted))
	compare("short names", list(k.ShortNames), list(wanted.ShortNames))
	compare("categories", list(k.Categories), list(wanted.Categories))
	compare("status subresource", fmt.Sprint(k.Status), fmt.Sprint(wanted.Status))
	compare("scale subresource", fmt.Sprint(k.Scale), fmt.Sprint(wanted.Scale))
	return all
}
