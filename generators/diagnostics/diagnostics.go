// Package diagnostics defines errors in a project's Go code: one type, one order, one format.
package diagnostics

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Diagnostic is an error at a position in the project's Go code.
type Diagnostic struct {
	// Pos is the position of the error. Its Filename has slashes and is relative to the project's folder.
	Pos token.Position
	// Message is one sentence.
	Message string
}

// String returns "file:line:column: sentence".
func (d Diagnostic) String() string {
	if d.Pos.Filename == "" {
		return d.Message
	}
	return d.Pos.String() + ": " + d.Message
}

// A List contains diagnostics. As an error, it is sorted by position and not empty.
type List []Diagnostic

// Error returns one line for each diagnostic.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Add appends a diagnostic.
func (l *List) Add(pos token.Position, format string, args ...any) {
	*l = append(*l, Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// Merge adds the diagnostics of a later stage for lines without diagnostics, because a later error on the same line is usually a
// consequence of the earlier one. For the same reason, it adds diagnostics without a position only to an empty list.
func (l *List) Merge(later List) {
	type line struct {
		file string
		line int
	}
	known := map[line]bool{}
	for _, d := range *l {
		known[line{d.Pos.Filename, d.Pos.Line}] = true
	}
	for _, d := range later {
		if d.Pos.Filename == "" && len(known) > 0 {
			continue
		}
		if !known[line{d.Pos.Filename, d.Pos.Line}] {
			*l = append(*l, d)
		}
	}
}

// Err returns the diagnostics as an error, sorted by position and without duplicates, or nil if there are none.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(l, func(a, b Diagnostic) bool { return a.String() == b.String() })
}
