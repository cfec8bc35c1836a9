package wiring

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"

	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	"sigs.k8s.io/controller-tools/pkg/deepcopy"
	"sigs.k8s.io/controller-tools/pkg/markers"

	"github.com/apiserver-builder/builder/generators/codegen"
)

// A declaration is a type as its author wrote it: where, and with which markers.
type declaration struct {
	pos     token.Position
	markers []marker
}

// A marker is one comment line that starts with a plus sign.
type marker struct {
	pos token.Position
	// text is the line without the comment's slashes: +genclient.
	text string
}

// has says whether one of the markers is text, or starts with it where text ends in "=".
func (d declaration) has(text string) bool {
	for _, m := range d.markers {
		if m.text == text || strings.HasSuffix(text, "=") && strings.HasPrefix(m.text, text) {
			return true
		}
	}
	return false
}

// value is what follows "+name=" in the first such marker.
func (d declaration) value(name string) string {
	for _, m := range d.markers {
		if v, ok := strings.CutPrefix(m.text, "+"+name+"="); ok {
			return v
		}
	}
	return ""
}

// declarations reads the types of the package in the folder rel below dir. A type's markers are in the comments right above it,
// or in those before, separated by an empty line.
func declarations(dir, rel string) (map[string]declaration, error) {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(rel)))
	if err != nil {
		return nil, err
	}
	out := map[string]declaration{}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "zz_generated.") {
			continue
		}
		source, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(rel), name))
		if err != nil {
			return nil, err
		}
		if err := fileDeclarations(path.Join(rel, name), source, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fileDeclarations(name string, source []byte, out map[string]declaration) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	end := file.Name.End()
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if ok && gen.Tok == token.TYPE {
			for _, spec := range gen.Specs {
				spec := spec.(*ast.TypeSpec)
				d := declaration{pos: fset.Position(spec.Name.Pos())}
				for _, group := range file.Comments {
					if group.Pos() >= end && group.End() <= spec.Pos() {
						d.markers = append(d.markers, markersOf(fset, group)...)
					}
				}
				out[spec.Name.Name] = d
				end = spec.End()
			}
		}
		end = decl.End()
	}
	return nil
}

func markersOf(fset *token.FileSet, group *ast.CommentGroup) []marker {
	var out []marker
	for _, line := range group.List {
		text := strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
		if strings.HasPrefix(text, "+") {
			out = append(out, marker{fset.Position(line.Pos()), text})
		}
	}
	return out
}

// kindMarkers are kubebuilder's markers on a kind's type, read with controller-tools.
type kindMarkers struct {
	resource crdmarkers.Resource
	status   bool
	columns  []columnMarker
	// deprecated says that the version is, and warning what clients are to be told.
	deprecated bool
	warning    string
}

type columnMarker struct {
	crdmarkers.PrintColumn
	pos token.Position
}

// newRegistry returns the markers that controller-tools knows.
func newRegistry() (*markers.Registry, error) {
	registry := &markers.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		return nil, fmt.Errorf("controller-tools' markers: %w", err)
	}
	// Types that come from a kubebuilder project have these; deepcopy-gen has its own, so they say nothing here.
	if err := (deepcopy.Generator{}).RegisterMarkers(registry); err != nil {
		return nil, fmt.Errorf("controller-tools' markers: %w", err)
	}
	return registry, nil
}

// readKindMarkers reads the kubebuilder markers of d. One that controller-tools doesn't know, or can't parse, is a problem.
func readKindMarkers(registry *markers.Registry, d declaration) (kindMarkers, codegen.Diagnostics) {
	var out kindMarkers
	var problems codegen.Diagnostics
	for _, m := range d.markers {
		if !strings.HasPrefix(m.text, "+kubebuilder:") {
			continue
		}
		definition := registry.Lookup(m.text, markers.DescribesType)
		if definition == nil {
			problems = append(problems, problem(m.pos, "unknown marker %s: see kubebuilder's list of markers for types", m.text))
			continue
		}
		value, err := definition.Parse(m.text)
		if err != nil {
			problems = append(problems, problem(m.pos, "marker %s: %v", m.text, firstLine(err)))
			continue
		}
		switch value := value.(type) {
		case crdmarkers.Resource:
			out.resource = value
		case crdmarkers.SubresourceStatus:
			out.status = true
		case crdmarkers.DeprecatedVersion:
			out.deprecated = true
			if value.Warning != nil {
				out.warning = *value.Warning
			}
		case crdmarkers.PrintColumn:
			out.columns = append(out.columns, columnMarker{value, m.pos})
		}
	}
	return out, problems
}

func problem(pos token.Position, format string, args ...any) codegen.Diagnostic {
	return codegen.Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
