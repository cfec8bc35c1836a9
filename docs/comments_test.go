package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWordsInComments rejects the habits in Go comments, and doc comments that do not start with the name and, for functions, a verb.
func TestWordsInComments(t *testing.T) {
	var names []string
	for _, folder := range []string{"cmd", "docs", "generators", "internal", "proxy", "templates"} {
		names = append(names, filesIn(t, folder, ".go")...)
	}
	inExamples, err := filepath.Glob("../examples/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range inExamples {
		names = append(names, filepath.ToSlash(strings.TrimPrefix(name, "../")))
	}
	for _, name := range names {
		checkComments(t, name)
	}
}

// checkComments checks the comments of a Go file.
func checkComments(t *testing.T, name string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join("..", name), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	line := func(node ast.Node) int { return files.Position(node.Pos()).Line }
	for _, group := range file.Comments {
		checkWords(t, name, strings.Repeat("\n", line(group)-1)+commentText(group))
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if message := badFuncDoc(decl.Name.Name, decl.Doc.Text()); message != "" {
				t.Errorf("%s:%d: %s", name, line(decl), message)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if declared, doc := specDoc(decl, spec); doc != "" && !startsWithName(declared, doc) {
					t.Errorf("%s:%d: start the comment with %q", name, line(spec), declared)
				}
			}
		}
	}
}

// commentText returns a comment without comment markers and indented blocks, which are code, with the same lines.
func commentText(group *ast.CommentGroup) string {
	var lines []string
	for _, comment := range group.List {
		for text := range strings.SplitSeq(comment.Text, "\n") {
			text = strings.TrimPrefix(text, "//")
			if strings.HasPrefix(text, "\t") {
				text = ""
			}
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// notAVerb matches the beginning of a function's comment that describes a value instead of an action.
var notAVerb = regexp.MustCompile(`^\w+ (is|are|has|have|says|tells|does) `)

// badFuncDoc returns the error of a function's comment, or "".
func badFuncDoc(name, doc string) string {
	switch {
	case doc == "":
		return ""
	case !startsWithName(name, doc):
		return "start the comment with " + name
	case notAVerb.MatchString(doc) && !strings.HasPrefix(doc, name+" is like "):
		return "start the comment with " + name + " and a verb, such as returns"
	}
	return ""
}

// TestFuncDoc checks which comments of functions TestWordsInComments accepts.
func TestFuncDoc(t *testing.T) {
	for doc, accepted := range map[string]bool{
		"": true, "add adds a number.\n": true, "add is like Add, but faster.\n": true,
		"adds a number.\n": false, "Whatever add adds.\n": false, "add is the sum.\n": false, "add says how much.\n": false,
	} {
		if message := badFuncDoc("add", doc); (message == "") != accepted {
			t.Errorf("%q: %q", doc, message)
		}
	}
	group := &ast.CommentGroup{List: []*ast.Comment{{Text: "// one"}, {Text: "//\tcode"}, {Text: "/* two\nthree */"}}}
	if got, want := commentText(group), " one\n\n/* two\nthree */"; got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}
}

// specDoc returns the name and the comment of a type, or of a single constant or variable.
func specDoc(decl *ast.GenDecl, spec ast.Spec) (name, doc string) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Doc == nil && !decl.Lparen.IsValid() {
			return spec.Name.Name, decl.Doc.Text()
		}
		return spec.Name.Name, spec.Doc.Text()
	case *ast.ValueSpec:
		if spec.Doc == nil && !decl.Lparen.IsValid() && len(spec.Names) == 1 {
			return spec.Names[0].Name, decl.Doc.Text()
		}
	}
	return "", ""
}

// startsWithName reports whether a comment starts with a name, which an article may precede.
func startsWithName(name, doc string) bool {
	words := strings.Fields(doc)
	if slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	return len(words) > 0 && strings.Trim(words[0], ".,:;") == name
}
