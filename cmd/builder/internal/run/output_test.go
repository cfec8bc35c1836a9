package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOutput(t *testing.T) {
	var many, goroutines []string
	for i := range 20 {
		many = append(many, fmt.Sprint("line ", i))
		goroutines = append(goroutines, fmt.Sprint("frame ", i))
	}
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		name   string
		writes []string
		lines  []string
		tail   []string
	}{
		{"nothing", nil, nil, nil},
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}, []string{"a", "b"}},
		{"a line in pieces", []string{"a", "b", "c\nd", "\n"}, []string{"abc", "d"}, []string{"abc", "d"}},
		{"no end", []string{"a\nb"}, []string{"a", "b"}, []string{"a", "b"}},
		{"carriage return", []string{"a\r\n"}, []string{"a"}, []string{"a"}},
		{"empty line", []string{"a\n\nb\n"}, []string{"a", "", "b"}, []string{"a", "", "b"}},
		{"too long", []string{long, "y\n"}, []string{long, "y"}, []string{long, "y"}},
		{"the last ones", []string{strings.Join(many, "\n")}, many, many[10:]},
		{
			"a panic's first ones", []string{"before\npanic: oh\n" + strings.Join(goroutines, "\n") + "\n"},
			append([]string{"before", "panic: oh"}, goroutines...), append([]string{"panic: oh"}, goroutines[:9]...),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			log, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			o := &output{log: log, line: func(line string) { lines = append(lines, line) }}
			for _, w := range c.writes {
				if n, err := o.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("write: %d, %v", n, err)
				}
			}
			if diff := cmp.Diff(c.tail, o.close()); diff != "" {
				t.Errorf("tail:\n%s", diff)
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Errorf("lines:\n%s", diff)
			}
			content, err := os.ReadFile(log.Name())
			if want := strings.Join(c.writes, ""); err != nil || string(content) != want {
				t.Errorf("log: %q, want %q (%v)", content, want, err)
			}
		})
	}
}
