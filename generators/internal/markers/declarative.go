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

// Upstream returns controller-tools' markers, and equivalent markers of validation-gen, which controller-tools defines only in part.
// builder does not run validation-gen: its markers become part of the schema, like kubebuilder's, so clients can see them.
func Upstream() (*upstream.Registry, error) {
	registry := &upstream.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		return nil, fmt.Errorf("controller-tools' markers: %w", err)
	}
	for _, name := range []string{"enum", "k8s:enum"} { // openapi-gen's marker means the same as validation-gen's
		if err := registry.Define(name, upstream.DescribesType, Enum{}); err != nil {
			return nil, fmt.Errorf("the marker +%s: %w", name, err)
		}
	}
	for name, output := range declaratives {
		for _, target := range []upstream.TargetType{upstream.DescribesType, upstream.DescribesField} {
			if registry.Lookup("+"+name, target) != nil {
				continue // controller-tools defines it for fields only
			}
			if err := registry.Define(name, target, output); err != nil {
				return nil, fmt.Errorf("the marker +%s: %w", name, err)
			}
		}
	}
	return registry, nil
}

var declaratives = map[string]any{
	"k8s:immutable":     crdmarkers.Immutable{},
	"k8s:minimum":       crdmarkers.Minimum(0),
	"k8s:maximum":       crdmarkers.Maximum(0),
	"k8s:maxItems":      crdmarkers.MaxItems(0),
	"k8s:minLength":     crdmarkers.MinLength(0),
	"k8s:maxLength":     crdmarkers.MaxLength(0),
	"k8s:minItems":      crdmarkers.MinItems(0),
	"k8s:minProperties": crdmarkers.MinProperties(0),
	"k8s:maxProperties": crdmarkers.MaxProperties(0),
	"k8s:format":        Format(""),
}

// A Format is the value of +k8s:format, one of Kubernetes' name formats.
type Format string

// forms contains the pattern and the maximum length, 0 if there is none, of each format, as k8s.io/apimachinery/pkg/api/validate checks
// them. It omits formats whose parts have their own maximum length, because a pattern cannot express those.
var forms = map[Format]struct {
	pattern string
	longest int64
}{
	"k8s-short-name":         {`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, 63},
	"k8s-long-name":          {`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, 253},
	"k8s-path-segment-name":  {`^([^./%][^/%]*|\.[^./%][^/%]*|\.\.[^/%]+)?$`, 0},
	"k8s-resource-pool-name": {`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([./][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, 253},
	"k8s-label-value":        {`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`, 63},
	"k8s-uuid":               {`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, 36},
}

// ApplyPriority makes a format apply after the markers that define lengths.
func (Format) ApplyPriority() crdmarkers.ApplyPriority { return crdmarkers.ApplyPriorityDefault + 1 }

// ApplyToSchema adds the pattern and the maximum length of the format to the schema of a string.
func (f Format) ApplyToSchema(_ *crdmarkers.SchemaContext, schema *apiextensionsv1.JSONSchemaProps) error {
	pattern, longest, err := f.Form()
	switch {
	case err != nil:
		return err
	case schema.Type != "string":
		return fmt.Errorf("must apply format to a string, found type %q", schema.Type)
	case schema.Pattern != "":
		return fmt.Errorf("+k8s:format is a pattern, and the string has one already: write one of them")
	}
	schema.Pattern = pattern
	if longest > 0 && (schema.MaxLength == nil || *schema.MaxLength > longest) {
		schema.MaxLength = &longest
	}
	return nil
}

// Form returns the pattern of a format and its maximum length in characters, 0 if there is none.
func (f Format) Form() (pattern string, longest int64, err error) {
	if form, ok := forms[f]; ok {
		return form.pattern, form.longest, nil
	}
	var known []string
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		known = append(known, string(name))
	}
	return "", 0, fmt.Errorf("+k8s:format=%s is none of %s: write +kubebuilder:validation:Pattern or Format", f, strings.Join(known, ", "))
}
