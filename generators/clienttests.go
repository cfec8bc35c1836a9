package generators

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/regular"
)

// checkTests reports kinds whose typed client lacks a method that the kind's test calls. It ignores a test that the user has edited,
// because the compiler reports that better.
func checkTests(m *apis.Model, p *project.Project, rendered scaffold.Files) diagnostics.List {
	var problems diagnostics.List
	for _, group := range p.Groups {
		for _, kind := range group.Kinds {
			name := "test/" + group.Package() + "_" + kind.Package() + "_test.go"
			content, err := regular.Read(filepath.Join(m.Dir, filepath.FromSlash(name)))
			if err != nil || !bytes.Equal(content, rendered[name]) {
				continue
			}
			of := types.Name{Package: p.Module + "/pkg/apis/" + group.Package() + "/" + kind.Origin(), Name: kind.Name}
			marker := m.MarkersOf(of, "").First("genclient:noVerbs", "genclient:readonly", "genclient:onlyVerbs", "genclient:skipVerbs")
			if marker == nil {
				continue
			}
			tags, err := apis.ClientTags(m.Universe.Type(of))
			if err != nil {
				continue // checks reports it
			}
			missing := slices.DeleteFunc(testedMethods(kind), func(method string) bool {
				return !tags.NoVerbs && tags.HasVerb(strings.ToLower(method))
			})
			if len(missing) > 0 {
				problems.Add(marker.Pos, "the client of %s would lack %s, which %s calls: change or delete that test first",
					kind.Name, strings.Join(missing, " and "), name)
			}
		}
	}
	return problems
}

// testedMethods returns the methods of a kind's client that its test calls.
func testedMethods(kind project.Kind) []string {
	switch {
	case kind.Shape == project.ShapeStored:
		return []string{"Create", "Get", "Delete"}
	case kind.Shape == project.ShapeVirtual:
		return []string{"Get"}
	case kind.Shape == project.ShapeReview && kind.Answer == "":
		return []string{"Create"}
	}
	return nil
}
