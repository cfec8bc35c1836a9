package markers

import (
	"context"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/operation"
	"k8s.io/apimachinery/pkg/api/validate"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestForms compares the patterns and lengths of formats with Kubernetes' functions.
func TestForms(t *testing.T) {
	type check func(context.Context, operation.Operation, *field.Path, *string, *string) field.ErrorList
	checks := map[Format]check{
		"k8s-short-name": validate.ShortName[string], "k8s-long-name": validate.LongName[string],
		"k8s-path-segment-name": validate.PathSegmentName[string], "k8s-resource-pool-name": validate.ResourcePoolName[string],
		"k8s-label-value": validate.LabelValue[string], "k8s-uuid": validate.UUID[string],
	}
	words := []string{
		"", "a", "A", "a-b", "-a", "a-", "a.b", ".a", "a.", "a..b", "a_b", "A_b.C-d", "9", "a b", "ä", "a\n", "a/b", ".", "..", "...", "..a", ".a.", "a%b", "a/b/c", "a//b", "/a", "a/", "a.b/c.d", "A.B-c", "\n", "a\nb", "a/B",
		"123e4567-e89b-12d3-a456-426614174000", "123E4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
	}
	for _, n := range []int{62, 63, 64, 252, 253, 254} {
		words = append(words, strings.Repeat("a", n), strings.Repeat("a.", n/2))
	}
	if len(checks) != len(forms) {
		t.Errorf("%d formats, %d checks", len(forms), len(checks))
	}
	for name, form := range forms {
		pattern := regexp.MustCompile(form.pattern)
		for _, word := range words {
			want := len(checks[name](t.Context(), operation.Operation{}, nil, &word, nil)) == 0
			if got := pattern.MatchString(word) && (form.longest == 0 || int64(len(word)) <= form.longest); got != want {
				t.Errorf("%s of %q: %t, Kubernetes says %t", name, word, got, want)
			}
		}
	}
}

func TestFormat(t *testing.T) {
	short := int64(10)
	for _, test := range []struct {
		format Format
		schema apiextensionsv1.JSONSchemaProps
		want   int64 // the maximum length, 0 if the format is not supported
	}{
		{"k8s-short-name", apiextensionsv1.JSONSchemaProps{Type: "string"}, 63},
		{"k8s-long-name", apiextensionsv1.JSONSchemaProps{Type: "string", MaxLength: &short}, 10},
		{"k8s-short-name", apiextensionsv1.JSONSchemaProps{Type: "integer"}, 0},
		{"k8s-short-name", apiextensionsv1.JSONSchemaProps{Type: "string", Pattern: "a"}, 0},
		{"short-name", apiextensionsv1.JSONSchemaProps{Type: "string"}, 0},
	} {
		err := test.format.ApplyToSchema(nil, &test.schema)
		if (err != nil) != (test.want == 0) {
			t.Errorf("%s: %v", test.format, err)
		}
		if err == nil && (*test.schema.MaxLength != test.want || test.schema.Pattern != forms[test.format].pattern) {
			t.Errorf("%s makes %+v", test.format, test.schema)
		}
	}
}
