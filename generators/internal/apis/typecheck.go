package apis

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// typeProblems type-checks the hand-written files of the API packages and returns the errors in their declarations. It ignores errors in
// the bodies of functions and in variables, which may be caused by missing generated code; the compiler reports those. gengo's loader
// ignores all type errors.
func (m *Model) typeProblems(importer gotypes.Importer) diagnostics.List {
	var problems diagnostics.List
	for _, api := range m.APIs {
		if pkg := m.source.packages[api.Package]; !pkg.broken {
			problems = append(problems, m.checkTypes(pkg, importer)...)
		}
	}
	return problems
}

func (m *Model) checkTypes(pkg *sourcePackage, importer gotypes.Importer) diagnostics.List {
	var problems diagnostics.List
	report := compilerErrors{at: m.source.at, problems: &problems}
	config := gotypes.Config{
		Importer: importer,
		Error: func(err error) {
			var e gotypes.Error
			if errors.As(err, &e) && (report.continues(e) || pkg.declares(e.Pos) && !fixedByGeneration(e.Msg)) {
				report.add(e)
			}
		},
	}
	files := pkg.files
	if generated := m.source.registration(pkg); generated != nil {
		files = append([]*ast.File{generated}, files...) // if an identifier is declared twice, the compiler reports the hand-written declaration
	}
	// Check returns the first of the errors that the function above collects.
	_, _ = config.Check(pkg.path, m.source.fset, files, nil)
	return problems
}

// compilerErrors converts compiler errors in hand-written files into problems.
type compilerErrors struct {
	at       func(token.Pos) token.Position
	problems *diagnostics.List
	// redeclared is the name that the previous error reports as declared twice.
	redeclared string
}

var redeclaration = regexp.MustCompile(`^(?:method )?(\S+) (?:redeclared in this block|already declared at .*zz_generated\..*)$`)

// continues reports whether an error is a continuation of the previous one.
func (c *compilerErrors) continues(e gotypes.Error) bool { return strings.HasPrefix(e.Msg, "\t") }

// add adds an error, or the continuation of one: the position of the other declaration.
func (c *compilerErrors) add(e gotypes.Error) {
	pos, message := c.at(e.Pos), strings.Join(strings.Fields(e.Msg), " ")
	if !c.continues(e) {
		c.redeclared = ""
		if m := redeclaration.FindStringSubmatch(message); m != nil {
			c.redeclared = m[1]
		}
		if strings.HasPrefix(message, "method ") && c.redeclared != "" {
			message = Clash(c.redeclared)
		}
		c.problems.Add(pos, "%s", message)
		return
	}
	if c.redeclared != "" && strings.HasPrefix(filepath.Base(pos.Filename), "zz_generated.") {
		(*c.problems)[len(*c.problems)-1].Message = Clash(c.redeclared)
	}
	c.redeclared = ""
}

// Clash returns the message about a name that generated code declares too.
func Clash(name string) string { return name + clashes }

const (
	clashes   = " is declared by the generated code of this package: choose another name"
	meansElse = " means something else in the generated code of this package: choose another name"
)

func isClash(p diagnostics.Diagnostic) bool {
	return strings.HasSuffix(p.Message, clashes) || strings.HasSuffix(p.Message, meansElse)
}

// twice is the start of the message about two types whose generated code declares the same name.
const twice = "generated code would declare "

// NameClashes returns the diagnostics about names that generated code declares too.
func NameClashes(problems diagnostics.List) diagnostics.List {
	return slices.DeleteFunc(problems, func(p diagnostics.Diagnostic) bool { return !isClash(p) && !strings.HasPrefix(p.Message, twice) })
}

// registered lists declarations in the generated part of each API package that hand-written constants, types and signatures may use.
var registered = []string{
	"const GroupName = \"\"",
	"var SchemeGroupVersion schema.GroupVersion",
	"var AddToScheme func(*runtime.Scheme) error",
	"func Resource(resource string) schema.GroupResource",
}

// registration returns a file with the declarations of the generated part of an API package, or nil if the package has no name.
func (s *source) registration(pkg *sourcePackage) *ast.File {
	if len(pkg.files) == 0 {
		return nil
	}
	text := "package " + pkg.files[0].Name.Name + `

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var _, _ = runtime.Unknown{}, schema.GroupVersion{}
`
	text += strings.Join(registered, "\n")
	file, err := parser.ParseFile(s.fset, "zz_generated.register.go", text, parser.SkipObjectResolution)
	if err != nil { // the package clause is invalid, which is reported for its file
		return nil
	}
	return file
}

// declares reports whether a position is in an import, a constant, a type or the signature of a function.
func (p *sourcePackage) declares(pos token.Pos) bool {
	return slices.ContainsFunc(p.files, func(f *ast.File) bool {
		if pos < f.FileStart || pos > f.FileEnd {
			return false
		}
		for _, decl := range f.Decls {
			if pos < decl.Pos() || pos >= decl.End() {
				continue
			}
			switch decl := decl.(type) {
			case *ast.GenDecl:
				return decl.Tok != token.VAR
			case *ast.FuncDecl:
				return decl.Body == nil || pos < decl.Body.Pos()
			}
		}
		return true
	})
}

// fixedByGeneration reports whether a type error disappears once code is generated, or is one that the loader reports more precisely.
func fixedByGeneration(msg string) bool {
	return strings.HasPrefix(msg, "could not import") || strings.Contains(msg, "missing method DeepCopy")
}
