package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// A problem is what the compiler would say of a module.
type problem struct{ module, text string }

// typeCheck type-checks modules with their tests. Each is in the folder below root that has the last element of its path as its name. The packages
// that they import from elsewhere are compiled once for all of them, and their own are not compiled at all.
func typeCheck(t *testing.T, root string, modules []string) []problem {
	t.Helper()
	work := "go " + strings.TrimPrefix(runtime.Version(), "go") + "\n"
	var patterns []string
	for _, module := range modules {
		work += "use ./" + path.Base(module) + "\n"
		patterns = append(patterns, "./"+path.Base(module)+"/...")
	}
	write(t, root, map[string]string{"go.work": work})
	config := &packages.Config{
		Context: t.Context(), Dir: root, Env: append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work")), Tests: true,
		Mode: packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
	}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{fset: token.NewFileSet(), files: map[string]*ast.File{}, checked: map[string]*types.Package{}, own: map[string]bool{}}
	for _, module := range modules {
		c.own[module] = true
	}
	c.loadOthers(t, config, loaded)
	tested := map[string]bool{}
	for _, pkg := range loaded {
		if strings.HasSuffix(pkg.PkgPath, ".test") { // the main of a test
			continue
		}
		c.check(pkg)
		tested[pkg.Module.Path] = tested[pkg.Module.Path] || pkg.ID == fmt.Sprintf("%s/test [%[1]s/test.test]", pkg.Module.Path)
	}
	for _, module := range modules {
		if !tested[module] {
			t.Errorf("the tests of %s were not loaded", module)
		}
	}
	t.Logf("%d packages of %d modules", len(c.checked), len(modules))
	return c.problems
}

// A checker type-checks the packages of some modules from their sources. What they import beside those was compiled.
type checker struct {
	own      map[string]bool
	fset     *token.FileSet
	files    map[string]*ast.File
	checked  map[string]*types.Package
	others   types.Importer
	problems []problem
}

func (c *checker) isOwn(pkg *packages.Package) bool {
	return pkg.Module != nil && c.own[pkg.Module.Path]
}

// loadOthers compiles what the modules import from elsewhere.
func (c *checker) loadOthers(t *testing.T, config *packages.Config, loaded []*packages.Package) {
	t.Helper()
	paths := map[string]bool{}
	packages.Visit(loaded, nil, func(pkg *packages.Package) {
		if !c.isOwn(pkg) {
			return
		}
		for _, imported := range pkg.Imports {
			if !c.isOwn(imported) && imported.PkgPath != "unsafe" {
				paths[imported.PkgPath] = true
			}
		}
	})
	exporting := *config
	exporting.Tests, exporting.Mode = false, packages.NeedName|packages.NeedExportFile
	others, err := packages.Load(&exporting, slices.Sorted(maps.Keys(paths))...)
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for _, pkg := range others {
		for _, err := range pkg.Errors {
			t.Error(err)
		}
		exports[pkg.PkgPath] = pkg.ExportFile
	}
	c.others = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("package %s was not compiled", path)
		}
		return os.Open(exports[path])
	})
}

// check type-checks a package after those that it imports.
func (c *checker) check(pkg *packages.Package) *types.Package {
	if done, ok := c.checked[pkg.ID]; ok {
		return done
	}
	report := func(err error) {
		c.problems = append(c.problems, problem{pkg.Module.Path, err.Error()})
	}
	for _, err := range pkg.Errors {
		report(err)
	}
	var files []*ast.File
	for _, name := range pkg.CompiledGoFiles {
		file, err := c.parse(name)
		if err != nil {
			report(err)
			continue
		}
		files = append(files, file)
	}
	config := types.Config{
		GoVersion: "go" + pkg.Module.GoVersion, Sizes: types.SizesFor("gc", runtime.GOARCH), Error: report,
		Importer: importerFunc(func(path string) (*types.Package, error) {
			if imported := pkg.Imports[path]; imported != nil && c.isOwn(imported) {
				return c.check(imported), nil
			}
			return c.others.Import(path)
		}),
	}
	// The error is the first of those that report was given.
	checked, _ := config.Check(pkg.PkgPath, c.fset, files, nil)
	c.checked[pkg.ID] = checked
	return checked
}

func (c *checker) parse(name string) (*ast.File, error) {
	if file := c.files[name]; file != nil {
		return file, nil
	}
	file, err := parser.ParseFile(c.fset, name, nil, parser.SkipObjectResolution)
	c.files[name] = file
	return file, err
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
