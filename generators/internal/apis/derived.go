package apis

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// CheckDerived type-checks packages with generated files, before these are written, and reports the errors in generated files at the API
// types that cause them. Keys of files are paths relative to the project's folder. CheckDerived omits API packages, which CheckGenerated
// checks, and errors in hand-written files, which the compiler reports.
//
// Only the packages that the API types need are loaded. CheckDerived ignores errors that may depend on other packages.
func (m *Model) CheckDerived(files map[string][]byte) (diagnostics.List, error) {
	if len(m.APIs) == 0 {
		return nil, nil
	}
	c := &derivedCheck{
		generatedCheck: generatedCheck{Model: m, files: files, unfinished: func(string) bool { return false }, known: importerOf(m.Universe), done: map[string]*gotypes.Package{}},
		folders:        map[string][]string{},
	}
	for name := range files {
		if path.Ext(name) == ".go" {
			folder := path.Dir(name)
			c.folders[folder] = append(c.folders[folder], name)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(c.folders)) {
		if _, err := c.Import(path.Join(m.Module, folder)); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

// A derivedCheck imports packages of the project with their generated files, and all other packages as they were loaded.
type derivedCheck struct {
	generatedCheck
	folders map[string][]string // the generated files by folder
	found   diagnostics.List
}

// Import implements go/types.Importer.
func (c *derivedCheck) Import(pkg string) (*gotypes.Package, error) {
	folder := strings.TrimPrefix(strings.TrimPrefix(pkg, c.Module), "/")
	if c.IsAPI(pkg) || c.folders[folder] == nil || pkg == folder {
		return c.generatedCheck.Import(pkg)
	}
	if done := c.done[pkg]; done != nil {
		return done, nil
	}
	syntax, complete, err := c.parse(folder)
	if err != nil {
		return nil, err
	}
	config := gotypes.Config{Importer: c, Error: func(err error) {
		var e gotypes.Error
		if errors.As(err, &e) && !strings.HasPrefix(e.Msg, "\t") && c.isGenerated(c.at(e.Pos).Filename) && !c.dependsOnOthers(e.Msg, complete) {
			c.addDerived(syntax, e)
		}
	}}
	checked, _ := config.Check(pkg, c.source.fset, syntax, nil)
	c.done[pkg] = checked
	return checked, nil
}

// parse parses the files of a folder without tests, generated ones first. complete means that all files are generated.
func (c *derivedCheck) parse(folder string) (syntax []*ast.File, complete bool, err error) {
	handwritten, err := readHandwritten(c.Dir, folder)
	if err != nil {
		return nil, false, err
	}
	add := func(name string, content []byte) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(c.source.fset, filepath.Join(c.Dir, filepath.FromSlash(name)), content, parser.SkipObjectResolution)
		if file != nil {
			syntax = append(syntax, file)
		}
		return err
	}
	for _, name := range slices.Sorted(slices.Values(c.folders[folder])) {
		if err := add(name, c.files[name]); err != nil {
			return nil, false, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(handwritten)) {
		if c.files[name] == nil {
			_ = add(name, handwritten[name]) // the compiler reports it
		}
	}
	return syntax, len(handwritten) == 0, nil
}

// notLoaded matches errors that embedded types from packages that are not loaded may cause.
var notLoaded = regexp.MustCompile(`has no field or method|missing method|does not implement|is not an interface|impossible type`)

// dependsOnOthers reports whether a package that is not loaded, or a hand-written file, may cause an error.
func (c *derivedCheck) dependsOnOthers(message string, complete bool) bool {
	if strings.HasPrefix(message, "could not import "+c.Generated()+"/") {
		return false
	}
	return unsure.MatchString(message) || notLoaded.MatchString(message) || !complete && strings.HasPrefix(message, "undefined: ")
}

// addDerived reports an error in a generated file at the API type that causes it.
func (c *derivedCheck) addDerived(syntax []*ast.File, e gotypes.Error) {
	message := c.plain(e.Msg)
	for _, file := range syntax {
		if file.FileStart > e.Pos || e.Pos > file.FileEnd {
			continue
		}
		name := c.at(e.Pos).Filename
		pos := c.causeOf(file, path.Dir(name), e.Pos, message)
		if m := redeclaration.FindStringSubmatch(message); m != nil {
			c.found.Add(pos, twice+"%s twice, for two types (%s): choose another name", m[1], name)
			continue
		}
		c.found.Add(pos, "generated code for this would not compile: %s: %s", name, message)
	}
}

var identifiers = regexp.MustCompile(`[\pL_][\pL\pN_]*`)

// causeOf returns the position of an API type that an error in a generated file mentions, or else of an API type that the declaration
// around the error uses, or else of an API package of the file.
func (c *derivedCheck) causeOf(file *ast.File, folder string, at token.Pos, message string) token.Position {
	imports := c.apisOf(file, folder)
	packages := slices.Compact(slices.Sorted(maps.Values(imports)))
	for _, word := range identifiers.FindAllString(message, -1) {
		for _, pkg := range packages {
			if t := c.declaredType(pkg, word); t.IsValid() {
				return t
			}
		}
	}
	var found token.Position
	for _, decl := range file.Decls {
		if at < decl.Pos() || decl.End() <= at {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && !found.IsValid() {
				if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
					found = c.declaredType(imports[x.Name], selector.Sel.Name)
				}
			}
			return !found.IsValid()
		})
	}
	switch {
	case found.IsValid():
		return found
	case len(packages) > 0:
		return c.PackagePosition(packages[0])
	}
	return c.PackagePosition(c.APIs[0].Package)
}

// apisOf returns the API packages that a generated file imports, by their name in it, and the API package with the same group and version
// as the file's folder, with the name "".
func (c *derivedCheck) apisOf(file *ast.File, folder string) map[string]string {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		if pkg := strings.Trim(spec.Path.Value, `"`); c.IsAPI(pkg) {
			name := path.Base(pkg)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			imports[name] = pkg
		}
	}
	for _, api := range c.APIs {
		if strings.HasSuffix(api.Package, "/"+path.Base(path.Dir(folder))+"/"+path.Base(folder)) {
			imports[""] = api.Package
		}
	}
	return imports
}

// declaredType returns the position of a type that an API package declares.
func (c *derivedCheck) declaredType(pkg, name string) token.Position {
	if c.source.packages[pkg].types[name] == nil {
		return token.Position{}
	}
	return c.Position(types.Name{Package: pkg, Name: name}, "")
}
