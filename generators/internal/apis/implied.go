package apis

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// scaleMarker marks a kind with a scale subresource.
const scaleMarker = "+kubebuilder:subresource:scale"

// scale is the type that all scale subresources serve.
var scale = types.Name{Package: "k8s.io/api/autoscaling/v1", Name: "Scale"}

// scaleMethods are the client-gen markers for the client of a kind with a scale.
var scaleMethods = []string{
	"+genclient:method=GetScale,verb=get,subresource=scale,result=" + scale.String(),
	"+genclient:method=UpdateScale,verb=update,subresource=scale,input=" + scale.String() + ",result=" + scale.String(),
}

// scaled reports whether any kind of the source has a scale.
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

// addImplied adds markers that follow from declarations and other markers, so that users do not have to write them. A type from kubebuilder
// needs none of the markers of Kubernetes' generators.
func (m *Model) addImplied() {
	for _, api := range m.APIs {
		for _, t := range m.Universe[api.Package].Types {
			if t.Name.Package != api.Package {
				continue
			}
			own := m.MarkersOf(t.Name, "")
			t.CommentLines = slices.Clip(t.CommentLines)
			root := own.First("kubebuilder:object:root")
			if (slices.Contains(api.Objects, t.Name.Name) || root != nil && !strings.HasSuffix(root.Text, "=false")) && !IsRuntimeObject(t) {
				t.CommentLines = append(t.CommentLines, InterfacesMarker+RuntimeObject)
			}
			if slices.Contains(api.Kinds, t.Name.Name) || own.First("genclient") != nil {
				m.addClientMarkers(t, own, api.Methods[t.Name.Name])
			}
		}
	}
}

// addClientMarkers adds the client-gen markers of a kind, including those for the methods of its subresources.
func (m *Model) addClientMarkers(t *types.Type, own Set, methods []string) {
	if own.First("genclient") == nil {
		t.CommentLines = append(t.CommentLines, "+genclient")
	}
	if marker := own.First("kubebuilder:resource"); marker != nil && own.First("genclient:nonNamespaced") == nil {
		if resource, ok := m.Registry.Parse(*marker).(crdmarkers.Resource); ok && resource.Scope == "Cluster" {
			t.CommentLines = append(t.CommentLines, "+genclient:nonNamespaced")
		}
	}
	if HasLine(Comments(t), scaleMarker) {
		methods = append(slices.Clone(scaleMethods), methods...)
	}
	for _, marker := range methods {
		name, _, _ := strings.Cut(marker, ",")
		if !HasLine(Comments(t), name+",") {
			t.CommentLines = append(t.CommentLines, marker)
		}
	}
}
