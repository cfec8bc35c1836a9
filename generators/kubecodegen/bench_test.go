package kubecodegen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rounds = flag.Int("rounds", 3, "how often to measure each thing; the median counts")

// BenchmarkCodegen makes all measurements once, independently of b.N. builder and the script alternate, each with its own copy of the same
// project. The script runs with its generators installed. It gets no OpenAPI schema for the apply configurations, for which a project would
// have to build a program; builder generates the schema each time.
func BenchmarkCodegen(b *testing.B) {
	b.ReportMetric(0, "ns/op") // meaningless here
	t := build(b)
	r := &report{usages: map[string][]usage{}, peaks: map[string]peaks{}}
	fruit := t.newPair(b, "fruit", func(dir string) { t.copyFruit(b, dir) })
	twenty := t.newPair(b, "groups-20", func(dir string) { t.newProject(b, dir, 20) })
	hundred := t.newPair(b, "groups-100", func(dir string) { t.newProject(b, dir, 100) })
	for _, p := range []*pair{fruit, twenty} {
		p.kubeCodegen(b, p.theirs, module) // installs the generators
	}
	for range *rounds {
		r.add(fruitRerun, fruit.rerun(b))
		r.add(fruitOneType, fruit.oneType(b))
		r.add(fruitUnchanged, fruit.unchanged(b))
		r.add(fruitScript, fruit.kubeCodegen(b, fruit.theirs, module))
		r.add(twentyRerun, twenty.rerun(b))
		r.add(twentyScript, twenty.kubeCodegen(b, twenty.theirs, module))
		r.add(hundredRerun, hundred.rerun(b))
	}
	for _, p := range []*pair{fruit, twenty} {
		r.peaks[p.name] = p.peaks(b)
	}
	r.print(os.Stdout)
	r.printRatios(os.Stdout)
}

// module is the module path of the measured projects.
const module = "example.com/shop"

// A pair is two copies of a project: for builder and for the script.
type pair struct {
	*tools
	name         string
	ours, theirs string
	changes      int
}

func (t *tools) newPair(b *testing.B, name string, create func(dir string)) *pair {
	b.Helper()
	p := &pair{tools: t, name: name, ours: filepath.Join(b.TempDir(), name), theirs: filepath.Join(b.TempDir(), name)}
	create(p.ours)
	t.run(b, p.ours, t.builder, "generate")
	if err := os.CopyFS(p.theirs, os.DirFS(p.ours)); err != nil {
		b.Fatal(err)
	}
	return p
}

// rerun measures builder after all types files changed, and without generated files.
func (p *pair) rerun(b *testing.B) usage {
	b.Helper()
	before := tree(b, p.ours, isGenerated)
	p.forget(b)
	u := p.run(b, p.ours, p.builder, "generate")
	for name := range before {
		if _, err := os.Stat(filepath.Join(p.ours, name)); err != nil {
			b.Fatalf("%s: builder generate didn't write a file again: %v", p.name, err)
		}
	}
	return u
}

// forget deletes the files that builder generated, and changes every types file.
func (p *pair) forget(b *testing.B) {
	b.Helper()
	p.changes++
	for name := range tree(b, p.ours, isGenerated) {
		if err := os.Remove(filepath.Join(p.ours, name)); err != nil {
			b.Fatal(err)
		}
	}
	isTypes := func(name string) bool {
		return strings.HasPrefix(name, "pkg/apis/") && strings.HasSuffix(name, "_types.go")
	}
	for name, content := range tree(b, p.ours, isTypes) {
		content += fmt.Sprintf("\n// Change %d.\n", p.changes)
		if err := os.WriteFile(filepath.Join(p.ours, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// oneType measures builder after a field was added to one type.
func (p *pair) oneType(b *testing.B) usage {
	b.Helper()
	p.changes++
	const start = "type OrchardSpec struct {\n"
	name := fmt.Sprintf("added%d", p.changes)
	field := fmt.Sprintf("\t// Added%d is new.\n\t// +optional\n\tAdded%[1]d string `json:\"%s,omitempty\"`\n\n", p.changes, name)
	replace(b, filepath.Join(p.ours, "pkg/apis/fruit/v1alpha1/orchard_types.go"), start, start+field)
	u := p.run(b, p.ours, p.builder, "generate")
	definitions, err := os.ReadFile(filepath.Join(p.ours, "pkg/generated/openapi/zz_generated.openapi.go"))
	if err != nil || !strings.Contains(string(definitions), name) {
		b.Fatalf("builder generate didn't describe the new field %s: %v", name, err)
	}
	return u
}

// unchanged measures builder when nothing has changed.
func (p *pair) unchanged(b *testing.B) usage {
	b.Helper()
	return p.run(b, p.ours, p.builder, "generate")
}

// peaks measures the peak memory of a full run of each.
func (p *pair) peaks(b *testing.B) peaks {
	b.Helper()
	var most peaks
	for range *rounds {
		p.forget(b)
		most.ours = max(most.ours, peak(b, p.command(p.ours, p.builder, "generate")))
	}
	most.theirs = peak(b, p.kubeCodegenCommand(b, p.theirs, module))
	return most
}

// copyFruit copies examples/fruit, which has two versions, subresources and CEL rules.
func (t *tools) copyFruit(b *testing.B, dir string) {
	b.Helper()
	if err := os.CopyFS(dir, os.DirFS("../../examples/fruit")); err != nil {
		b.Fatal(err)
	}
	writeBoilerplate(b, dir)
}

// newProject creates a project with a number of groups, each with one kind.
func (t *tools) newProject(tb testing.TB, dir string, groups int) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	t.run(tb, dir, t.builder, "init", "--domain", "example.com", "--module", module, "--generate=false")
	for i := range groups {
		t.run(tb, dir, t.builder, "create", "resource", "--group", fmt.Sprintf("group%d", i), "--version", "v1alpha1",
			"--kind", fmt.Sprintf("Kind%d", i), "--generate=false")
	}
	writeBoilerplate(tb, dir)
}

// writeBoilerplate writes the license header, which kube_codegen.sh requires.
func writeBoilerplate(tb testing.TB, dir string) {
	tb.Helper()
	file := filepath.Join(dir, "hack", "boilerplate.go.txt")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("// Licensed to whoever compares.\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
}
