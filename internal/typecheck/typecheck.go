// Package typecheck type-checks generated projects with their tests, for the tests of the generators. This is much cheaper than go vet:
// dependencies are compiled once for all projects, the project's own packages are not compiled, and nothing is linked.
package typecheck

import (
	"context"
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

	"golang.org/x/tools/go/packages"
)

// A Problem is an error that the compiler would report in a module. Text begins with its position.
type Problem struct{ Module, Text string }

// A Report is the result of Modules.
type Report struct {
	Problems []Problem
	// Packages is the number of packages checked. A package with tests counts twice.
	Packages int
	// Untested lists the modules whose package test was loaded without its tests.
	Untested []string
}

// Modules type-checks modules with their tests. Each module is in the folder of root that has the last element of its module path as its
// name. Modules writes a go.work file that lists them to root.
func Modules(ctx context.Context, root string, modules []string) (*Report, error) {
	work := "go " + strings.TrimPrefix(runtime.Version(), "go") + "\n"
	var patterns []string
	for _, module := range modules {
		work += "use ./" + path.Base(module) + "\n"
		patterns = append(patterns, "./"+path.Base(module)+"/...")
	}
	workFile := filepath.Join(root, "go.work")
	if err := os.WriteFile(workFile, []byte(work), 0o644); err != nil {
		return nil, err
	}
	config := &packages.Config{
		Context: ctx, Dir: root, Env: append(os.Environ(), "GOWORK="+workFile), Tests: true,
		Mode: packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
	}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	c := &checker{fset: token.NewFileSet(), files: map[string]*ast.File{}, checked: map[string]*types.Package{}, own: map[string]bool{}}
	for _, module := range modules {
		c.own[module] = true
	}
	if err := c.loadOthers(config, loaded); err != nil {
		return nil, err
	}
	tested := map[string]bool{}
	for _, pkg := range loaded {
		if strings.HasSuffix(pkg.PkgPath, ".test") { // the main package of a test
			continue
		}
		c.check(pkg)
		tested[pkg.Module.Path] = tested[pkg.Module.Path] || pkg.ID == fmt.Sprintf("%s/test [%[1]s/test.test]", pkg.Module.Path)
	}
	untested := slices.DeleteFunc(slices.Clone(modules), func(module string) bool { return tested[module] })
	return &Report{Problems: c.problems, Packages: len(c.checked), Untested: untested}, nil
}

// A checker type-checks the packages of some modules from source. Their dependencies are compiled.
type checker struct {
	own      map[string]bool
	fset     *token.FileSet
	files    map[string]*ast.File
	checked  map[string]*types.Package
	others   types.Importer
	problems []Problem
}

func (c *checker) isOwn(pkg *packages.Package) bool {
	return pkg.Module != nil && c.own[pkg.Module.Path]
}

// loadOthers compiles the dependencies outside the modules.
func (c *checker) loadOthers(config *packages.Config, loaded []*packages.Package) error {
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
		return err
	}
	exports := map[string]string{}
	for _, pkg := range others {
		for _, err := range pkg.Errors {
			return err
		}
		exports[pkg.PkgPath] = pkg.ExportFile
	}
	c.others = importer.ForCompiler(c.fset, "gc", func(importPath string) (io.ReadCloser, error) {
		if exports[importPath] == "" {
			return nil, fmt.Errorf("package %s was not compiled", importPath)
		}
		return os.Open(exports[importPath])
	})
	return nil
}

// check type-checks a package after its imports.
func (c *checker) check(pkg *packages.Package) *types.Package {
	if done, ok := c.checked[pkg.ID]; ok {
		return done
	}
	report := func(err error) {
		c.problems = append(c.problems, Problem{pkg.Module.Path, err.Error()})
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
		Importer: importerFunc(func(importPath string) (*types.Package, error) {
			if imported := pkg.Imports[importPath]; imported != nil && c.isOwn(imported) {
				return c.check(imported), nil
			}
			return c.others.Import(importPath)
		}),
	}
	// Check returns the first of the errors that report received.
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

func (f importerFunc) Import(importPath string) (*types.Package, error) { return f(importPath) }
