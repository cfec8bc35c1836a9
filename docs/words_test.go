package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// habits are phrases that readers stumble over, each with a better form and an example. A pattern that also matches good sentences
// does not belong here. A space in a pattern matches any white space, including line breaks.
var habits = []struct{ pattern, instead, example string }{
	{`(says?|said|tells?|told) (whether|how|what|which|where|who|why|when)`, "reports whether, lists, defines, specifies", "a status says how far it has come"},
	{`(\pL+) (is|are) no (\pL+)`, "is not a ...", "a Scale is no kind"},
	{`(is|are|was|were) what`, "a definition: defines, lists, contains", "a spec is what a user wants"},
	{`be (it|they) (in|on|for|by|just|that)`, "whether ... or ..., even if ...", "for a cost, be it for a list"},
	{`of which|of whom|whom|thereof|wherein|whence|henceforth`, "a sentence of its own; who", "five requests, of which one succeeds"},
	{`for ever`, "forever, or: without a timeout", "it waits for ever"},
	{`but for (a|an|the|what|those|these|one|files)`, "except", "all but for a few"},
	{`nobody|somebody|everybody`, "no one, or the role: users, clients, components", "nobody serves the API"},
	{`of (its|their) own`, "its own ..., a separate ...", "it has rules of its own"},
	{`mend(s|ed|ing)?`, "fix", "mend what is wrong"},
	{`what (is|was|are|were) (said|meant|told|asked|wanted|there|stored|shown|needed|wrong)`, "a noun: the stored objects, the errors", "compares what is stored"},
	{`(go|goes|went) on (\pL+ing|as)`, "continue, keep", "the watch goes on waiting"},
	{`all else`, "everything else", "all else stays"},
	{`(those|ones|all|any|everything|nothing) that there (is|are)`, "existing, supported, available", "a list of those that there are"},
	{`(is|are) to be`, "must, should, will", "as many as there are to be"},
	{`comes? true|came true`, "is met, is reconciled", "how far the spec came true"},
	{`(has|have|had|having) (a|an|the) (\pL+ )?\pL+ (wait|say|tell|come|look|make|do)`, "makes ... wait, waits for", "have the suite wait"},
	{`by turns`, "alternately, in turn", "measures them by turns"},
	{`(takes?|took|taken) (it|them|this|that|itself) for`, "treats ... as", "takes this for a test"},
	{`whoever|whomever|somebody's|nobody's|anybody's`, "the role: users, clients, components", "it is for whoever reads it"},
	{`holds that`, "verifies that, requires that", "the test holds that locks end"},
	{`what (follows|belongs|remains|keeps|makes|holds) (\pL+)`, "a noun: the rest, the reason", "what keeps it from running"},
	{`(says?|said|saying) so`, "reports it, add a marker", "unless PROJECT says so"},
}

// compiled returns the pattern of a habit as a regular expression that matches whole words.
func compiled(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(pattern, " ", `\s+`) + `)\b`)
}

// accepted matches good phrases among the matches of a pattern.
var accepted = regexp.MustCompile(`(?i)^there\s|\bno\s+(longer|more|less|later|earlier)$`)

// TestWords rejects the habits in documents, in templates, and in the string literals of the programs.
func TestWords(t *testing.T) {
	for _, name := range documents(t) {
		checkWords(t, name, prose(readFile(t, name)))
	}
	for _, name := range filesIn(t, "templates", ".tmpl") {
		text := readFile(t, name)
		if strings.HasSuffix(name, ".md.tmpl") {
			text = prose(text)
		}
		checkWords(t, name, uncommented(text))
	}
	for _, name := range slices.Concat(filesIn(t, "cmd", ".go"), filesIn(t, "generators", ".go"), filesIn(t, "internal", ".go"), filesIn(t, "proxy", ".go")) {
		if !strings.HasSuffix(name, "_test.go") {
			checkMessages(t, name)
		}
	}
}

// TestHabits checks that each pattern matches its example, and which parts of a text TestWords reads.
func TestHabits(t *testing.T) {
	for _, habit := range habits {
		if !compiled(habit.pattern).MatchString(habit.example) {
			t.Errorf("%q does not match %q", habit.pattern, habit.example)
		}
	}
	if got, want := prose("one `mend`\n```text\nmend\n```\nlast"), "one ``\n\n\n\nlast"; got != want {
		t.Errorf("the prose is %q, want %q", got, want)
	}
	if got, want := uncommented("a\n// one\n\t# two"), "a\n one\n two"; got != want {
		t.Errorf("the text without comment markers is %q, want %q", got, want)
	}
}

// checkWords reports the habits in a text, which has the same lines as the file.
func checkWords(t *testing.T, name, text string) {
	t.Helper()
	for _, habit := range habits {
		for _, at := range compiled(habit.pattern).FindAllStringIndex(text, -1) {
			if found := text[at[0]:at[1]]; !accepted.MatchString(found) {
				line := 1 + strings.Count(text[:at[0]], "\n")
				t.Errorf("%s:%d: %q: write %s", name, line, strings.Join(strings.Fields(found), " "), habit.instead)
			}
		}
	}
}

// checkMessages reports the habits in the string literals of a Go file.
func checkMessages(t *testing.T, name string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join("..", name), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Errorf("%s: %v", files.Position(literal.Pos()), err)
		}
		checkWords(t, name, strings.Repeat("\n", files.Position(literal.Pos()).Line-1)+text)
		return true
	})
}

// prose returns a document without fenced blocks and inline code, with the same lines.
func prose(markdown string) string {
	lines := strings.Split(markdown, "\n")
	code := false
	for i, line := range lines {
		fence := strings.HasPrefix(line, "```")
		if fence || code {
			lines[i] = ""
		}
		if fence {
			code = !code
		}
	}
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(strings.Join(lines, "\n"), "``")
}

// uncommented removes the comment markers from a text, so that a pattern can match across the lines of a comment.
func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]*(//|#)`).ReplaceAllString(text, "")
}

// filesIn returns the paths of the files in a folder that have a suffix, relative to the repository.
func filesIn(t *testing.T, folder, suffix string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(".."), folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// readFile returns the content of a file of the repository.
func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
