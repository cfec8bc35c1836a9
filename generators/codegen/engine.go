package codegen

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
)

// An upstreamGenerator is one of Kubernetes' generators, as its command would be called.
type upstreamGenerator struct {
	// name is the command's name, which goes into the headers of what it writes.
	name string
	// inputs are the import paths that the command would be given. Without any, the generator does not run.
	inputs []string
	// names and order are its name systems, and the one that types are sorted by.
	names namer.NameSystems
	order string
	// takes, if set, narrows the types that the generator gets to see.
	takes func(*types.Type) bool
	// targets are the packages it writes.
	targets func(*generator.Context) ([]generator.Target, error)
}

// Generate runs every generator and returns formatted Go files by path relative to the project's folder, slash-separated. It
// returns no file when anything fails. What a generator has to say about the project's types comes back as Diagnostics.
func (p *Packages) Generate(ctx context.Context) (map[string][]byte, error) {
	scratch, err := os.MkdirTemp("", "codegen-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	boilerplate := filepath.Join(scratch, "boilerplate.go.txt")
	if err := os.WriteFile(boilerplate, p.options.Boilerplate, 0o600); err != nil {
		return nil, fmt.Errorf("writing the licence header: %w", err)
	}

	table := p.table(boilerplate)
	raw := map[string][]byte{}
	if err := p.run(ctx, table.independent, raw); err != nil {
		return nil, err
	}
	table.addNestedConversions(raw)
	if err := p.addMissingConversions(raw); err != nil {
		return nil, err
	}
	if len(table.client) > 0 {
		schema, err := p.schema(ctx, raw)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(scratch, "schema.json")
		if err := os.WriteFile(file, schema, 0o600); err != nil {
			return nil, fmt.Errorf("writing the OpenAPI schema: %w", err)
		}
		if err := p.run(ctx, []upstreamGenerator{table.applyConfiguration(file)}, raw); err != nil {
			return nil, err
		}
	}
	return format(ctx, raw)
}

// run runs generators one after the other and adds the files they write to raw. A problem in one does not keep the
// others from telling theirs.
func (p *Packages) run(ctx context.Context, generators []upstreamGenerator, raw map[string][]byte) error {
	var problems Diagnostics
	for _, g := range generators {
		if len(g.inputs) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		problems = append(problems, p.runOne(g, raw)...)
	}
	return problems.err()
}

func (p *Packages) runOne(g upstreamGenerator, raw map[string][]byte) Diagnostics {
	// A context of its own, on the universe of all: a second real one would find its packages read already, and empty.
	c := *p.context
	c.Namers = g.names
	c.Inputs = g.inputs
	c.FileTypes = map[string]generator.FileType{}
	orderer := namer.Orderer{Namer: g.names[g.order]}
	c.Order = orderer.OrderUniverse(c.Universe)
	if g.takes != nil {
		c.Order = slices.DeleteFunc(c.Order, func(t *types.Type) bool { return !g.takes(t) })
	}
	var targets []generator.Target
	err := asGenerator(g.name, func() (err error) {
		targets, err = g.targets(&c)
		return err
	})
	if err != nil {
		return Diagnostics{p.problemOf(g.name, nil, err)}
	}
	var problems Diagnostics
	for _, t := range targets {
		// Whatever is not Go is a report that nobody reads.
		for kind := range c.FileTypes {
			c.FileTypes[kind] = discard{}
		}
		c.FileTypes[generator.GoFileType] = memory{dir: p.options.rel(t.Dir()), files: raw}
		watched := &watchedTarget{Target: t, dir: p.options.Dir}
		if err := asGenerator(g.name, func() error { return c.ExecuteTarget(watched) }); err != nil {
			problems = append(problems, p.problemOf(g.name, watched.current, err))
		}
	}
	return problems
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

// discard drops a file.
type discard struct{}

// AssembleFile implements generator.FileType.
func (discard) AssembleFile(*generator.File, string) error { return nil }

// A watchedTarget is a target whose folder is not made, and which remembers the type that its generators are at.
type watchedTarget struct {
	generator.Target
	dir     string
	current *types.Type
}

// Dir is a folder that exists: gengo would make the real one.
func (t *watchedTarget) Dir() string { return t.dir }

// Generators implements generator.Target.
func (t *watchedTarget) Generators(c *generator.Context) []generator.Generator {
	generators := t.Target.Generators(c)
	for i, g := range generators {
		generators[i] = &watchedGenerator{Generator: g, target: t}
	}
	return generators
}
