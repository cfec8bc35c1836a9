package validation

import (
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// checkDefault reports a default that is not a valid value of its field. Without this check, objects without the field could not be
// created.
func (r *reader) checkDefault(v *value) {
	if len(v.limits) == 0 || v.limits[0].Default == nil || v.kind() == kindOpaque || v.kind() == kindDuration {
		return
	}
	at, raw := v.limits[0].at, v.limits[0].Default.Raw
	var content any
	if err := json.Unmarshal(raw, &content); err != nil {
		return // reported where the marker is checked
	}
	marker := "+kubebuilder:default"
	if slices.ContainsFunc(r.packages.Markers(at.owner, at.field), func(m markers.Marker) bool { return strings.HasPrefix(m.Text, "+default=") }) {
		marker = "+default"
	}
	for _, l := range v.limits {
		validator, _, err := apiextensionsvalidation.NewSchemaValidator(ownSchema(l))
		if err != nil {
			continue // reported at its own marker
		}
		if errs := apiextensionsvalidation.ValidateCustomResource(nil, content, validator); len(errs) > 0 {
			r.problem(at, marker, "the default %s would be refused: %s", raw, strings.Replace(errs[0].ErrorBody(), ":  in body ", ": ", 1))
			return
		}
	}
}

// ownSchema returns the part of a schema that applies to a value itself, without its fields and items.
func ownSchema(l limits) *apiextensions.JSONSchemaProps {
	own := *l.JSONSchemaProps
	own.Default, own.Ref, own.AllOf, own.Items, own.Properties, own.AdditionalProperties, own.Required, own.XValidations = nil, nil, nil, nil, nil, nil, nil, nil
	out := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&own, out, nil); err != nil {
		return &apiextensions.JSONSchemaProps{}
	}
	return out
}
