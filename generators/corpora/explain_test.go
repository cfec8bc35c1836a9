package corpora

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// explain compares differences with the lines of a file. The comments of the file are the reasons for the lines below them. In a line, *
// matches any text. A difference without a line fails the test, and so does a line without a difference.
func explain(t *testing.T, file string, differences []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	explained := make([]bool, len(differences))
	reason := ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			reason = strings.TrimLeft(line, "# ")
			continue
		}
		if reason == "" {
			t.Errorf("%s: no reason above %q", file, line)
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), `\*`, ".*") + "$")
		matched := false
		for i, difference := range differences {
			if pattern.MatchString(difference) {
				matched, explained[i] = true, true
			}
		}
		if !matched {
			t.Errorf("%s: there is no such difference any more: %s", file, line)
		}
	}
	for i, difference := range differences {
		if !explained[i] {
			t.Errorf("not in %s: %s", file, difference)
		}
	}
}
