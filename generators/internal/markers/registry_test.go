package markers

import (
	"slices"
	"strings"
	"testing"

	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"
)

func registry(t *testing.T) *Registry {
	t.Helper()
	r, err := NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheck(t *testing.T) {
	r := registry(t)
	tests := []struct {
		on         Target
		text, want string
	}{
		{Type, "+genclient", ""},
		{Type, "+kubebuilder:resource:path=apples,scope=Cluster,shortName=ap;app", ""},
		{Type, "+kubebuilder:printcolumn:name=\"Size\",type=integer,JSONPath=`.spec.size`", ""},
		{Field, "+kubebuilder:validation:XValidation:rule=\"self > 0\",message=\"no\"", ""},
		{Field, "+kubebuilder:validation:items:MaxLength=5", ""},
		{Field, "+kubebuilder:default={80,443}", ""},
		{Field, "+default=ref(limit)", ""},
		{Type, "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object", ""},
		{Package, "+kubebuilder:object:generate=true", ""},

		// Markers of other tools, and prose.
		{Type, "+someone:else=1", ""},
		{Field, "+protobuf=true", ""},
		{Field, "+default value is what it was", ""},
		{Field, "+optional, as everything in life", ""},
		{Type, "+Apples and pears", ""},

		{Type, "+kubebuilder:resorce:path=apples", "unknown marker +kubebuilder:resorce:path: did you mean +kubebuilder:resource?"},
		{Field, "+kubebuilder:validation:minimum=1", "unknown marker +kubebuilder:validation:minimum: did you mean +kubebuilder:validation:Minimum?"},
		{Field, "+optinal", "unknown marker +optinal: did you mean +optional?"},
		{Field, "+listtype=map", "unknown marker +listtype: did you mean +listType?"},
		{Type, "+kubebuilder:nonsense", "unknown marker +kubebuilder:nonsense: builder's docs/markers.md lists the supported markers"},
		{Type, "+genclient:noSuchThing", "unknown marker +genclient:noSuchThing: builder's docs/markers.md lists the supported markers"},
		{Field, "+k8s:something(of: \"mine\")=1", "unknown marker +k8s:something: builder's docs/markers.md lists the supported markers"},

		{Field, "+default = 3", "the marker +default has a space after it, so no generator reads it: write +default alone, or with its value right after it"},
		{Field, "+ kubebuilder:validation:Minimum=3", "the marker + kubebuilder:validation:Minimum=3 has a space after the plus sign, so no generator reads it: write +kubebuilder:validation:Minimum=3"},
		{Field, "+kubebuilder:validation:Minimum =3", "the marker +kubebuilder:validation:Minimum has a space after it, so no generator reads it: write +kubebuilder:validation:Minimum alone, or with its value right after it"},

		{Field, "+kubebuilder:printcolumn:name=A,type=string,JSONPath=.spec.a", "the marker +kubebuilder:printcolumn is on a field, where it has no effect: it belongs right above a type"},
		{Type, "+optional", "the marker +optional is on a type, where it has no effect: it belongs right above a field"},
		{Type, "+groupName=fruit.example.com", "the marker +groupName is on a type, where it has no effect: it belongs in a package's doc.go"},
		{Nothing, "+listType=set", "the marker +listType is where nothing reads it: it belongs right above a field or right above a type, without an empty line between"},

		{Type, "+kubebuilder:printcolumn:name=Size,type=integer", `marker +kubebuilder:printcolumn:name=Size,type=integer: missing argument "JSONPath"`},
		{Type, "+kubebuilder:resource:path=apples,colour=red", `marker +kubebuilder:resource:path=apples,colour=red: unknown argument "colour"`},
		{Field, "+kubebuilder:validation:MaxLength=many", `marker +kubebuilder:validation:MaxLength=many: expected integer, got "many"`},
		{Field, "+listType=bag", `+listType is set to "bag": it is one of +listType=atomic, +listType=set, +listType=map`},
		{Type, "+genclient=true", `+genclient=true: it can only be +genclient`},
		{Type, "+kubebuilder:object:root=false", `+kubebuilder:object:root is set to "false": it is one of +kubebuilder:object:root, +kubebuilder:object:root=true`},

		{Type, "+kubebuilder:unservedversion", "+kubebuilder:unservedversion has no effect here: a version that PROJECT has is served: take it out of the kind's versions there"},
		{Field, "+k8s:minLength=1", ""},
		{Type, "+k8s:format=k8s-short-name", ""},
		{Field, "+k8s:neq=1", ""},
		{Field, `+k8s:item(type: "Ready")=+k8s:subfield(reason)=+k8s:neq="Unknown"`, ""},
		{Type, `+k8s:unionMember(union: "a")`, "the marker +k8s:unionMember is on a type, where it has no effect: it belongs right above a field"},
		{Field, `+k8s:unionMember(onion: "a")`, `+k8s:unionMember: there is no argument "onion"`},
		{Field, "+k8s:forbidden=1", "+k8s:forbidden has no value"},
		{Field, "+k8s:neq", "+k8s:neq needs a value"},
		{Field, "+k8s:maxBytes=many", "+k8s:maxBytes=many: the value is a number"},
		{Field, "+k8s:eachVal=5", "the value of +k8s:eachVal is another marker, such as +k8s:eachVal=+k8s:maxLength=5"},
		{Field, "+k8s:eachVal=+k8s:subfield=+k8s:required", "+k8s:subfield needs the name of a field in JSON, as in +k8s:subfield(name)"},
		{Field, "+k8s:item=+k8s:subfield(a)=+k8s:neq=1", `+k8s:item needs the keys of the item, as in +k8s:item(name: "value")`},
		{Type, "+k8s:supportsSubresource=\"/status\"", "+k8s:supportsSubresource has no effect here: a kind has the subresources of its +kubebuilder:subresource markers: leave it out"},
		{Field, "+k8s:alpha(since: \"1.35\")=+k8s:required", "+k8s:alpha has no effect here: a constraint holds for all or for none: write it as a +kubebuilder:validation marker"},
		{Field, "+k8s:validation:items:minLength=1", "+k8s:validation has no effect here: it would only be shown, not enforced: write the +kubebuilder:validation marker, which is both"},
		{Func, "+kubebuilder:rbac:groups=apps,resources=deployments,verbs=get", "+kubebuilder:rbac has no effect here: roles are made of those in internal/controller, pkg/admission, pkg/registry and pkg/apiserver: write it next to the code that needs the permission"},
	}
	for _, test := range tests {
		if got := r.Check(Marker{On: test.on, Text: test.text}); got != test.want {
			t.Errorf("%s on a %s:\n got %s\nwant %s", test.text, test.on, got, test.want)
		}
	}
	if got := r.Check(Marker{On: Field, Text: "+optional", Block: true}); !strings.Contains(got, "/* */") {
		t.Errorf("+optional in a block: %q", got)
	}
}

// FuzzCheck verifies that checking and parsing never fail in an unexpected way, whatever a known marker looks like.
func FuzzCheck(f *testing.F) {
	r, err := NewRegistry()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("+kubebuilder:default={a: 1}")
	f.Add("+k8s:ifEnabled(Gate)=+k8s:required")
	f.Fuzz(func(t *testing.T, text string) {
		for _, on := range []Target{Nothing, Package, Type, Field, Func} {
			m := Marker{On: on, Text: text}
			if r.Check(m) == "" {
				r.Parse(m)
			}
		}
	})
}

func TestParse(t *testing.T) {
	r := registry(t)
	value, ok := r.Parse(Marker{On: Type, Text: "+kubebuilder:resource:path=apples,scope=Cluster"}).(crdmarkers.Resource)
	if !ok || value.Path != "apples" || value.Scope != "Cluster" {
		t.Errorf("got %#v", value)
	}
	for _, text := range []string{"+genclient", "+kubebuilder:resource:colour=red", "+unknown"} {
		if got := r.Parse(Marker{On: Type, Text: text}); got != nil {
			t.Errorf("%s gives %v", text, got)
		}
	}
}

// TestRegistry verifies that the registry contains every marker of controller-tools' CRDs, and that each special case refers to an existing
// marker.
func TestRegistry(t *testing.T) {
	r := registry(t)
	theirs := &upstream.Registry{}
	if err := crdmarkers.Register(theirs); err != nil {
		t.Fatal(err)
	}
	for _, def := range theirs.AllDefinitions() {
		if r.Lookup("+"+def.Name) == nil {
			t.Errorf("controller-tools' marker +%s is missing", def.Name)
		}
	}
	names := map[string]bool{}
	for _, d := range r.All() {
		names[d.Name] = true
		if len(d.On) == 0 || len(slices.Compact(slices.Clone(d.On))) != len(d.On) {
			t.Errorf("+%s is on %v", d.Name, d.On)
		}
	}
	for name := range repeats {
		if !names[name] {
			t.Errorf("+%s may be repeated, but there is none", name)
		}
	}
	for name := range values {
		if !names[name] {
			t.Errorf("+%s has values, but there is none", name)
		}
	}
}
