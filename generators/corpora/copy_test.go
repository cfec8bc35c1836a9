package corpora

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A copiedPackage is a package of a corpus.
type copiedPackage struct {
	// from is its folder in the module, and to its folder in the project.
	from, to string
	// kinds lists the Go types of its kinds and their lists, if it is the package of a group version.
	kinds []string
}

// packagesOf returns the packages of a corpus that contain the given resources.
func (c corpus) packagesOf(resources []published) []copiedPackage {
	var out []copiedPackage
	for from, to := range c.packages {
		out = append(out, copiedPackage{from: from, to: to})
	}
	for _, r := range resources {
		g, ok := c.groups[r.Group]
		if !ok {
			continue
		}
		for _, v := range r.versions {
			to := path.Join("pkg/apis", g.name, v.Name)
			i := slices.IndexFunc(out, func(p copiedPackage) bool { return p.to == to })
			if i < 0 {
				i, out = len(out), append(out, copiedPackage{from: path.Join(g.dir, v.Name), to: to})
			}
			out[i].kinds = append(out[i].kinds, r.Names.Kind, r.Names.Kind+"List")
		}
	}
	return out
}

// importPaths returns a replacer for the import paths of copied packages, in imports and in +default=ref(...).
func importPaths() *strings.Replacer {
	var oldnew []string
	for _, c := range corpora {
		from, _, _ := strings.Cut(c.types, "@")
		for _, g := range c.groups {
			for _, before := range []string{`"`, "ref("} {
				oldnew = append(oldnew, before+path.Join(from, g.dir)+"/v", before+path.Join(module, "pkg/apis", g.name)+"/v")
			}
		}
		for dir, to := range c.packages {
			oldnew = append(oldnew, `"`+path.Join(from, dir)+`"`, `"`+path.Join(module, to)+`"`)
		}
	}
	return strings.NewReplacer(oldnew...)
}

// isScaffolded reports whether a file of an API package is not copied: builder generates its own package comment and registration,
// conversions belong to versions that are not copied, and other generators' code is generated again.
func isScaffolded(name string) bool {
	return slices.Contains([]string{"doc.go", "register.go", "groupversion_info.go", "conversion.go"}, name) || strings.HasPrefix(name, "zz_generated.") ||
		strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, "_generated.go")
}

// copyPackage copies a package of a module without its tests, and counts the edits.
func (p *copied) copyPackage(c corpus, module string, from copiedPackage, imports *strings.Replacer, edits []int) {
	p.t.Helper()
	names, err := filepath.Glob(filepath.Join(module, from.from, "*.go"))
	if err != nil || len(names) == 0 {
		p.t.Fatalf("no Go files in %s: %v", from.from, err)
	}
	files := map[string]string{}
	for _, name := range names {
		to := path.Join(from.to, filepath.Base(name))
		if strings.HasSuffix(to, "_test.go") || len(from.kinds) > 0 && isScaffolded(path.Base(to)) {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			p.t.Fatal(err)
		}
		files[to] = string(content)
		for i, e := range c.edits {
			if n := strings.Count(files[to], e.old); n > 0 && strings.HasSuffix(to, e.file) {
				edits[i] += n
				files[to] = strings.ReplaceAll(files[to], e.old, e.new)
			}
		}
	}
	if c.declarationsOnly {
		files = declarations(p.t, files, from.kinds)
	}
	if err := os.MkdirAll(filepath.Join(p.dir, from.to), 0o700); err != nil {
		p.t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(imports.Replace(text)), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}
