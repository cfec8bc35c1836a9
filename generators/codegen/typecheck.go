package codegen

import (
	"errors"
	"go/ast"
	"go/token"
	gotypes "go/types"
	"slices"
	"strings"
)

// typeProblems type-checks the hand-written files of the API packages and gathers what is wrong with their declarations.
// gengo's loader passes over type errors, because code without its generated part is bound to have some; so does this where
// the generated part may be what is missing: in the bodies of functions and in variables. The compiler tells of those.
func (p *Packages) typeProblems(importer gotypes.Importer) Diagnostics {
	var problems Diagnostics
	for _, api := range p.options.APIs {
		if pkg := p.source.packages[api.Package]; !pkg.broken {
			problems = append(problems, p.checkTypes(pkg, importer)...)
		}
	}
	return problems
}

func (p *Packages) checkTypes(pkg *sourcePackage, importer gotypes.Importer) Diagnostics {
	var problems Diagnostics
	config := gotypes.Config{
		Importer: importer,
		Error: func(err error) {
			var e gotypes.Error
			if errors.As(err, &e) && pkg.declares(e.Pos) && !ofTheGeneratedPart(e.Msg) {
				// A message that starts with a tab continues the one before it.
				if msg := strings.TrimPrefix(e.Msg, "\t"); msg == e.Msg {
					problems.add(p.source.at(e.Pos), "%s", strings.Join(strings.Fields(msg), " "))
				}
			}
		},
	}
	// The error is the first of those that the function above was given.
	_, _ = config.Check(pkg.path, p.source.fset, pkg.files, nil)
	return problems
}

// declares says whether pos is in an import, a constant, a type or the signature of a function.
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

// ofTheGeneratedPart says whether a type error is of a kind that generated code mends, or that the loader tells better.
func ofTheGeneratedPart(msg string) bool {
	return strings.HasPrefix(msg, "could not import") || strings.Contains(msg, "missing method DeepCopy")
}
