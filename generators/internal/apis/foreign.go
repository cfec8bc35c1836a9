package apis

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// findForeign sets Foreign. gengo replaces an alias by its type, so the API packages lack these objects.
func (m *Model) findForeign() {
	m.Foreign = map[types.Name]*types.Type{}
	for _, api := range m.APIs {
		for _, alias := range api.Objects {
			name := types.Name{Package: api.Package, Name: alias}
			target := m.Aliased(name)
			if target.Name == "" || m.owns(target.Package) || m.Universe[target.Package] == nil {
				continue
			}
			if t := m.Universe[target.Package].Types[target.Name]; t != nil && t.Kind == types.Struct {
				m.Foreign[name] = t
			}
		}
	}
}

// owns reports whether a package belongs to the project's module.
func (o *Options) owns(pkg string) bool {
	return pkg == o.Module || strings.HasPrefix(pkg, o.Module+"/")
}

// Aliased returns the name of the type that an exported alias in an API package names, or the zero name for other types. The type need not
// exist.
func (m *Model) Aliased(name types.Name) types.Name {
	pkg := m.source.packages[name.Package]
	spec := pkg.types[name.Name]
	if spec == nil || !spec.Assign.IsValid() || !spec.Name.IsExported() || spec.TypeParams != nil {
		return types.Name{}
	}
	target, ok := spec.Type.(*ast.SelectorExpr)
	if !ok {
		return types.Name{}
	}
	qualifier, ok := target.X.(*ast.Ident)
	if !ok {
		return types.Name{}
	}
	for _, file := range pkg.files {
		if file.FileStart <= spec.Pos() && spec.Pos() < file.FileEnd {
			return types.Name{Package: m.imported(file, qualifier.Name), Name: target.Sel.Name}
		}
	}
	return types.Name{}
}

// imported returns the import path of the package with a name in a file.
func (m *Model) imported(file *ast.File, name string) string {
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		base := path.Base(imported)
		if pkg := m.Universe[imported]; pkg != nil && pkg.Name != "" {
			base = pkg.Name
		}
		if spec.Name != nil && spec.Name.Name == name || spec.Name == nil && base == name {
			return imported
		}
	}
	return ""
}

// addForeign adds a type to the API packages for each alias in Foreign, so that the generators handle it like a type of the package. The
// markers of an alias replace those of its type with the same name.
func (m *Model) addForeign() {
	for name, foreign := range m.Foreign {
		own := *foreign
		own.Name = name
		own.SecondClosestCommentLines = nil
		own.CommentLines = []string{"+k8s:deepcopy-gen=false"} // the other module has these methods
		for _, line := range Comments(foreign) {
			if strings.HasPrefix(strings.TrimSpace(line), "+") {
				continue
			}
			own.CommentLines = append(own.CommentLines, line)
		}
		for _, marker := range m.Markers(name, "") {
			own.CommentLines = append(own.CommentLines, marker.Text)
		}
		own.Members = slices.Clone(foreign.Members)
		m.Universe[name.Package].Types[name.Name] = &own
	}
	// The items of a list have the type of the alias too.
	for name, foreign := range m.Foreign {
		for i, member := range foreign.Members {
			if member.Type.Kind != types.Slice {
				continue
			}
			for kind, target := range m.Foreign {
				if target == member.Type.Elem && kind.Package == name.Package {
					items := *member.Type
					items.Elem = m.Universe[kind.Package].Types[kind.Name]
					items.Name = types.Name{Name: "[]" + kind.String()}
					m.Universe[name.Package].Types[name.Name].Members[i].Type = &items
				}
			}
		}
	}
}

// verbMarkers lists the markers that limit the verbs of a client. A type has at most one of them.
var verbMarkers = []string{"genclient:noVerbs", "genclient:readonly", "genclient:onlyVerbs", "genclient:skipVerbs"}

func limitsVerbs(marker string) bool { return slices.Contains(verbMarkers, marker) }

// foreignMarkers returns the markers of the type that an alias names, at the position of the alias, without markers of the same name as one
// of those given, and without markers that builder does not support.
func (m *Model) foreignMarkers(name types.Name, own []markers.Marker) []markers.Marker {
	foreign := m.Foreign[name]
	if foreign == nil {
		return nil
	}
	replaced := append(slices.Collect(maps.Keys(m.SetOf(own))), "k8s:deepcopy-gen", "genclient:method") // the project may not serve the method's subresource
	if slices.ContainsFunc(replaced, limitsVerbs) {
		replaced = append(replaced, verbMarkers...)
	}
	if slices.ContainsFunc(m.APIs, func(api API) bool { return api.Package == name.Package && slices.Contains(api.Unstored, name.Name) }) {
		replaced = append(replaced, "kubebuilder:subresource:status", "kubebuilder:subresource:scale")
	}
	var out []markers.Marker
	for _, line := range Comments(foreign) {
		marker := markers.Marker{Text: strings.TrimSpace(line), On: markers.Type, Name: name.Name, Pos: m.Position(name, "")}
		known := m.Registry.Lookup(marker.Text)
		if known != nil && !slices.Contains(replaced, known.Name) && m.Registry.Check(marker) == "" {
			out = append(out, marker)
		}
	}
	return out
}
