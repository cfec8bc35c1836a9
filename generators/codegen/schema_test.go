package codegen

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What can't be evaluated is compiled, and nothing of that stays in the project.
func TestSchemaOfHandwrittenType(t *testing.T) {
	o := fixture(t, "handwritten")
	before := tree(t, o.Dir)
	p, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, o.Dir)); diff != "" {
		t.Fatalf("generating changed the project (-before +after):\n%s", diff)
	}
	var unknown *notEvaluableError
	if _, err := p.evaluateDefinitions(files[OpenAPIFile]); !errors.As(err, &unknown) {
		t.Fatalf("evaluating gave %v: the test needs a type that can't be evaluated", err)
	}
	want := "- name: com.example.fruit.v1alpha1.Color\n  scalar: string\n"
	if got := string(files["pkg/generated/applyconfiguration/internal/internal.go"]); !strings.Contains(got, want) {
		t.Errorf("the schema lacks\n%s\nin\n%s", want, got)
	}

	write(t, o.Dir, map[string][]byte{"pkg/apis/fruit/v1alpha1/broken.go": []byte("package v1alpha1\n\nfunc broken() { missing() }\n")})
	p, err = Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := p.Generate(t.Context()); files != nil || err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("with code that does not compile, Generate gave %d files and the error %v", len(files), err)
	}
}

func TestEvaluateRefusesWhatItDoesNotKnow(t *testing.T) {
	p, err := Load(t.Context(), fixture(t, "apple"))
	if err != nil {
		t.Fatal(err)
	}
	const head = "package openapi\n\nimport common \"k8s.io/kube-openapi/pkg/common\"\n\nfunc GetOpenAPIDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {\n"
	for name, body := range map[string]string{
		"statements":    "x := 1\nreturn nil\n",
		"no value":      "return nil\n",
		"call":          "return other()\n",
		"unknown type":  "return map[string]common.Other{}\n",
		"unknown field": "return map[string]common.OpenAPIDefinition{\"a\": {Other: 1}}\n",
		"wrong type":    "return map[string]common.OpenAPIDefinition{\"a\": {Dependencies: []string{1}}}\n",
		"variable":      "return definitions\n",
		"other result":  "return []string{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			var unknown *notEvaluableError
			if defs, err := p.evaluateDefinitions([]byte(head + body + "}\n")); !errors.As(err, &unknown) {
				t.Errorf("evaluated to %v and %v", defs, err)
			}
		})
	}
}

// Types of other modules may have openapi-gen's own markers of constraints, for which it writes pointers to numbers.
func TestEvaluateConstraints(t *testing.T) {
	p, err := Load(t.Context(), fixture(t, "apple"))
	if err != nil {
		t.Fatal(err)
	}
	defs, err := p.evaluateDefinitions([]byte(`package openapi

import (
	common "k8s.io/kube-openapi/pkg/common"
	spec "k8s.io/kube-openapi/pkg/validation/spec"
	ptr "k8s.io/utils/ptr"
)

func GetOpenAPIDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	return map[string]common.OpenAPIDefinition{"Tag": {Schema: spec.Schema{SchemaProps: spec.SchemaProps{
		Minimum: ptr.To[float64](-10), MaxItems: ptr.To[int64](7),
		AllOf: []spec.Schema{{SchemaProps: spec.SchemaProps{Pattern: "^[a-z]*$"}}},
	}}}}
}
`))
	if err != nil {
		t.Fatal(err)
	}
	tag := defs["Tag"]
	if tag.Minimum == nil || *tag.Minimum != -10 || tag.MaxItems == nil || *tag.MaxItems != 7 || len(tag.AllOf) != 1 || tag.AllOf[0].Pattern != "^[a-z]*$" {
		t.Errorf("evaluated to %+v", tag)
	}
}
