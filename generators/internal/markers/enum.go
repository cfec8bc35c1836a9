package markers

import (
	"encoding/json"
	"fmt"
	"go/constant"
	gotypes "go/types"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// An Enum is the marker of a type whose valid values are its constants. controller-tools' own
// implementation only reads literals. It would omit the first of these:
//
//	Exact  = PathType("Exact")
//	Prefix PathType = "Prefix"
type Enum struct{}

// ApplyToSchema adds the values to the schema.
func (Enum) ApplyToSchema(ctx *crdmarkers.SchemaContext, schema *apiextensionsv1.JSONSchemaProps) error {
	defined := ctx.Package.TypesInfo.Defs[ctx.TypeInfo.RawSpec.Name]
	if defined == nil {
		return fmt.Errorf("the type %s is unknown", ctx.TypeInfo.Name)
	}
	if basic, ok := defined.Type().Underlying().(*gotypes.Basic); !ok || basic.Info()&gotypes.IsString == 0 {
		return fmt.Errorf("only a type of strings has values to list: take the marker off %s", ctx.TypeInfo.Name)
	}
	var values []string
	for _, name := range defined.Parent().Names() {
		if c, ok := defined.Parent().Lookup(name).(*gotypes.Const); ok && gotypes.Identical(c.Type(), defined.Type()) {
			values = append(values, constant.StringVal(c.Val()))
		}
	}
	if len(values) == 0 {
		return fmt.Errorf("there are no constants of the type %s, so nothing would be valid: declare some, or take the marker out", ctx.TypeInfo.Name)
	}
	slices.Sort(values)
	schema.Type, schema.Enum = "string", nil
	for _, value := range slices.Compact(values) {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		schema.Enum = append(schema.Enum, apiextensionsv1.JSON{Raw: raw})
	}
	return nil
}
