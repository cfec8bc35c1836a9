package codegen

import (
	gotypes "go/types"

	"k8s.io/gengo/v2/types"
)

// int8Type is what gengo has no type for: it takes an int8 for a byte.
var int8Type = &types.Type{Name: types.Name{Name: "int8"}, Kind: types.Builtin}

// restoreInt8 has the types of a universe refer to int8 where Go's do.
func restoreInt8(u types.Universe) {
	for _, pkg := range u {
		for _, t := range pkg.Types {
			switch g := t.GoType.(type) {
			case *gotypes.Pointer:
				restore(&t.Elem, g.Elem())
			case *gotypes.Slice:
				restore(&t.Elem, g.Elem())
			case *gotypes.Array:
				restore(&t.Elem, g.Elem())
			case *gotypes.Map:
				restore(&t.Elem, g.Elem())
			case *gotypes.Struct:
				restoreFields(t, g)
			case *gotypes.Named:
				if fields, ok := g.Underlying().(*gotypes.Struct); ok {
					restoreFields(t, fields)
				} else {
					restore(&t.Underlying, g.Underlying())
				}
			}
		}
	}
}

func restoreFields(t *types.Type, g *gotypes.Struct) {
	for i := range t.Members {
		restore(&t.Members[i].Type, g.Field(i).Type())
	}
}

func restore(t **types.Type, g gotypes.Type) {
	if basic, ok := gotypes.Unalias(g).(*gotypes.Basic); ok && basic.Kind() == gotypes.Int8 && *t != nil {
		*t = int8Type
	}
}
