// Package markers defines the markers of API types: their names, where they may stand, and their values. A marker is a comment line such as
// +kubebuilder:resource:path=apples. Upstream's generators ignore markers that they don't know. Here, such a marker is an error with a
// position and a remedy.
package markers

import (
	"go/token"
	"slices"
	"strings"
)

// A Target is the kind of declaration that a marker applies to.
type Target string

// The targets. No generator reads markers that apply to Nothing.
const (
	Nothing Target = "nothing"
	Package Target = "package"
	Type    Target = "type"
	Field   Target = "field"
	Func    Target = "function"
)

// A Marker is a comment line that begins with a plus sign and a letter, or is a misspelled marker.
type Marker struct {
	// Pos is the position of the comment.
	Pos token.Position
	// Text is the line, starting with the plus sign.
	Text string
	// On is the target. Name is the name of the type or function. Fields lists the fields of the type; one declaration may have several.
	On     Target
	Name   string
	Fields []string
	// Block means that the comment has the form /* */, which not all generators read.
	Block bool
}

// Value returns the value of the first marker with the given name.
func Value(all []Marker, name string) string {
	for _, m := range all {
		if v, ok := strings.CutPrefix(m.Text, "+"+name+"="); ok {
			return v
		}
	}
	return ""
}

// Has reports whether the text of a marker is exactly text, such as "+genclient".
func Has(all []Marker, text string) bool {
	return slices.ContainsFunc(all, func(m Marker) bool { return m.Text == text })
}
