package markers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"
)

// Upstream returns controller-tools' markers, and those of validation-gen that say the same. Controller-tools has a few of these
// itself. Validation-gen is not run: what its markers ask for is in the schema of the type, as what kubebuilder's do, so
// that clients see it too.
func Upstream() (*upstream.Registry, error) {
	registry := &upstream.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		return nil, fmt.Errorf("controller-tools' markers: %w", err)
	}
	// openapi-gen's marker says the same as controller-tools' +k8s:enum.
	if err := registry.Define("enum", upstream.DescribesType, crdmarkers.K8sEnum{}); err != nil {
		return nil, fmt.Errorf("the marker +enum: %w", err)
	}
	for name, output := range declaratives {
		for _, target := range []upstream.TargetType{upstream.DescribesType, upstream.DescribesField} {
			if err := registry.Define(name, target, output); err != nil {
				return nil, fmt.Errorf("the marker +%s: %w", name, err)
			}
		}
	}
	return registry, nil
}

var declaratives = map[string]any{
	"k8s:minLength":     crdmarkers.MinLength(0),
	"k8s:maxLength":     crdmarkers.MaxLength(0),
	"k8s:minItems":      crdmarkers.MinItems(0),
	"k8s:minProperties": crdmarkers.MinProperties(0),
	"k8s:maxProperties": crdmarkers.MaxProperties(0),
	"k8s:format":        Format(""),
}

// A Format is the value of +k8s:format: one of Kubernetes' kinds of names.
type Format string

// forms are the formats, as k8s.io/apimachinery/pkg/api/validate checks them: a pattern and the longest there may be.
var forms = map[Format]struct {
	pattern string
	longest int64
}{
	"k8s-short-name":  {`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, 63},
	"k8s-long-name":   {`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, 253},
	"k8s-label-value": {`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`, 63},
	"k8s-uuid":        {`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, 36},
}

// ApplyPriority has a format come after the lengths that other markers give.
func (Format) ApplyPriority() crdmarkers.ApplyPriority { return crdmarkers.ApplyPriorityDefault + 1 }

// ApplyToSchema gives a string the pattern and the length of the format.
func (f Format) ApplyToSchema(_ *crdmarkers.SchemaContext, schema *apiextensionsv1.JSONSchemaProps) error {
	form, ok := forms[f]
	switch {
	case !ok:
		var known []string
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			known = append(known, string(name))
		}
		return fmt.Errorf("+k8s:format=%s is none of %s: write +kubebuilder:validation:Pattern or Format", f, strings.Join(known, ", "))
	case schema.Type != "string":
		return fmt.Errorf("must apply format to a string, found type %q", schema.Type)
	case schema.Pattern != "":
		return fmt.Errorf("+k8s:format is a pattern, and the string has one already: write one of them")
	}
	schema.Pattern = form.pattern
	if schema.MaxLength == nil || *schema.MaxLength > form.longest {
		schema.MaxLength = &form.longest
	}
	return nil
}
