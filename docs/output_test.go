package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wildcard is a line that matches any number of lines.
const wildcard = "..."

// varying contains patterns of text that differs between runs, with replacements for the comparison.
var varying = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "UID"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`), "$1:PORT"},
	{regexp.MustCompile(`resourceVersion: "\d+"`), "resourceVersion: N"},
	{regexp.MustCompile(`\bpid \d+`), "pid N"},
	// The suffix that kubectl prints since 1.33.
	{regexp.MustCompile(` deleted from \S+ namespace$`), " deleted"},
	{regexp.MustCompile(`\bgo1(\.\d+)+\b`), "GO"},
	{regexp.MustCompile(`\b(\d+(\.\d+)?(ms|s|m|h|d))+\b`), "DURATION"},
	{regexp.MustCompile(`\s+`), " "},
	// In a table, a condition that a controller sets shortly after the object is created.
	{regexp.MustCompile(` True DURATION$`), " DURATION"},
}

var (
	// progress matches what a step that takes half a minute or longer appends when it prints its line again.
	progress = regexp.MustCompile(`^(: .*)? \(DURATION\)$`)
	// slow matches a line that is printed if code generation takes ten seconds or longer.
	slow = regexp.MustCompile(`^[Ss]till generating code after DURATION: `)
)

// normalise replaces the varying parts of a command's output. home is the user's home folder, which is /home/me in documents.
func normalise(output, home string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(output, home, "/home/me"), "\n") {
		for _, v := range varying {
			line = v.pattern.ReplaceAllString(line, v.as)
		}
		line = strings.TrimSpace(line)
		if slow.MatchString(line) {
			continue
		}
		if last := len(lines) - 1; last >= 0 && lines[last] != "" {
			if rest, again := strings.CutPrefix(line, lines[last]); again && progress.MatchString(rest) {
				continue
			}
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// matches reports whether got matches want, where wildcards match any lines.
func matches(want, got []string) bool {
	for i, line := range want {
		if line == wildcard {
			for skipped := range len(got) - i + 1 {
				if matches(want[i+1:], got[i+skipped:]) {
					return true
				}
			}
			return false
		}
		if i >= len(got) || got[i] != line {
			return false
		}
	}
	return len(want) == len(got)
}

func TestMatches(t *testing.T) {
	got := []string{"one", "two", "three"}
	for want, ok := range map[string]bool{
		"one two three":         true,
		"... three":             true,
		"one ...":               true,
		"one ... three":         true,
		"... two ...":           true,
		"...":                   true,
		"one ... two ... three": true,
		"one two":               false,
		"two three":             false,
		"one ... two":           false,
		"... four":              false,
		"one two three four":    false,
		"one three ...":         false,
	} {
		if matches(strings.Fields(want), got) != ok {
			t.Errorf("%q matches %q: want %t", want, got, ok)
		}
	}
	if matches(nil, got) || !matches(nil, nil) {
		t.Error("no expected lines must match no output, and nothing else")
	}
}

func TestNormalise(t *testing.T) {
	for name, outputs := range map[string][2]string{
		"ports":      {"  apiserver     https://127.0.0.1:21416   fruit", "  apiserver   https://127.0.0.1:9443   fruit\n"},
		"ages":       {"apple-sample   hello   True    7s", "apple-sample   hello   True    1m12s"},
		"not ready":  {"apple-sample   hello   True    7s", "apple-sample   hello           0s"},
		"uids":       {"uid: d840569c-57b6-4123-9c15-1aabbadace8e", "uid: 00000000-57b6-4123-9c15-1aabbadace8e"},
		"times":      {`"2026-11-22T10:47:55Z"`, `"2027-01-02T00:00:00Z"`},
		"pids":       {"stopped (pid 22440)", "stopped (pid 7)"},
		"test times": {"ok  \texample.com/shop/test\t12.345s", "ok  \texample.com/shop/test\t3.1s"},
		"home":       {"in /home/me/shop", "in /tmp/x/shop"},
		"slow":       {"Generating code ...\ncreated", "Generating code ...\nStill generating code after 10s: the go command may be downloading modules ...\ncreated"},
		"progress":   {"[1/6] building\n[2/6] starting", "[1/6] building\n[1/6] building: package 2 of 9 (30s)\n[1/6] building (1m0s)\n[2/6] starting"},
	} {
		t.Run(name, func(t *testing.T) {
			if a, b := normalise(outputs[0], "/tmp/x"), normalise(outputs[1], "/tmp/x"); !slices.Equal(a, b) {
				t.Errorf("%q and %q differ", a, b)
			}
		})
	}
	if slices.Equal(normalise("apple-sample   hello   False   7s", "/tmp/x"), normalise("apple-sample   hello   True   7s", "/tmp/x")) {
		t.Error("False is taken for True")
	}
	if slices.Equal(normalise("[1/6] building", "/tmp/x"), normalise("[1/6] building\n[1/6] building failed", "/tmp/x")) {
		t.Error("another line is taken for progress")
	}
}
