package apis

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	gotypes "go/types"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
	conversionargs "k8s.io/code-generator/cmd/conversion-gen/args"
	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/parser"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/godriver"
	"github.com/apiserver-builder/builder/generators/internal/inprocess"
)

// OpenAPIBase lists the packages whose OpenAPI definitions every extension-apiserver serves.
var OpenAPIBase = []string{
	"k8s.io/apimachinery/pkg/api/resource",
	"k8s.io/apimachinery/pkg/apis/meta/v1",
	"k8s.io/apimachinery/pkg/runtime",
	"k8s.io/apimachinery/pkg/version",
}

// load sets Universe and Context. problems are the errors from parsing.
func (m *Model) load(ctx context.Context, problems diagnostics.List) error {
	if len(problems) > 0 {
		return m.explain(ctx, problems, nil)
	}
	gengoParser, err := m.parse(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return m.explain(ctx, nil, err)
	}
	err = inprocess.Quietly(func() (err error) {
		m.Context, err = generator.NewContext(gengoParser, nil, "")
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the API packages of %s: %w", m.Dir, err)
	}
	m.Universe = m.Context.Universe
	m.Problems = m.typeProblems(importerOf(m.Universe))
	endless := m.breakCycles()
	m.findForeign()
	if err := m.loadReferenced(); err != nil {
		return err
	}
	m.addForeign()
	for _, name := range endless {
		m.Problems.Add(m.Position(name, ""), "%s contains itself with no struct in between, so its OpenAPI definition would not end: make it a struct, with a field for what it contains", name.Name)
	}
	m.unifyAliased()
	correctInt8(m.Universe)
	m.removeBlankFields()
	return nil
}

// removeBlankFields removes blank fields from the API types, because JSON does not contain them, and generated code cannot copy, convert or
// describe them.
func (m *Model) removeBlankFields() {
	for _, api := range m.APIs {
		for _, t := range m.Universe[api.Package].Types {
			t.Members = slices.DeleteFunc(t.Members, func(member types.Member) bool { return member.Name == "_" })
		}
	}
}

// parse loads the packages with gengo's parser, which cannot be interrupted. So it does not download modules: if some are missing, parse
// downloads them and tries again.
func (m *Model) parse(ctx context.Context) (*parser.Parser, error) {
	env, done := m.environment(ctx)
	defer done()
	const offline = "GOPROXY=off"
	once := func() (*parser.Parser, error) {
		gengoParser := parser.NewWithOptions(parser.Options{BuildTags: []string{gengo.StdBuildTag}})
		return gengoParser, inprocess.Quietly(func() error {
			// Despite its name, this method is the right one: it is the only one with a parameter for the folder. The others use the
			// working directory of the process.
			return gengoParser.LoadPackagesWithConfigForTesting(&packages.Config{Dir: m.Dir, Env: append(slices.Clone(env), offline)}, m.patterns()...)
		})
	}
	gengoParser, err := once()
	if err == nil || !strings.Contains(err.Error(), offline) {
		return gengoParser, err
	}
	cfg := &packages.Config{
		Context: ctx, Dir: m.Dir, Env: m.Env, BuildFlags: []string{"-tags", gengo.StdBuildTag},
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps,
	}
	if _, err := packages.Load(cfg, m.patterns()...); err != nil {
		return nil, err
	}
	return once()
}

// environment returns the environment for gengo's parser. It is valid until done is called.
func (m *Model) environment(ctx context.Context) (env []string, done func()) {
	if m.byGoCommand {
		if m.Env == nil {
			return os.Environ(), func() {}
		}
		return m.Env, func() {}
	}
	env, done, err := godriver.Env(ctx, godriver.Request{Dir: m.Dir, Env: m.Env, Tag: gengo.StdBuildTag, Patterns: m.patterns()})
	m.byGoCommand = err != nil
	return env, done
}

// patterns returns the packages to load. They include all packages that any generator reads, because a generator would load a missing
// package itself.
func (m *Model) patterns() []string {
	all := slices.Clone(OpenAPIBase)
	for _, api := range m.APIs {
		all = append(all, api.Package)
		if len(api.Peers) > 0 {
			all = append(all, conversionargs.DefaultBasePeerDirs...)
		}
	}
	for _, marker := range m.InterfaceMarkers() {
		if marker.Name.Package != "" {
			all = append(all, marker.Name.Package)
		}
	}
	if m.source.scaled() {
		all = append(all, scale.Package)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// explain returns the problems, with positions, that made loading fail. It loads the packages again with a loader that continues after
// errors, to report all problems at once.
func (m *Model) explain(ctx context.Context, problems diagnostics.List, cause error) error {
	cfg := &packages.Config{
		Context: ctx, Dir: m.Dir, Env: m.Env, BuildFlags: []string{"-tags", gengo.StdBuildTag},
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax,
	}
	loaded, err := packages.Load(cfg, m.patterns()...)
	if err != nil {
		return fmt.Errorf("loading the API packages of %s: %w", m.Dir, errors.Join(problems.Err(), err))
	}
	known := knownPackages{}
	packages.Visit(loaded, nil, func(pkg *packages.Package) {
		if pkg.Types != nil {
			known[pkg.PkgPath] = pkg.Types
		}
		for _, e := range pkg.Errors {
			if api := m.source.packages[pkg.PkgPath]; api == nil && e.Kind != packages.TypeError || api != nil && !api.broken && e.Kind == packages.ListError {
				problems = append(problems, m.listProblem(pkg.PkgPath, e))
			}
		}
	})
	problems = append(problems, m.typeProblems(known)...)
	if len(problems) == 0 {
		return fmt.Errorf("loading the API packages of %s: %w", m.Dir, cause)
	}
	return problems.Err()
}

var mixedPackages = regexp.MustCompile(`^found packages (\S+) \((\S+)\) and (\S+) \((\S+)\) in (.+)$`)

var missingPackage = regexp.MustCompile(`no required module provides package ([^ ;:]+)`)

var missingSum = regexp.MustCompile(`missing go\.sum entry for module providing package ([^ ;:]+)`)

// listProblem converts an error of the go command into a diagnostic.
func (m *Model) listProblem(pkg string, e packages.Error) diagnostics.Diagnostic {
	d := diagnostics.Diagnostic{Pos: m.source.relative(parsePosition(e.Pos)), Message: strings.Join(strings.Fields(e.Msg), " ")}
	if unknown := missingSum.FindStringSubmatch(d.Message); unknown != nil {
		d.Message = fmt.Sprintf("go.sum has no checksum of the module that provides the package %s: run go get %s", unknown[1], unknown[1])
	}
	if missing := missingPackage.FindStringSubmatch(d.Message); missing != nil {
		d.Message = fmt.Sprintf("no module in go.mod provides the package %s: correct the import, or run go get %s", missing[1], missing[1])
		if strings.HasPrefix(missing[1], m.Module+"/") {
			d.Message = fmt.Sprintf("there is no package %s: correct the import", missing[1])
		}
	}
	if mixed := mixedPackages.FindStringSubmatch(d.Message); mixed != nil {
		name, file, folder := mixed[1], mixed[2], m.Relative(mixed[5])
		if name == path.Base(folder) {
			name, file = mixed[3], mixed[4]
		}
		d.Pos = token.Position{Filename: path.Join(folder, file), Line: 1}
		d.Message = fmt.Sprintf("this file is of package %s, and others in its folder are not: write package %s", name, path.Base(folder))
		return d
	}
	if d.Pos.Filename == "" {
		// The go command does not know that a marker refers to the package.
		for _, marker := range m.InterfaceMarkers() {
			if marker.Name.Package == pkg {
				d.Pos = marker.Pos
			}
		}
	}
	if d.Pos.Filename == "" {
		d.Message = fmt.Sprintf("the modules that go.mod requires can't be loaded: %s: see that %q succeeds in this folder", d.Message, "go mod download")
	}
	return d
}

// parsePosition parses "file:line:column", "file:line" or "file".
func parsePosition(s string) token.Position {
	if s == "" || s == "-" {
		return token.Position{}
	}
	var numbers []int
	for len(numbers) < 2 {
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			break
		}
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			break
		}
		numbers = append([]int{n}, numbers...)
		s = s[:i]
	}
	pos := token.Position{Filename: s}
	if len(numbers) > 0 {
		pos.Line = numbers[0]
	}
	if len(numbers) > 1 {
		pos.Column = numbers[1]
	}
	return pos
}

// knownPackages resolves imports among loaded packages.
type knownPackages map[string]*gotypes.Package

// Import implements go/types.Importer.
func (k knownPackages) Import(importPath string) (*gotypes.Package, error) {
	if importPath == "unsafe" {
		return gotypes.Unsafe, nil
	}
	if pkg := k[importPath]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("package %s is not loaded", importPath)
}

func (k knownPackages) add(pkg *gotypes.Package) {
	if pkg == nil || k[pkg.Path()] != nil {
		return
	}
	k[pkg.Path()] = pkg
	for _, imported := range pkg.Imports() {
		k.add(imported)
	}
}

// importerOf collects the go/types packages of a universe. gengo does not expose them, but its types refer to them.
func importerOf(u types.Universe) knownPackages {
	known := knownPackages{}
	for _, pkg := range u {
		for _, t := range pkg.Types {
			switch g := t.GoType.(type) {
			case *gotypes.Named:
				known.add(g.Obj().Pkg())
			case *gotypes.Struct:
				if g.NumFields() > 0 {
					known.add(g.Field(0).Pkg())
				}
			}
		}
	}
	return known
}
