package project

import (
	"errors"
	"fmt"
	"strings"
)

// An Admission is an admission plugin of the project.
type Admission struct {
	// Name is the name of the plugin in flags, such as BanFlunder.
	Name string `json:"name"`
	// Group and Kind name the kind whose objects the plugin gets. If both are empty, it gets the objects of all kinds of the project.
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
}

// builtinPlugins contains the admission plugins that every apiserver has.
var builtinPlugins = strings.Fields("NamespaceLifecycle MutatingAdmissionPolicy MutatingAdmissionWebhook ValidatingAdmissionPolicy " +
	"ValidatingAdmissionWebhook ResourceQuota")

// Package returns the name of the plugin's Go package, and of its folder in pkg/admission: the name in lower case, followed by "plugin" if
// Go or a file system reserves this name.
func (a Admission) Package() string {
	name := strings.ToLower(a.Name)
	if reservedPackage(name) {
		return name + "plugin"
	}
	return name
}

// ObjectType returns the Go type of the objects that the plugin gets, in its package.
func (a Admission) ObjectType() string {
	if a.Kind == "" {
		return "metav1.Object"
	}
	return "*" + a.Kind
}

// AddAdmission declares an admission plugin, which runs after those that are declared already.
func (p *Project) AddAdmission(a Admission) error {
	return p.edit(func(next *Project) error {
		if (a.Group == "") != (a.Kind == "") {
			return errors.New("an admission plugin is for a kind of a group, or for all kinds: use both --group and --kind, or neither")
		}
		if a.Group != "" {
			var err error
			if a.Group, err = next.GroupName(a.Group); err != nil {
				return err
			}
		}
		for _, other := range next.Admission {
			if other.Name == a.Name {
				return fmt.Errorf("there is an admission plugin %q already: edit it in pkg/admission/%s/plugin.go", a.Name, other.Package())
			}
		}
		next.Admission = append(next.Admission, a)
		return nil
	})
}

// checkAdmission checks the admission plugins.
func (p *Project) checkAdmission() error {
	packages := map[string]string{}
	for _, a := range p.Admission {
		if err := p.checkPlugin(a); err != nil {
			return err
		}
		switch other, taken := packages[a.Package()]; {
		case taken && other == a.Name:
			return fmt.Errorf("admission plugin %q is declared twice: keep one of them", a.Name)
		case taken:
			return fmt.Errorf("admission plugins %q and %q both make the Go package %q: use another name for one of them", other, a.Name, a.Package())
		}
		packages[a.Package()] = a.Name
	}
	return nil
}

func (p *Project) checkPlugin(a Admission) error {
	if err := checkPluginName(a.Name); err != nil {
		return err
	}
	of := fmt.Sprintf(" of admission plugin %q", a.Name)
	switch {
	case a.Group == "" && a.Kind == "":
		if !p.HasKinds() {
			return fmt.Errorf("admission plugin %q has no objects to get, because the project has no kinds: create one first, with \"builder create resource\"", a.Name)
		}
		return nil
	case a.Group == "" || a.Kind == "":
		return fmt.Errorf("the kind%s needs both group and kind: add the other one, or take both out to get all kinds", of)
	case a.Kind == "Plugin":
		return fmt.Errorf("the kind%s clashes with the type Plugin in its package: leave out --group and --kind, to get the objects of all kinds", of)
	}
	if _, ok := p.find(a.Group, a.Kind); !ok {
		return p.noKind(a.Group, a.Kind)
	}
	return nil
}

func checkPluginName(name string) error {
	form := func(s string) error {
		if !kindForm.MatchString(s) || strings.ToUpper(s[:1]) != s[:1] {
			return errors.New("no name")
		}
		return nil
	}
	switch {
	case name == "":
		return errors.New(`the name of an admission plugin is empty: use one such as "BanFlunder"`)
	case form(name) != nil:
		return fmt.Errorf("admission plugin %s must be letters and digits of ASCII, with an upper-case letter first: %s",
			show(name), advice(camel(name), "BanFlunder", form))
	case len(name) > maxLabelLength:
		return fmt.Errorf("admission plugin %s is %d characters long: use a name of at most %d", show(name), len(name), maxLabelLength)
	}
	for _, builtin := range builtinPlugins {
		if strings.EqualFold(name, builtin) {
			return fmt.Errorf("admission plugin %q has the name of one that every apiserver has: use another name", name)
		}
	}
	return nil
}
