package server

import (
	"go/token"
	"slices"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/project"
)

// A Subresource is a custom subresource, which a function of the kind implements.
type Subresource struct {
	project.Subresource
	// Type is the type of the objects that clients send to it or get from it, Options the type of its query parameters, and Method the
	// function that implements it.
	Type, Options, Method string
	// Objects lists those types that it has.
	Objects []string
}

func newSubresource(kind project.Kind, s project.Subresource) Subresource {
	return Subresource{
		Subresource: s, Type: kind.SubresourceType(s.Name), Options: kind.OptionsType(s.Name), Method: project.SubresourceMethod(s.Name),
		Objects: s.Objects(kind),
	}
}

// LongRunning reports whether requests to the subresource may take any time.
func (s Subresource) LongRunning() bool { return s.Stream || s.Verb == project.VerbConnect }

// A SubresourceRule is an RBAC rule for subresources of a group.
type SubresourceRule struct {
	Resources []string
	Verbs     []string
}

// SubresourceRules returns the rules that allow every request to custom subresources of the group.
func (g Group) SubresourceRules() []SubresourceRule {
	var out []SubresourceRule
	for _, k := range g.Kinds {
		for _, s := range k.Subresources {
			verbs, resource := s.RBACVerbs(), k.Resource+"/"+s.Name
			i := slices.IndexFunc(out, func(r SubresourceRule) bool { return slices.Equal(r.Verbs, verbs) })
			if i < 0 {
				out = append(out, SubresourceRule{[]string{resource}, verbs})
			} else {
				out[i].Resources = append(out[i].Resources, resource)
			}
		}
	}
	return out
}

// Objects returns the types of objects and options of the custom subresources.
func (k *Kind) Objects() []string {
	var out []string
	for _, s := range k.Subresources {
		out = append(out, s.Objects...)
	}
	return out
}

// Requests returns the subresources that clients POST or PUT requests to.
func (k *Kind) Requests() []Subresource {
	return k.subresources(func(s Subresource) bool { return !s.HasOptions() })
}

// Creates returns the subresources that clients POST requests to.
func (k *Kind) Creates() []Subresource {
	return k.subresources(func(s Subresource) bool { return s.Verb == project.VerbCreate })
}

// Updates returns the subresources that clients PUT requests to.
func (k *Kind) Updates() []Subresource {
	return k.subresources(func(s Subresource) bool { return s.Verb == project.VerbUpdate })
}

// Gets returns the subresources that answer GET requests.
func (k *Kind) Gets() []Subresource {
	return k.subresources(func(s Subresource) bool { return s.Verb == project.VerbGet })
}

// Connections returns the subresources that handle requests themselves, or pass them on.
func (k *Kind) Connections() []Subresource {
	return k.subresources(func(s Subresource) bool { return s.Verb == project.VerbConnect })
}

func (k *Kind) subresources(match func(Subresource) bool) []Subresource {
	return slices.DeleteFunc(slices.Clone(k.Subresources), func(s Subresource) bool { return !match(s) })
}

// has reports whether any custom subresource of the project matches.
func (s *Server) has(match func(Subresource) bool) bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool { return slices.ContainsFunc(k.Subresources, match) })
}

// Extended reports whether any kind has a custom subresource.
func (s *Server) Extended() bool { return s.has(func(Subresource) bool { return true }) }

// Requested reports whether clients POST or PUT requests to any custom subresource.
func (s *Server) Requested() bool { return s.has(func(s Subresource) bool { return !s.HasOptions() }) }

// Created reports whether clients POST requests to any custom subresource.
func (s *Server) Created() bool {
	return s.has(func(s Subresource) bool { return s.Verb == project.VerbCreate })
}

// Updated reports whether clients PUT requests to any custom subresource.
func (s *Server) Updated() bool {
	return s.has(func(s Subresource) bool { return s.Verb == project.VerbUpdate })
}

// Got reports whether any custom subresource answers GET requests.
func (s *Server) Got() bool {
	return s.has(func(s Subresource) bool { return s.Verb == project.VerbGet })
}

// Connected reports whether any custom subresource handles requests itself, or passes them on.
func (s *Server) Connected() bool {
	return s.has(func(s Subresource) bool { return s.Verb == project.VerbConnect })
}

// Streamed reports whether any custom subresource answers with a stream.
func (s *Server) Streamed() bool { return s.has(func(s Subresource) bool { return s.Stream }) }

// Optional reports whether any custom subresource has options.
func (s *Server) Optional() bool { return s.has(func(s Subresource) bool { return s.HasOptions() }) }

// LongRunning reports whether requests to any custom subresource may take any time.
func (s *Server) LongRunning() bool { return s.has(Subresource.LongRunning) }

// checkSubresource reports errors of the types of a subresource in one version.
func (r *reader) checkSubresource(v *KindVersion, s Subresource) {
	for _, object := range s.Objects {
		name := types.Name{Package: v.ImportPath, Name: object}
		d, ok := r.declaration(name)
		switch {
		case !ok:
			r.problem(token.Position{Filename: v.dir}, "there is no type %s, though PROJECT has the subresource %s of %s: write the type, or take the subresource out of PROJECT",
				object, s.Name, v.name)
		case object == s.Options && s.Path:
			if path, ok := apis.JSONField(r.universe.Type(name), "path"); !ok || path.Name != "Path" || path.Type != types.String {
				r.problem(d.pos, `the type %s lacks the field Path string with the tag json:"path,omitempty", which is set to the rest of the path`, object)
			}
		case object == s.Type:
			if _, ok := apis.JSONField(r.universe.Type(name), "metadata"); !ok {
				r.problem(d.pos, `the type %s lacks the field metav1.ObjectMeta with the tag json:"metadata,omitempty", which identifies the object of a request`, object)
			}
		}
	}
}
