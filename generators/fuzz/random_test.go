package fuzz

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

const module = "example.com/shop"

var versions = []string{"v1alpha1", "v1"}

// A kind is a kind of the random projects, with the versions that serve it.
type kind struct {
	group, name string
	versions    []string
}

// kinds lists the kinds. One has only one version. The group fruit comes first, because the types of veg refer to its types.
var kinds = []kind{{"fruit", "Apple", versions}, {"fruit", "Pear", versions}, {"veg", "Leek", versions}, {"veg", "Bean", []string{"v1"}}}

// random returns the program for a seed, with a number of cells. Each cell is a field of a kind's spec or status, with its own types.
func random(seed uint64, cells int) *program {
	r := rand.New(rand.NewPCG(seed, 20261126))
	p := &program{}
	taken := map[string]bool{}
	var shared []*decl
	for i, k := range kinds {
		spec := &decl{group: k.group, name: k.name + "Spec", versions: k.versions, head: "type " + k.name + "Spec struct {", isStruct: true, markers: []marker{{text: k.name + "Spec defines the desired state of a " + k.name + "."}}}
		status := &decl{group: k.group, name: k.name + "Status", versions: k.versions, head: "type " + k.name + "Status struct {", isStruct: true, markers: []marker{{text: k.name + "Status defines its observed state."}}}
		var columns []marker
		for cell := 1 + i*cells/len(kinds); cell < 1+(i+1)*cells/len(kinds); cell++ {
			g := &gen{Rand: r, group: k.group, cell: cell, shared: shared, taken: taken}
			t := g.cellType()
			name := fmt.Sprintf("C%d", cell)
			f := &field{name: name, typ: t.text, tag: jsonTag(lower(name) + ",omitempty"), needs: t.needs}
			f.markers = append(g.fieldMarkers(t, f), marker{text: "+optional"})
			owner := spec
			if g.chance(12) {
				owner = status
			} else if g.chance(30) {
				columns = append(columns, g.column(k.name, name, t, append(slices.Clone(t.needs), spec.key()+"."+name)))
			}
			owner.fields = append(owner.fields, f)
			p.decls = append(p.decls, g.decls...)
			if k.group == "fruit" {
				shared = append(shared, g.decls...)
			}
		}
		p.decls = append(p.decls, spec, status)
		p.decls = append(p.decls, kindDecls(&gen{Rand: r, group: k.group}, k, columns)...)
	}
	// Types that are made for a kind must exist in its versions, and types of the other group in its v1.
	return p
}

func (g *gen) cellType() typ {
	t := g.typ(3)
	for range 3 {
		if len(g.decls) > 0 {
			break
		}
		t = g.typ(3)
	}
	return t
}

// kindDecls declares a kind and its list.
func kindDecls(g *gen, k kind, columns []marker) []*decl {
	d := &decl{group: k.group, name: k.name, versions: k.versions, head: "type " + k.name + " struct {", isStruct: true}
	for _, line := range []string{k.name + " is a resource of the " + k.group + " API.", "", "+genclient", "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object",
		"+kubebuilder:subresource:status"} {
		d.markers = append(d.markers, marker{text: line})
	}
	d.markers = append(d.markers, columns...)
	spec := &field{name: "Spec", typ: k.name + "Spec", tag: jsonTag("spec,omitempty")}
	status := &field{name: "Status", typ: k.name + "Status", tag: jsonTag("status,omitempty")}
	metadata := &field{typ: "metav1.ObjectMeta", tag: jsonTag("metadata,omitempty")}
	if g.chance(20) {
		status = &field{name: choose(g, "Observed", "State"), typ: k.name + "Status", tag: jsonTag("status,omitempty"), instead: status}
	}
	if g.chance(20) {
		spec = &field{name: choose(g, "Desired", "Wanted"), typ: k.name + "Spec", tag: jsonTag("spec,omitempty"), instead: spec}
	}
	if g.chance(10) {
		status = &field{name: "Status", typ: "*" + k.name + "Status", tag: jsonTag("status,omitempty"), instead: &field{name: "Status", typ: k.name + "Status", tag: jsonTag("status,omitempty")}}
	}
	d.fields = []*field{{typ: "metav1.TypeMeta", tag: jsonTag(",inline")}, metadata, spec, status}
	list := &decl{group: k.group, name: k.name + "List", versions: k.versions, head: "type " + k.name + "List struct {", isStruct: true, fields: []*field{
		{typ: "metav1.TypeMeta", tag: jsonTag(",inline")}, {typ: "metav1.ListMeta", tag: jsonTag("metadata,omitempty")}, {name: "Items", typ: "[]" + k.name, tag: jsonTag("items")}}}
	list.markers = []marker{{text: k.name + "List is a list of them."}, {}, {text: "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object"}}
	return []*decl{d, list}
}
