package docs

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the pictures in docs/images")

// A palette contains the colors of a picture for one color scheme.
type palette struct {
	Text, Muted, Line, Fill, Border, Accent, AccentFill, Worse string
}

// palettes contains the color schemes, by the suffix of a picture's name.
var palettes = map[string]palette{
	"light": {
		Text: "#1f2328", Muted: "#59636e", Line: "#818b98", Fill: "#f6f8fa", Border: "#d1d9e0",
		Accent: "#0969da", AccentFill: "#ddf4ff", Worse: "#bc4c00",
	},
	"dark": {
		Text: "#f0f6fc", Muted: "#9198a1", Line: "#7d8590", Fill: "#151b23", Border: "#3d444d",
		Accent: "#4493f8", AccentFill: "#10233f", Worse: "#db6d28",
	},
}

// TestPictures compares the pictures in docs/images with those rendered from README.md and benchmarks.txt. With -update, it writes them.
func TestPictures(t *testing.T) {
	want := pictures(t)
	for name, content := range want {
		if err := wellFormed(content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if *update {
			if err := os.WriteFile(filepath.Join("images", name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob("images/*.svg")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, file := range files {
		if got[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/images is out of date (-rendered +there): run make plots, and delete pictures that are not rendered\n%s", diff)
	}
}

// TestPicturesAreShown verifies that a page shows every picture, and that every picture in README.md exists.
func TestPicturesAreShown(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, quoted := range strings.Split(string(readme), `"`) {
		if name, ok := strings.CutPrefix(quoted, "docs/images/"); ok {
			shown = append(shown, name)
		}
	}
	rendered := pictures(t)
	for name := range rendered {
		if !slices.Contains(shown, name) {
			t.Errorf("README.md does not show docs/images/%s", name)
		}
	}
	for _, name := range shown {
		if _, ok := rendered[name]; !ok {
			t.Errorf("README.md shows docs/images/%s, which is not rendered", name)
		}
	}
}

// pictures returns the content of every picture, by file name.
func pictures(t *testing.T) map[string][]byte {
	t.Helper()
	contents := map[string][]byte{"terminal.svg": render(t, "terminal", transcript(t))}
	for scheme, colors := range palettes {
		contents["request-"+scheme+".svg"] = render(t, "request", colors)
		for _, p := range plots {
			contents[p.name+"-"+scheme+".svg"] = render(t, "plot", p.draw(t, colors))
		}
	}
	return contents
}

// render executes a template in docs/images. Its functions include html, which escapes text for XML too.
func render(t *testing.T, name string, data any) []byte {
	t.Helper()
	parsed, err := template.New(name + ".svg.tmpl").Option("missingkey=error").ParseFiles("images/" + name + ".svg.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func wellFormed(content []byte) error {
	for decoder := xml.NewDecoder(bytes.NewReader(content)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
