package project

import (
	"fmt"
	"slices"
	"strings"
)

// reservedSubresources contains the names that Kubernetes reserves on every kind.
var reservedSubresources = map[string]string{
	"status":     `has a separate flag: "builder create resource --status"`,
	"scale":      `has a separate flag: "builder create resource --scale"`,
	"finalizers": "is reserved: Kubernetes checks the permission to set finalizers with it; use another name",
}

// strategyMethods contains the methods that a kind's Strategy or Storage may already have.
var strategyMethods = set("PrepareForCreate PrepareForUpdate Validate ValidateStatus Warnings Canonicalize AllowCreateOnUpdate " +
	"AllowUnconditionalUpdate GenerateName Setup Visible Changes")

// clientMethods contains the methods that a generated client already has.
var clientMethods = set("Create Update UpdateStatus Delete DeleteCollection Get List Watch Patch Apply ApplyStatus GetScale UpdateScale")

// SubresourceMethod returns the Go method that serves a subresource: approve becomes Approve.
func SubresourceMethod(name string) string { return camel(name) }

// SubresourceType returns the Go type of the objects that clients send to a subresource of the kind, or get from it.
func (k Kind) SubresourceType(name string) string { return k.Name + SubresourceMethod(name) }

// OptionsType returns the Go type of the query parameters of a subresource of the kind.
func (k Kind) OptionsType(name string) string { return k.SubresourceType(name) + "Options" }

// AddSubresource declares a subresource of a kind.
func (p *Project) AddSubresource(group, version, kind string, s Subresource) error {
	return p.edit(func(next *Project) error {
		groupName, err := next.GroupName(group)
		if err != nil {
			return err
		}
		k, ok := next.find(groupName, kind)
		if !ok {
			return next.noKind(groupName, kind)
		}
		g, _ := next.Group(groupName)
		if !slices.Contains(k.Versions, version) {
			return fmt.Errorf("kind %q of group %q is not in version %s: use --version %s", kind, groupName, show(version), k.Versions[0])
		}
		if slices.ContainsFunc(k.Subresources, func(other Subresource) bool { return other.Name == s.Name }) {
			return fmt.Errorf("kind %q of group %q has the subresource %q already: edit it in pkg/registry/%s/%s/%s.go",
				kind, groupName, s.Name, g.Package(), k.Package(), s.Name)
		}
		k.Subresources = append(k.Subresources, s)
		return nil
	})
}

// noKind reports that a group has no such kind, with suggestions.
func (p *Project) noKind(group, kind string) error {
	g, ok := p.Group(group)
	if !ok {
		return fmt.Errorf("there is no group %q: %s", group, haveList("groups", p.groupNames()))
	}
	for _, k := range g.Kinds {
		if strings.EqualFold(k.Name, kind) || k.Resource() == strings.ToLower(kind) {
			return fmt.Errorf("group %q has no kind %s: use %q", group, show(kind), k.Name)
		}
	}
	return fmt.Errorf("group %q has no kind %s: create it first, with \"builder create resource --group %s --version VERSION --kind KIND\"",
		group, show(kind), group)
}

// find returns a pointer to a kind of the project.
func (p *Project) find(group, kind string) (*Kind, bool) {
	i := p.groupIndex(group)
	if i < 0 {
		return nil, false
	}
	kinds := p.Groups[i].Kinds
	for j := range kinds {
		if kinds[j].Name == kind {
			return &kinds[j], true
		}
	}
	return nil, false
}

// checkSubresources checks the names of a kind's subresources, and the Go names derived from them.
func checkSubresources(k Kind) error {
	of := fmt.Sprintf(" of kind %q", k.Name)
	for i, s := range k.Subresources {
		name := s.Name
		if err := (label{"subresource", of, maxLabelLength, "approve"}).check(name); err != nil {
			return err
		}
		method := SubresourceMethod(name)
		switch {
		case strings.Contains(name, "-"):
			return fmt.Errorf("subresource %q%s has a hyphen, where Kubernetes' own, such as portforward, have none: use %q", name, of, strings.ReplaceAll(name, "-", ""))
		case reservedSubresources[name] != "":
			return fmt.Errorf("subresource %q%s %s", name, of, reservedSubresources[name])
		case strategyMethods[method]:
			return fmt.Errorf("subresource %q%s would be the method %s, which every %s has: use another name", name, of, method, k.Implementation())
		case clientMethods[method]:
			return fmt.Errorf("subresource %q%s would be the method %s, which every generated client has: use another name", name, of, method)
		case name == "spec":
			return fmt.Errorf("subresource %q%s would have the type %s, which the kind has already: use another name", name, of, k.SubresourceType(name))
		case name == strings.ToLower(k.Implementation()):
			return fmt.Errorf("subresource %q%s would be in %s.go, which the kind has already: use another name", name, of, name)
		case platforms[name]:
			return fmt.Errorf("subresource %q%s would be tested in a file whose name ends in _%s_test.go, which Go builds for that platform alone: use another name", name, of, name)
		case i > 0 && k.Subresources[i-1].Name == name:
			return fmt.Errorf("subresource %q%s is declared twice: keep one of them", name, of)
		}
		if err := s.check(of); err != nil {
			return err
		}
	}
	return nil
}
