package conversion

import (
	"io"
	"slices"
	"strings"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// A target is a package that conversions are generated for. Upstream's generator converts too much: it truncates an int64 to an int32,
// converts a number to a character, and calls functions that do not exist. A target converts a field if its types are alike, and leaves the
// others to the user.
type target struct {
	generator.Target
	api apis.API
	m   *apis.Model
}

// Generators implements generator.Target.
func (t target) Generators(c *generator.Context) []generator.Generator {
	generators := t.Target.Generators(c)
	for i, g := range generators {
		own := newFieldGenerator(t.m, t.api)
		own.Generator = g
		generators[i] = own
	}
	return generators
}

// A pair is the types that a function converts from and to.
type pair struct{ in, out *types.Type }

type fieldGenerator struct {
	generator.Generator
	api      apis.API
	universe types.Universe
	written  map[pair]*types.Type
}

func newFieldGenerator(m *apis.Model, api apis.API) *fieldGenerator {
	return &fieldGenerator{api: api, universe: m.Universe, written: writtenConversions(m)}
}

// Filter implements generator.Generator. It rejects types for which upstream's generator would use a type of Kubernetes with the same name
// as the peer.
func (g *fieldGenerator) Filter(c *generator.Context, t *types.Type) bool {
	explicit := apis.HasLine(apis.Comments(t), "+k8s:conversion-gen:explicit-from")
	return (g.peer(t) != nil || explicit) && g.Generator.Filter(c, t)
}

// GenerateType implements generator.Generator. It temporarily changes the types of the fields that upstream's generator must not convert.
func (g *fieldGenerator) GenerateType(c *generator.Context, t *types.Type, w io.Writer) error {
	if peer := g.peer(t); peer != nil {
		for _, own := range t.Members {
			i := slices.IndexFunc(peer.Members, func(m types.Member) bool { return m.Name == own.Name })
			if i < 0 {
				continue
			}
			if other := peer.Members[i].Type; !g.convertible(own.Type, other) || !g.convertible(other, own.Type) {
				peer.Members[i].Type = &types.Type{Name: types.Name{Name: other.String()}, Kind: types.Unsupported}
				defer func() { peer.Members[i].Type = other }()
			}
		}
	}
	return g.Generator.GenerateType(c, t, w)
}

// peer returns the type with the same name in the version that t is converted to and from.
func (g *fieldGenerator) peer(t *types.Type) *types.Type {
	for _, name := range g.api.Peers {
		if pkg := g.universe[name]; pkg != nil && pkg.Has(t.Name.Name) {
			return pkg.Type(t.Name.Name)
		}
	}
	return nil
}

// convertible reports whether generated code can safely convert a field of one type to the other. Upstream's generator supports lists, maps
// and pointers of convertible types; declareNested handles lists of lists.
func (g *fieldGenerator) convertible(in, out *types.Type) bool {
	if g.written[pair{in, out}] != nil {
		return true
	}
	from, to := apis.Unalias(in), apis.Unalias(out)
	if from.Kind != to.Kind {
		return false
	}
	switch from.Kind {
	case types.Builtin:
		return from == to
	case types.Struct:
		return from == to || g.alike(in, out)
	case types.Slice, types.Pointer:
		return in == to || g.alike(from.Elem, to.Elem)
	case types.Map:
		return in == to || apis.Unalias(from.Key) == apis.Unalias(to.Key) && g.alike(from.Elem, to.Elem)
	}
	return false
}

// alike reports whether elements have the same basic type, have the same struct type in both versions, or have a hand-written conversion.
func (g *fieldGenerator) alike(in, out *types.Type) bool {
	switch {
	case g.written[pair{in, out}] != nil:
		return true
	case in == out:
		return in.IsAssignable()
	case in.Kind == types.Struct && (g.peer(in) == out || g.peer(out) == in):
		own := in
		if in.Name.Package != g.api.Package {
			own = out
		}
		return !apis.HasLine(apis.Comments(own), "+k8s:conversion-gen=false")
	}
	return in.IsPrimitive() && apis.Unalias(in) == apis.Unalias(out)
}

// writtenConversions returns the hand-written and generated conversion functions of the project.
func writtenConversions(m *apis.Model) map[pair]*types.Type {
	written := map[pair]*types.Type{}
	for _, api := range m.APIs {
		for name, f := range m.Universe[api.Package].Functions {
			if !strings.HasPrefix(name, "Convert_") || f.Underlying == nil || f.Underlying.Signature == nil {
				continue
			}
			if parameters := f.Underlying.Signature.Parameters; len(parameters) == 3 {
				written[pair{parameters[0].Type.Elem, parameters[1].Type.Elem}] = f
			}
		}
	}
	return written
}
