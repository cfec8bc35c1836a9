package codegen

import (
	"io"
	"slices"
	"strings"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"
)

// A conversionTarget is a package that conversions are generated for. Upstream's generator converts more than it should: it cuts an
// int64 to an int32, makes a letter of a number, or calls functions that nobody has written. Here a field is converted by generated code if
// its types are alike, and is the user's otherwise.
type conversionTarget struct {
	generator.Target
	api API
	p   *Packages
}

// Generators implements generator.Target.
func (t conversionTarget) Generators(c *generator.Context) []generator.Generator {
	generators := t.Target.Generators(c)
	for i, g := range generators {
		generators[i] = &conversionGenerator{Generator: g, api: t.api, universe: t.p.Universe, written: t.p.writtenConversions()}
	}
	return generators
}

// A conversionPair is what a function converts, and to what.
type conversionPair struct{ in, out *types.Type }

type conversionGenerator struct {
	generator.Generator
	api      API
	universe types.Universe
	written  map[conversionPair]*types.Type
}

// Filter implements generator.Generator. To upstream's, a type has a peer too if one of Kubernetes' own has the same name.
func (g *conversionGenerator) Filter(c *generator.Context, t *types.Type) bool {
	comments := append(slices.Clone(t.SecondClosestCommentLines), t.CommentLines...)
	explicit := slices.ContainsFunc(comments, func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "+k8s:conversion-gen:explicit-from")
	})
	return (g.peer(t) != nil || explicit) && g.Generator.Filter(c, t)
}

// GenerateType implements generator.Generator. While upstream's generator looks, a field that it should leave alone has a type of
// another kind.
func (g *conversionGenerator) GenerateType(c *generator.Context, t *types.Type, w io.Writer) error {
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

// peer is the type of the same name in the version that t is converted to and from.
func (g *conversionGenerator) peer(t *types.Type) *types.Type {
	for _, name := range g.api.Peers {
		if pkg := g.universe[name]; pkg != nil && pkg.Has(t.Name.Name) {
			return pkg.Type(t.Name.Name)
		}
	}
	return nil
}

// convertible says whether generated code can convert a field of one type to one of the other, and nothing can go wrong. Upstream's
// generator knows lists, maps and pointers of what it can convert; lists of lists are nestConversions'.
func (g *conversionGenerator) convertible(in, out *types.Type) bool {
	if g.written[conversionPair{in, out}] != nil {
		return true
	}
	from, to := underlying(in), underlying(out)
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
		return in == to || underlying(from.Key) == underlying(to.Key) && g.alike(from.Elem, to.Elem)
	}
	return false
}

// alike says whether elements have the same simple type, or are the same struct in both versions, or have a conversion that the user
// has written.
func (g *conversionGenerator) alike(in, out *types.Type) bool {
	switch {
	case g.written[conversionPair{in, out}] != nil:
		return true
	case in == out:
		return in.IsAssignable()
	case in.Kind == types.Struct && (g.peer(in) == out || g.peer(out) == in):
		own := in
		if in.Name.Package != g.api.Package {
			own = out
		}
		return !slices.ContainsFunc(own.CommentLines, func(line string) bool { return strings.TrimSpace(line) == "+k8s:conversion-gen=false" })
	}
	return in.IsPrimitive() && underlying(in) == underlying(out)
}

// underlying is what an alias or a named type is made of.
func underlying(t *types.Type) *types.Type {
	for t.Kind == types.Alias {
		t = t.Underlying
	}
	return t
}

// writtenConversions are the project's functions that convert, whoever writes them.
func (p *Packages) writtenConversions() map[conversionPair]*types.Type {
	written := map[conversionPair]*types.Type{}
	for _, api := range p.options.APIs {
		for name, f := range p.Universe[api.Package].Functions {
			if !strings.HasPrefix(name, "Convert_") || f.Underlying == nil || f.Underlying.Signature == nil {
				continue
			}
			if parameters := f.Underlying.Signature.Parameters; len(parameters) == 3 {
				written[conversionPair{parameters[0].Type.Elem, parameters[1].Type.Elem}] = f
			}
		}
	}
	return written
}
