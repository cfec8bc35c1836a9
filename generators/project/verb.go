package project

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
)

// The verbs of subresources.
const (
	// VerbCreate is the verb of a subresource that clients POST a request to.
	VerbCreate = "create"
	// VerbGet is the verb of a subresource that answers with an object or a stream.
	VerbGet = "get"
	// VerbUpdate is the verb of a subresource that clients PUT a request to.
	VerbUpdate = "update"
	// VerbConnect is the verb of a subresource that handles requests itself, or passes them on.
	VerbConnect = "connect"
)

// methodVerbs maps the methods that a subresource with the verb connect may handle to their verbs in RBAC.
var methodVerbs = map[string]string{
	http.MethodDelete: "delete", http.MethodGet: "get", http.MethodHead: "get", http.MethodOptions: "", http.MethodPatch: "patch",
	http.MethodPost: "create", http.MethodPut: "update",
}

// verbs lists the verbs of subresources.
var verbs = []string{VerbCreate, VerbGet, VerbUpdate, VerbConnect}

// A Subresource is a custom subresource of a kind. PROJECT contains only the name of one with the verb create.
type Subresource struct {
	// Name is the last element of the subresource's URL, such as approve.
	Name string `json:"name"`
	// Verb is one of the verbs above.
	Verb string `json:"verb"`
	// Stream means that a subresource with the verb get answers with a stream, and not with an object.
	Stream bool `json:"stream,omitempty"`
	// Methods lists the methods of HTTP of a subresource with the verb connect.
	Methods []string `json:"methods,omitempty"`
	// Path means that a subresource with the verb connect handles every path below its own.
	Path bool `json:"path,omitempty"`
}

// AllMethods returns the methods that a subresource with the verb connect may handle, sorted.
func AllMethods() []string { return slices.Sorted(maps.Keys(methodVerbs)) }

// RBACVerbs returns the verbs that allow every request to the subresource, sorted.
func (s Subresource) RBACVerbs() []string {
	if s.Verb != VerbConnect {
		return []string{s.Verb}
	}
	var out []string
	for _, method := range s.Methods {
		if verb := methodVerbs[method]; verb != "" {
			out = append(out, verb)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fields is a Subresource without its methods.
type fields Subresource

// MarshalJSON implements json.Marshaler.
func (s Subresource) MarshalJSON() ([]byte, error) {
	if s.Verb == VerbCreate {
		return json.Marshal(s.Name)
	}
	return json.Marshal(fields(s))
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Subresource) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &s.Name) == nil {
		s.Verb = VerbCreate
		return nil
	}
	unknown, err := kjson.UnmarshalStrict(data, (*fields)(s))
	if err == nil && len(unknown) > 0 {
		err = unknown[0]
	}
	if err != nil {
		return fmt.Errorf("a subresource is a name, or a map with the name and the verb: %w", err)
	}
	return nil
}

// HasOptions reports whether clients pass options to the subresource, as query parameters.
func (s Subresource) HasOptions() bool { return s.Verb == VerbGet || s.Verb == VerbConnect }

// HasObject reports whether the subresource has a type of objects: the request and the answer, or only the answer.
func (s Subresource) HasObject() bool { return !s.Stream && s.Verb != VerbConnect }

// Objects returns the Go types of the subresource of a kind: objects and options.
func (s Subresource) Objects(k Kind) []string {
	var out []string
	if s.HasObject() {
		out = append(out, k.SubresourceType(s.Name))
	}
	if s.HasOptions() {
		out = append(out, k.OptionsType(s.Name))
	}
	return out
}

// Templates returns the folders of templates for the types and for the function.
func (s Subresource) Templates() (types, function string) {
	types, function = s.Verb, s.Verb
	switch {
	case s.Stream:
		types, function = "stream", "stream"
	case s.Verb == VerbUpdate:
		types = VerbCreate
	}
	return "subresource/" + types + "/types", "subresource/" + function + "/function"
}

// identifiers lists the Go identifiers of the types, where * is the type of the subresource.
func (s Subresource) identifiers() string {
	switch {
	case !s.HasObject():
		return "*Options"
	case s.HasOptions():
		return "* *Options"
	}
	return "* *Spec *Status"
}

// check checks the verb, and that everything else goes with it.
func (s Subresource) check(of string) error {
	switch {
	case !slices.Contains(verbs, s.Verb):
		return fmt.Errorf("subresource %q%s has the verb %s: use one of %s", s.Name, of, show(s.Verb), strings.Join(verbs, ", "))
	case s.Stream && s.Verb != VerbGet:
		return fmt.Errorf("subresource %q%s has a stream and the verb %s: only one with the verb get answers with a stream", s.Name, of, s.Verb)
	case s.Verb != VerbConnect && (s.Path || len(s.Methods) > 0):
		return fmt.Errorf("subresource %q%s has methods or a path and the verb %s: only one with the verb connect has them", s.Name, of, s.Verb)
	case s.Verb == VerbConnect && len(s.Methods) == 0:
		return fmt.Errorf("subresource %q%s has no methods: list some of %s", s.Name, of, strings.Join(AllMethods(), ", "))
	}
	for i, method := range s.Methods {
		if _, known := methodVerbs[method]; !known {
			return fmt.Errorf("subresource %q%s has the method %s: use some of %s", s.Name, of, show(method), strings.Join(AllMethods(), ", "))
		}
		if slices.Contains(s.Methods[:i], method) {
			return fmt.Errorf("subresource %q%s has the method %s twice: list it once", s.Name, of, method)
		}
	}
	return nil
}
