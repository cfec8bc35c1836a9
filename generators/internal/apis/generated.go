package apis

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// CheckGenerated type-checks the API packages together with their generated files, before these are written. It reports each error at the
// type or field that causes it. Keys of files are paths relative to the project's folder. Errors in files for which unfinished returns true
// are not reported, because the user has to complete these files.
func (m *Model) CheckGenerated(files map[string][]byte, unfinished func(name string) bool) (diagnostics.List, error) {
	c := &generatedCheck{Model: m, files: files, unfinished: unfinished, known: importerOf(m.Universe), done: map[string]*gotypes.Package{}}
	for _, api := range m.APIs {
		if _, err := c.Import(api.Package); err != nil {
			return nil, err
		}
	}
	// A name that is declared twice, or means something else, causes the errors in generated code that refers to it.
	if !slices.ContainsFunc(c.problems, isClash) {
		c.problems = append(c.problems, c.generated...)
	}
	return c.problems, nil
}

// A generatedCheck imports API packages with their generated files, and all other packages as they were loaded.
type generatedCheck struct {
	*Model
	files      map[string][]byte
	unfinished func(name string) bool
	known      knownPackages
	done       map[string]*gotypes.Package
	problems   diagnostics.List // in hand-written files
	generated  diagnostics.List // in generated files
}

// Import implements go/types.Importer.
func (c *generatedCheck) Import(pkg string) (*gotypes.Package, error) {
	if !c.IsAPI(pkg) {
		return c.known.Import(pkg)
	}
	if done := c.done[pkg]; done != nil {
		return done, nil
	}
	source := c.source.packages[pkg]
	syntax := slices.Clone(source.files)
	dir := c.Relative(c.Folder(pkg))
	used := map[string]string{}
	for name, content := range c.files {
		if path.Dir(name) == dir && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(c.source.fset, filepath.Join(c.Dir, filepath.FromSlash(name)), content, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			syntax = append(syntax, file)
			reservePredeclared(used, file)
		}
	}
	for _, file := range source.files {
		for _, ident := range declared(file) {
			if what := used[ident.Name]; what != "" {
				c.problems.Add(c.at(ident.Pos()), "%s", what)
			}
		}
	}
	// If an identifier is declared twice, the compiler reports the later declaration. In this order, it reports the hand-written one.
	slices.SortStableFunc(syntax, func(a, b *ast.File) int { return strings.Compare(c.rank(a), c.rank(b)) })
	report := compilerErrors{at: c.at, problems: &c.problems}
	config := gotypes.Config{Importer: c, Error: func(err error) {
		var e gotypes.Error
		switch {
		case !errors.As(err, &e) || unsure.MatchString(e.Msg):
		case report.continues(e) || !c.isGenerated(c.at(e.Pos).Filename):
			report.add(e)
		default:
			report.redeclared = ""
			c.addGenerated(pkg, syntax, e)
		}
	}}
	checked, _ := config.Check(pkg, c.source.fset, syntax, nil)
	c.done[pkg] = checked
	return checked, nil
}

// rank returns a sort key that orders generated files before hand-written ones.
func (c *generatedCheck) rank(file *ast.File) string {
	name := c.at(file.Package).Filename
	if c.isGenerated(name) {
		return "0" + name
	}
	return "1" + name
}

func (c *generatedCheck) isGenerated(name string) bool { _, ok := c.files[name]; return ok }

func (c *generatedCheck) at(pos token.Pos) token.Position { return c.source.at(pos) }

var (
	// unsure matches errors that packages cause that are not loaded: packages that only generated code imports, and the generated methods
	// of other modules' types, which the build tag of the generators excludes.
	unsure  = regexp.MustCompile(`^could not import|has no field or method (?:DeepCopy\w*|OpenAPIModelName)\)|missing method DeepCopyObject`)
	inField = regexp.MustCompile(`\b(?:in|out|obj)\.((?:\w+\.)*\w+)`)
)

// plain returns an error message of the compiler in one line, with paths relative to the project's folder.
func (c *generatedCheck) plain(message string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(message), " "), c.Dir+string(filepath.Separator), "")
}

// addGenerated reports an error in a generated file at the declaration that causes it.
func (c *generatedCheck) addGenerated(pkg string, syntax []*ast.File, e gotypes.Error) {
	pos := c.at(e.Pos)
	if c.unfinished(pos.Filename) {
		return
	}
	message := c.plain(e.Msg)
	for _, file := range syntax {
		if file.FileStart > e.Pos || e.Pos > file.FileEnd {
			continue
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && decl.Pos() <= e.Pos && e.Pos < decl.End() {
				pos = c.cause(pkg, f, message)
			}
		}
	}
	c.generated.Add(pos, "generated code for this would not compile: %s", message)
}

// cause returns the position of the field, or else of the type, that a generated function handles and that an error in the function
// mentions.
func (c *generatedCheck) cause(pkg string, f *ast.FuncDecl, message string) token.Position {
	var about []*types.Type
	ast.Inspect(f, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && n.Pos() < f.Type.End() {
			if t := c.Universe[pkg].Types[ident.Name]; t != nil && t.Name.Package == pkg {
				about = append(about, t)
			}
		}
		return true
	})
	if len(about) == 0 {
		return c.PackagePosition(pkg)
	}
	if m := inField.FindStringSubmatch(message); m != nil {
		return c.Position(about[0].Name, strings.Split(m[1], ".")[0])
	}
	return c.Position(about[0].Name, "")
}
