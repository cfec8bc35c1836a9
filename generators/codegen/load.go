package codegen

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
)

// openAPIBase are the packages whose OpenAPI definitions every extension-apiserver serves.
var openAPIBase = []string{
	"k8s.io/apimachinery/pkg/api/resource",
	"k8s.io/apimachinery/pkg/apis/meta/v1",
	"k8s.io/apimachinery/pkg/runtime",
	"k8s.io/apimachinery/pkg/version",
}

// load fills Universe and context. The problems are those that parsing found.
func (p *Packages) load(ctx context.Context, problems Diagnostics) error {
	if len(problems) > 0 {
		return p.explain(ctx, problems, nil)
	}
	gengoParser, err := p.parse(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return p.explain(ctx, nil, err)
	}
	err = quietly(func() (err error) {
		p.context, err = generator.NewContext(gengoParser, nil, "")
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the API packages of %s: %w", p.options.Dir, err)
	}
	p.Universe = p.context.Universe
	if err := p.typeProblems(importerOf(p.Universe)).err(); err != nil {
		return err
	}
	if err := p.loadReferenced(); err != nil {
		return err
	}
	restoreInt8(p.Universe)
	return nil
}

// parse has gengo's parser load the packages. The parser can't be interrupted, so it must not wait for a download: modules that are
// missing are downloaded before it is tried again.
func (p *Packages) parse(ctx context.Context) (*parser.Parser, error) {
	const offline = "GOPROXY=off"
	once := func() (*parser.Parser, error) {
		gengoParser := parser.NewWithOptions(parser.Options{BuildTags: []string{gengo.StdBuildTag}})
		env := p.options.Env
		if env == nil {
			env = os.Environ()
		}
		return gengoParser, quietly(func() error {
			// The method's name says "for testing", but it is the only one that takes a folder: the others would need this
			// process to change its own.
			return gengoParser.LoadPackagesWithConfigForTesting(&packages.Config{Dir: p.options.Dir, Env: append(slices.Clone(env), offline)}, p.patterns()...)
		})
	}
	gengoParser, err := once()
	if err == nil || !strings.Contains(err.Error(), offline) {
		return gengoParser, err
	}
	cfg := &packages.Config{
		Context: ctx, Dir: p.options.Dir, Env: p.options.Env, BuildFlags: []string{"-tags", gengo.StdBuildTag},
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps,
	}
	if _, err := packages.Load(cfg, p.patterns()...); err != nil {
		return nil, err
	}
	return once()
}

// patterns are the packages to load: all that any generator looks into, since a generator that finds one missing would start
// a load of its own.
func (p *Packages) patterns() []string {
	all := slices.Clone(openAPIBase)
	for _, api := range p.options.APIs {
		all = append(all, api.Package)
		if len(api.Peers) > 0 {
			all = append(all, conversionargs.DefaultBasePeerDirs...)
		}
	}
	for _, m := range p.source.interfaceMarkers() {
		if m.name.Package != "" {
			all = append(all, m.name.Package)
		}
	}
	if p.source.scaled() {
		all = append(all, scale.Package)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// explain turns a failed load into problems with positions. It loads again, more patiently, so that the problems that did not
// stop the loader are told as well.
func (p *Packages) explain(ctx context.Context, problems Diagnostics, cause error) error {
	cfg := &packages.Config{
		Context: ctx, Dir: p.options.Dir, Env: p.options.Env, BuildFlags: []string{"-tags", gengo.StdBuildTag},
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax,
	}
	loaded, err := packages.Load(cfg, p.patterns()...)
	if err != nil {
		return fmt.Errorf("loading the API packages of %s: %w", p.options.Dir, errors.Join(problems.err(), err))
	}
	known := knownPackages{}
	packages.Visit(loaded, nil, func(pkg *packages.Package) {
		if pkg.Types != nil {
			known[pkg.PkgPath] = pkg.Types
		}
		for _, e := range pkg.Errors {
			if api := p.source.packages[pkg.PkgPath]; api == nil && e.Kind != packages.TypeError || api != nil && !api.broken && e.Kind == packages.ListError {
				problems = append(problems, p.listProblem(pkg.PkgPath, e))
			}
		}
	})
	problems = append(problems, p.typeProblems(known)...)
	if len(problems) == 0 {
		return fmt.Errorf("loading the API packages of %s: %w", p.options.Dir, cause)
	}
	return problems.err()
}

var mixedPackages = regexp.MustCompile(`^found packages (\S+) \((\S+)\) and (\S+) \((\S+)\) in (.+)$`)

var missingPackage = regexp.MustCompile(`no required module provides package ([^ ;:]+)`)

// listProblem is what the go command said of a package.
func (p *Packages) listProblem(pkg string, e packages.Error) Diagnostic {
	d := Diagnostic{Pos: p.source.relative(parsePosition(e.Pos)), Message: strings.Join(strings.Fields(e.Msg), " ")}
	if m := missingPackage.FindStringSubmatch(d.Message); m != nil {
		d.Message = fmt.Sprintf("no module in go.mod provides the package %s: correct the import, or run go get %s", m[1], m[1])
		if strings.HasPrefix(m[1], p.options.Module+"/") {
			d.Message = fmt.Sprintf("there is no package %s: correct the import", m[1])
		}
	}
	if mixed := mixedPackages.FindStringSubmatch(d.Message); mixed != nil {
		name, file, folder := mixed[1], mixed[2], p.options.rel(mixed[5])
		if name == path.Base(folder) {
			name, file = mixed[3], mixed[4]
		}
		d.Pos = token.Position{Filename: path.Join(folder, file), Line: 1}
		d.Message = fmt.Sprintf("this file is of package %s, and others in its folder are not: write package %s", name, path.Base(folder))
		return d
	}
	if d.Pos.Filename == "" {
		// The package was asked for by a marker, which the go command knows nothing of.
		for _, m := range p.source.interfaceMarkers() {
			if m.name.Package == pkg {
				d.Pos = m.pos
			}
		}
	}
	if d.Pos.Filename == "" {
		d.Message = fmt.Sprintf("the modules that go.mod requires can't be loaded: %s: see that %q succeeds in this folder", d.Message, "go mod download")
	}
	return d
}

// parsePosition reads "file:line:column", as far as it is there.
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

// knownPackages resolves imports among packages that are loaded already.
type knownPackages map[string]*gotypes.Package

// Import implements go/types.Importer.
func (k knownPackages) Import(path string) (*gotypes.Package, error) {
	if path == "unsafe" {
		return gotypes.Unsafe, nil
	}
	if pkg := k[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("package %s is not loaded", path)
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

// importerOf finds the go/types packages behind a universe: gengo keeps them to itself, but its types lead to them.
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
