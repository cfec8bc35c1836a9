package scaffold

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/project"
)

// TestSubresourceLines counts the lines that a subresource costs its owner, besides its logic: those of its types and of its function,
// without blank lines, comments and the body of the function.
func TestSubresourceLines(t *testing.T) {
	const limit = 20
	for name, s := range map[string]project.Subresource{
		"create":  {Verb: project.VerbCreate},
		"update":  {Verb: project.VerbUpdate},
		"get":     {Verb: project.VerbGet},
		"stream":  {Verb: project.VerbGet, Stream: true},
		"connect": {Verb: project.VerbConnect, Methods: project.AllMethods(), Path: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := project.New("", "example.com", "example.com/shop")
			if err != nil {
				t.Fatal(err)
			}
			if err := p.AddKind("fruit", "v1", project.Kind{Name: "Apple"}); err != nil {
				t.Fatal(err)
			}
			s.Name = "test"
			if err := p.AddSubresource("fruit", "v1", "Apple", s); err != nil {
				t.Fatal(err)
			}
			files, err := Render(p)
			if err != nil {
				t.Fatal(err)
			}
			types, function := files["pkg/apis/fruit/v1/apple_test_types.go"], files["pkg/registry/fruit/apple/test.go"]
			before, _, found := bytes.Cut(function, []byte("\nfunc "))
			if len(types) == 0 || !found {
				t.Fatalf("the types are %q, the function is %q", types, function)
			}
			if lines := codeLines(types) + codeLines(before) + 2; lines > limit {
				t.Errorf("%d lines besides the logic, want %d at most", lines, limit)
			}
			for _, word := range []string{"runtime.Object", "rest.", ".(type)"} {
				if bytes.Contains(function, []byte(word)) {
					t.Errorf("the function has %s", word)
				}
			}
		})
	}
}

// codeLines counts the lines of Go, without blank lines and comments.
func codeLines(source []byte) int {
	count := 0
	for line := range strings.Lines(string(source)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			count++
		}
	}
	return count
}
