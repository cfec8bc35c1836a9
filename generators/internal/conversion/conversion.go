// Package conversion generates the conversions between the versions of a project's types. It uses upstream's generator, and corrects its
// output. The conversions copy field by field: if types change and the generated code does not, a copy of memory would be wrong, not just
// incomplete.
package conversion

import (
	"slices"

	conversionargs "k8s.io/code-generator/cmd/conversion-gen/args"
	conversiongen "k8s.io/code-generator/cmd/conversion-gen/generators"
	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// The names of the generated files in an API package.
const (
	// File is the output of upstream's generator.
	File = "zz_generated.conversion.go"
	// NestedFile contains conversions for nested lists, maps and pointers.
	NestedFile = "zz_generated.conversion_nested.go"
	// MissingFile contains stubs for the conversions that the user has to write.
	MissingFile = "zz_generated.conversion_missing.go"
)

// A Generator generates the conversions of each package with peers.
type Generator struct {
	*apis.Model
	// nested contains the conversions that upstream's generator calls but does not generate, by package.
	nested map[string][]*types.Type
}

// New returns a generator for a model.
func New(m *apis.Model) *Generator {
	return &Generator{Model: m, nested: map[string][]*types.Type{}}
}

// Packages returns the import paths of the packages with peers.
func (g *Generator) Packages() []string {
	var out []string
	for _, api := range g.APIs {
		if len(api.Peers) > 0 {
			out = append(out, api.Package)
		}
	}
	return out
}

// Targets returns the targets of upstream's generator. boilerplate is the path of a file.
func (g *Generator) Targets(c *generator.Context, boilerplate string) []generator.Target {
	args := conversionargs.New()
	args.OutputFile, args.GoHeaderFile, args.SkipUnsafe = File, boilerplate, true
	// The peers come from the declaration; upstream's generator reads them from a marker.
	for _, api := range g.APIs {
		pkg := g.Universe[api.Package]
		comments := pkg.Comments
		defer func() { pkg.Comments = comments }()
		for _, peer := range api.Peers {
			pkg.Comments = append(slices.Clip(pkg.Comments), "+k8s:conversion-gen="+peer)
		}
	}
	g.declareNested(c.Namers["public"])
	targets := conversiongen.GetTargets(c, args)
	for i, t := range targets {
		j := slices.IndexFunc(g.APIs, func(api apis.API) bool { return api.Package == t.Path() })
		targets[i] = target{t, g.APIs[j], g.Model}
	}
	return targets
}

// Complete adds to the generated files the conversions that upstream's generator omits, and stubs for those that the user has to write.
func (g *Generator) Complete(raw map[string][]byte) error {
	g.addNested(raw)
	return g.addMissing(raw)
}
