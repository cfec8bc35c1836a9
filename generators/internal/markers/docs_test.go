package markers

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documented returns the markers in the tables of docs/markers.md with their targets, or "" for markers that are rejected.
func documented(t *testing.T) map[string]string {
	t.Helper()
	markdown, err := os.ReadFile("../../../docs/markers.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`\\+([^`]+)`")
	out := map[string]string{}
	for _, line := range strings.Split(string(markdown), "\n") {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `+") || len(cells) < 2 {
			continue
		}
		on := ""
		if len(cells) == 3 {
			on = cells[1]
		}
		for _, name := range code.FindAllStringSubmatch(cells[0], -1) {
			if _, ok := out[name[1]]; ok {
				t.Errorf("+%s has two rows", name[1])
			}
			out[name[1]] = on
		}
	}
	return out
}

// TestDocument verifies that the document lists exactly the existing markers, with their targets, and whether they are supported.
func TestDocument(t *testing.T) {
	want := map[string]string{}
	for _, d := range registry(t).All() {
		name := d.Name
		if strings.HasPrefix(name, "kubebuilder:validation:items:") {
			name = "kubebuilder:validation:items:NAME"
		}
		on := ""
		if d.Refusal == "" {
			var targets []string
			for _, target := range d.On {
				targets = append(targets, string(target))
			}
			on = strings.Join(targets, ", ")
		} else if name != d.Name {
			continue
		}
		want[name] = on
	}
	if diff := cmp.Diff(want, documented(t)); diff != "" {
		t.Errorf("docs/markers.md differs from the registry (-registry +document):\n%s", diff)
	}
}
