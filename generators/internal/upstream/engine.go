package upstream

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/conversion"
	"github.com/apiserver-builder/builder/generators/internal/inprocess"
	"github.com/apiserver-builder/builder/internal/scratch"
)

// An upstreamGenerator is one of Kubernetes' generators, with its arguments.
type upstreamGenerator struct {
	// name is the name of its command, which its output contains.
	name string
	// inputs lists the import paths to generate for. If it is empty, the generator does not run.
	inputs []string
	// names contains its name systems, and order is the one that types are sorted by.
	names namer.NameSystems
	order string
	// takes, if set, selects the types that the generator processes. By default, these are the types of its inputs.
	takes func(*types.Type) bool
	// members, if set, replaces the fields of the project's structs while the generator runs.
	members func(*types.Type) []types.Member
	// complete, if set, modifies the generated files.
	complete func(raw map[string][]byte) error
	// targets returns the packages to generate.
	targets func(*generator.Context) ([]generator.Target, error)
}

// An upstream is the model, adapted for Kubernetes' generators.
type upstream struct {
	*apis.Model
	// beside contains generated files of the API packages from other packages of builder.
	beside map[string][]byte
}

// Generate runs all generators and returns formatted Go files. Paths have slashes and are relative to the project's folder. If anything
// fails, it returns no files. Errors in the project's types are returned as a diagnostics.List.
//
// beside contains generated files of the API packages from other packages of builder, which are compiled together with the result.
func Generate(ctx context.Context, m *apis.Model, beside map[string][]byte) (map[string][]byte, error) {
	u := &upstream{Model: m, beside: beside}
	u.translate()
	folder, remove, err := scratch.Dir()
	if err != nil {
		return nil, err
	}
	defer remove()
	boilerplate := filepath.Join(folder, "boilerplate.go.txt")
	if err := os.WriteFile(boilerplate, u.Boilerplate, 0o600); err != nil {
		return nil, fmt.Errorf("writing the licence header: %w", err)
	}

	table := u.table(boilerplate)
	raw, formatted := map[string][]byte{}, newFormatter(ctx)
	defer formatted.stop()
	if err := u.run(ctx, table.independent, raw, formatted); err != nil {
		return nil, err
	}
	all := maps.Clone(raw)
	maps.Copy(all, beside)
	problems, err := u.CheckGenerated(all, func(name string) bool { return path.Base(name) == conversion.MissingFile })
	if err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if len(table.client) > 0 {
		schema, err := u.schema(ctx, all)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(folder, "schema.json")
		if err := os.WriteFile(file, schema, 0o600); err != nil {
			return nil, fmt.Errorf("writing the OpenAPI schema: %w", err)
		}
		defer table.expandEmbedded()()
		if err := u.run(ctx, []upstreamGenerator{table.applyConfiguration(file)}, raw, formatted); err != nil {
			return nil, err
		}
	}
	return formatted.wait()
}

// Sketch returns the generated code for types with errors, as far as there is any. It is only good for comparing names: it is not complete,
// formatted or compiled, and ends the use of the model.
func Sketch(m *apis.Model) map[string][]byte {
	u := &upstream{Model: m}
	u.translate()
	table := u.table(os.DevNull)
	raw := map[string][]byte{}
	for _, g := range append(table.independent, table.applyConfiguration("")) {
		if len(g.inputs) == 0 {
			continue
		}
		_ = u.runOne(g, raw) // its errors are consequences of those in the types
		if g.complete != nil {
			_ = inprocess.Quietly(func() error { return g.complete(raw) })
		}
	}
	return raw
}

// run runs generators one after the other, and adds their files to raw. Files are formatted concurrently. After an error, the other
// generators still run, so that all errors are reported.
func (u *upstream) run(ctx context.Context, generators []upstreamGenerator, raw map[string][]byte, formatted *formatter) error {
	var problems diagnostics.List
	for _, g := range generators {
		if len(g.inputs) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if problems = append(problems, u.runOne(g, raw)...); len(problems) > 0 {
			continue
		}
		if g.complete != nil {
			if err := g.complete(raw); err != nil {
				return err
			}
		}
		formatted.add(raw)
	}
	return problems.Err()
}

// ordered returns the types that a generator processes, sorted. Each target of the generator iterates over all of them, so the list must be
// short.
func (g *upstreamGenerator) ordered(universe types.Universe) []*types.Type {
	takes := g.takes
	if takes == nil {
		takes = func(t *types.Type) bool { return slices.Contains(g.inputs, t.Name.Package) }
	}
	var seen []*types.Type
	for _, pkg := range universe {
		for _, t := range pkg.Types {
			if takes(t) {
				seen = append(seen, t)
			}
		}
	}
	orderer := namer.Orderer{Namer: g.names[g.order]}
	return orderer.OrderTypes(seen)
}

func (u *upstream) runOne(g upstreamGenerator, raw map[string][]byte) diagnostics.List {
	// This context shares the universe. A second gengo context would treat its packages as already read, and find them empty.
	c := *u.Context
	c.Namers = g.names
	c.Inputs = g.inputs
	c.FileTypes = map[string]generator.FileType{}
	c.Order = g.ordered(c.Universe)
	if g.members != nil {
		defer u.replaceMembers(g.members)()
	}
	var targets []generator.Target
	err := inprocess.As(g.name, func() (err error) {
		targets, err = g.targets(&c)
		return err
	})
	if err != nil {
		return diagnostics.List{u.problemOf(g.name, nil, err)}
	}
	var problems diagnostics.List
	for _, t := range targets {
		// Files other than Go are reports, which are not needed.
		for kind := range c.FileTypes {
			c.FileTypes[kind] = discard{}
		}
		c.FileTypes[generator.GoFileType] = memory{dir: u.Relative(t.Dir()), files: raw}
		watched := &watchedTarget{Target: t, dir: u.Dir}
		if err := inprocess.As(g.name, func() error { return c.ExecuteTarget(watched) }); err != nil {
			problems = append(problems, u.problemOf(g.name, watched.current, err))
		}
	}
	return problems
}

// replaceMembers replaces the fields of the project's structs with the results of members, and returns a function that restores them.
func (u *upstream) replaceMembers(members func(*types.Type) []types.Member) (undo func()) {
	before := map[*types.Type][]types.Member{}
	for _, pkg := range u.Universe {
		for _, t := range pkg.Types {
			if t.Kind == types.Struct && (u.IsAPI(t.Name.Package) || u.Own[t.Name]) {
				before[t] = t.Members
			}
		}
	}
	shown := map[*types.Type][]types.Member{}
	for t := range before {
		shown[t] = members(t)
	}
	for t, m := range shown {
		t.Members = m
	}
	return func() {
		for t, m := range before {
			t.Members = m
		}
	}
}

// memory keeps a target's files, by path relative to the project's folder.
type memory struct {
	dir   string
	files map[string][]byte
}

// AssembleFile implements generator.FileType.
func (m memory) AssembleFile(f *generator.File, _ string) error {
	var b bytes.Buffer
	w := generator.NewErrorTracker(&b)
	generator.NewGoFile().Assemble(w, f)
	if err := w.Error(); err != nil {
		return err
	}
	m.files[m.dir+"/"+f.Name] = b.Bytes()
	return nil
}

// discard drops files.
type discard struct{}

// AssembleFile implements generator.FileType.
func (discard) AssembleFile(*generator.File, string) error { return nil }

// A watchedTarget is a target whose folder is not created. It records the type that its generators process.
type watchedTarget struct {
	generator.Target
	dir     string
	current *types.Type
}

// Dir returns an existing folder, because gengo would create the target's folder.
func (t *watchedTarget) Dir() string { return t.dir }

// Generators implements generator.Target.
func (t *watchedTarget) Generators(c *generator.Context) []generator.Generator {
	generators := t.Target.Generators(c)
	for i, g := range generators {
		generators[i] = &watchedGenerator{Generator: g, target: t}
	}
	return generators
}
