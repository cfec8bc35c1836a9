package codegen

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
)

// scaleMarker is on a kind that has a scale.
const scaleMarker = "+kubebuilder:subresource:scale"

// scale is what the scale subresource of every kind serves.
var scale = types.Name{Package: "k8s.io/api/autoscaling/v1", Name: "Scale"}

// scaleMethods are what client-gen has to be told for the client of a kind with a scale.
var scaleMethods = []string{
	"+genclient:method=GetScale,verb=get,subresource=scale,result=" + scale.String(),
	"+genclient:method=UpdateScale,verb=update,subresource=scale,input=" + scale.String() + ",result=" + scale.String(),
}

// scaled says whether the source has a kind with a scale.
func (s *source) scaled() bool {
	for _, pkg := range s.packages {
		for _, f := range pkg.files {
			for _, group := range f.Comments {
				for _, c := range group.List {
					if strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(c.Text, "//")), scaleMarker) {
						return true
					}
				}
			}
		}
	}
	return false
}

// addMethods adds the markers of client methods to the kinds with subresources. They follow from what a kind has already, so
// nobody has to write them.
func (p *Packages) addMethods() {
	for _, api := range p.options.APIs {
		for _, t := range p.Universe[api.Package].Types {
			methods := api.Methods[t.Name.Name]
			if slices.ContainsFunc(comments(t), func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), scaleMarker) }) {
				methods = append(slices.Clone(scaleMethods), methods...)
			}
			for _, marker := range methods {
				name, _, _ := strings.Cut(marker, ",")
				if !slices.ContainsFunc(comments(t), func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), name+",") }) {
					t.CommentLines = append(t.CommentLines, marker)
				}
			}
		}
	}
}
