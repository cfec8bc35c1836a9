package upstream

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

// TestSchemaOfHandwrittenType verifies that expressions which cannot be evaluated are compiled, and that this leaves no files in the
// project.
func TestSchemaOfHandwrittenType(t *testing.T) {
	o := project(t, "handwritten")
	before := fixture.Tree(t, o.Dir)
	p, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, fixture.Tree(t, o.Dir)); diff != "" {
		t.Fatalf("generating changed the project (-before +after):\n%s", diff)
	}
	var unknown *notEvaluableError
	if _, err := (&upstream{Model: p}).evaluateDefinitions(files[OpenAPIFile]); !errors.As(err, &unknown) {
		t.Fatalf("evaluating gave %v: the test needs a type that can't be evaluated", err)
	}
	want := "- name: com.example.fruit.v1alpha1.Color\n  scalar: string\n"
	if got := string(files["pkg/generated/applyconfiguration/internal/internal.go"]); !strings.Contains(got, want) {
		t.Errorf("the schema lacks\n%s\nin\n%s", want, got)
	}

	const file = "pkg/apis/fruit/v1alpha1/broken.go"
	for _, broken := range []struct{ name, code, want string }{
		{"undefined", "func broken() { missing() }", file + ":3:17: undefined: missing"},
		// Only the compiler sees this one, because the types do not import the package.
		{"undefined elsewhere", "import \"slices\"\n\nfunc broken() { slices.Missing() }", file + ":5:24: undefined: slices.Missing"},
		{"panic", "func init() { panic(\"no schema\") }", file + ":3:1: this panics while builder reads the OpenAPI schema of the type: no schema"},
	} {
		t.Run(broken.name, func(t *testing.T) {
			fixture.Write(t, o.Dir, map[string][]byte{file: []byte("package v1alpha1\n\n" + broken.code + "\n")})
			p, err := apis.Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			files, err := Generate(t.Context(), p, nil)
			if files != nil || err == nil || err.Error() != broken.want {
				t.Errorf("Generate gave %d files and the error %v, want %s", len(files), err, broken.want)
			}
		})
	}
}

func TestEvaluateRefusesWhatItDoesNotKnow(t *testing.T) {
	p, err := apis.Load(t.Context(), project(t, "apple"))
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
			if defs, err := (&upstream{Model: p}).evaluateDefinitions([]byte(head + body + "}\n")); !errors.As(err, &unknown) {
				t.Errorf("evaluated to %v and %v", defs, err)
			}
		})
	}
}

// TestEvaluateConstraints covers the pointers to numbers that openapi-gen writes for its own constraint markers, which types of other
// modules may have.
func TestEvaluateConstraints(t *testing.T) {
	p, err := apis.Load(t.Context(), project(t, "apple"))
	if err != nil {
		t.Fatal(err)
	}
	defs, err := (&upstream{Model: p}).evaluateDefinitions([]byte(`package openapi

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
