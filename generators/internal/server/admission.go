package server

import (
	"slices"

	"github.com/apiserver-builder/builder/generators/project"
)

// A Plugin is an admission plugin of the project.
type Plugin struct {
	Module string
	project.Admission
	// Kind is the kind whose objects the plugin gets, or nil.
	Kind *Kind
	// Kinds lists that kind, or all kinds.
	Kinds []*Kind
}

// Alias returns the name under which the plugin's package is imported.
func (p Plugin) Alias() string { return p.Package() + "plugin" }

// ImportPath returns the path of the plugin's package.
func (p Plugin) ImportPath() string { return p.Module + "/pkg/admission/" + p.Package() }

// Type returns the Go type of the plugin's objects in its package.
func (p Plugin) Type() string { return p.ObjectType() }

// plugins returns the admission plugins for the kinds that were read.
func (r *reader) plugins(s *Server) []Plugin {
	var out []Plugin
	for _, declared := range r.project.Admission {
		plugin := Plugin{Module: s.Module, Admission: declared, Kinds: s.Kinds}
		if declared.Kind != "" {
			group, _ := r.project.Group(declared.Group)
			i := slices.IndexFunc(s.Kinds, func(k *Kind) bool { return k.GroupName == r.project.FullName(group) && k.Name == declared.Kind })
			if i < 0 {
				continue // there is a problem with its type
			}
			plugin.Kind, plugin.Kinds = s.Kinds[i], s.Kinds[i:i+1]
		}
		out = append(out, plugin)
	}
	return out
}
