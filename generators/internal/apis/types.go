package apis

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2"
	openapiutil "k8s.io/kube-openapi/pkg/util"

	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2/types"
)

// Comments returns all comment lines that may contain a type's markers.
func Comments(t *types.Type) []string {
	return append(slices.Clone(t.SecondClosestCommentLines), t.CommentLines...)
}

// HasLine reports whether a comment has a marker that begins with text, such as "+k8s:conversion-gen=false".
func HasLine(comments []string, text string) bool {
	return slices.ContainsFunc(comments, func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), text) })
}

// ClientTags parses the client-gen markers of a type.
func ClientTags(t *types.Type) (util.Tags, error) { return util.ParseClientGenTags(Comments(t)) }

// Summary returns the first sentence of a field's doc comment, without markers.
func Summary(m types.Member) string {
	var words []string
	for _, line := range m.CommentLines {
		line = strings.TrimSpace(line)
		if line == "" && len(words) > 0 {
			break
		}
		if line == "" || strings.HasPrefix(line, "+") {
			continue
		}
		words = append(words, line)
	}
	text := strings.Join(words, " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i+1]
	}
	return text
}

// IsRuntimeObject reports whether a type implements runtime.Object, or will once deepcopy-gen has run.
func IsRuntimeObject(t *types.Type) bool {
	if t.Methods["DeepCopyObject"] != nil {
		return true
	}
	for _, list := range TagValues(Comments(t), strings.Trim(InterfacesMarker, "+=")) {
		if slices.Contains(strings.Split(list, ","), RuntimeObject) {
			return true
		}
	}
	return false
}

// TagValues returns the values of all markers of the form +name=value in comments.
func TagValues(comments []string, name string) []string {
	var values []string
	for _, line := range comments {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "+"+name+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

// Unalias returns the type that a named type is declared as: for a named list, the list.
func Unalias(t *types.Type) *types.Type {
	for t.Kind == types.Alias {
		t = t.Underlying
	}
	return t
}

// Resolve returns the type that a type is declared as or points to.
func Resolve(t *types.Type) *types.Type {
	for t.Kind == types.Alias || t.Kind == types.Pointer {
		if t.Kind == types.Alias {
			t = t.Underlying
		} else {
			t = t.Elem
		}
	}
	return t
}

// Element returns the innermost element of pointers, lists and maps.
func Element(t *types.Type) *types.Type {
	for t.Elem != nil || t.Kind == types.Alias {
		if t.Kind == types.Alias {
			t = t.Underlying
		} else {
			t = t.Elem
		}
	}
	return t
}

// DescribesItself reports whether a type's OpenAPI definition comes from its methods instead of its fields.
func DescribesItself(t *types.Type) bool {
	return t.Methods["OpenAPISchemaType"] != nil || t.Methods["OpenAPIDefinition"] != nil || t.Methods["OpenAPIV3Definition"] != nil
}

// InOpenAPI reports whether a field is part of its type's OpenAPI definition.
func InOpenAPI(m types.Member) bool {
	return !TagOf(m).Ignored && !slices.Contains(TagValues(m.CommentLines, "k8s:openapi-gen"), "false")
}

// HasDefinition reports whether openapi-gen generates a definition of the type if it reads the package.
func (m *Model) HasDefinition(t *types.Type) bool {
	const name = "k8s:openapi-gen"
	own := TagValues(t.CommentLines, name)
	if slices.Contains(own, "false") {
		return false
	}
	return slices.Contains(own, "true") || slices.Contains(TagValues(m.Universe.Package(t.Name.Package).Comments, name), "true")
}

// HasClient reports whether a marker on any type of the package requests a client.
func (m *Model) HasClient(pkg string) bool {
	for _, t := range m.Universe[pkg].Types {
		if tags, err := ClientTags(t); err == nil && tags.GenerateClient {
			return true
		}
	}
	return false
}

// ModelPackageTag is the marker that defines the OpenAPI package of a type or Go package.
const ModelPackageTag = "k8s:openapi-model-package"

// ModelName returns the name of a type's OpenAPI definition.
func (m *Model) ModelName(t *types.Type) string {
	if foreign := m.Foreign[t.Name]; foreign != nil {
		t = foreign
	}
	if pkg := m.ModelPackage(t); pkg != "" {
		return pkg + "." + t.Name.Name
	}
	return openapiutil.ToRESTFriendlyName(t.Name.String())
}

// ModelPackage returns the package in the name of a type's OpenAPI definition: the +k8s:openapi-model-package of the type, else that of its
// package, else "", which means the path of the Go package.
func (m *Model) ModelPackage(t *types.Type) string {
	for _, lines := range [][]string{t.CommentLines, m.Universe.Package(t.Name.Package).Comments} {
		tags, err := gengo.ExtractFunctionStyleCommentTags("+", []string{ModelPackageTag}, lines)
		if found := tags[ModelPackageTag]; err == nil && len(found) > 0 && found[0].Value != "" {
			return found[0].Value
		}
	}
	return ""
}

const metaV1 = "k8s.io/apimachinery/pkg/apis/meta/v1"

// EmbedsMeta reports whether a struct embeds the metav1 type with the given name.
func EmbedsMeta(t *types.Type, name string) bool {
	return slices.ContainsFunc(t.Members, func(m types.Member) bool {
		return m.Embedded && m.Type.Name == types.Name{Package: metaV1, Name: name}
	})
}
