package apis

import (
	gotypes "go/types"

	"k8s.io/gengo/v2/types"
)

// int8Type represents int8, which gengo reads as byte.
var int8Type = &types.Type{Name: types.Name{Name: "int8"}, Kind: types.Builtin}

// correctInt8 corrects the types of a universe that refer to int8 or rune, because gengo has no types for these.
func correctInt8(u types.Universe) {
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
	basic, ok := gotypes.Unalias(g).(*gotypes.Basic)
	switch {
	case !ok || *t == nil:
	case basic.Kind() == gotypes.Int8:
		*t = int8Type
	case basic.Kind() == gotypes.Int32: // also rune, its alias
		*t = types.Int32
	}
}
