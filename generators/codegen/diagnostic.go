package codegen

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Diagnostic is one problem in the project's own source.
type Diagnostic struct {
	// Pos is where the problem is. Its Filename is slash-separated and relative to the project's folder; it is empty when
	// the problem is nowhere in particular.
	Pos token.Position
	// Message is one sentence.
	Message string
}

// String is "file:line:column: sentence".
func (d Diagnostic) String() string {
	if d.Pos.Filename == "" {
		return d.Message
	}
	return d.Pos.String() + ": " + d.Message
}

// Diagnostics are all the problems that were found, sorted by position and each said once. It is never empty as an error.
type Diagnostics []Diagnostic

// Error has one line for each problem.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

func (ds *Diagnostics) add(pos token.Position, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// err sorts the problems and returns them as an error, or nil when there are none.
func (ds Diagnostics) err() error {
	if len(ds) == 0 {
		return nil
	}
	slices.SortFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(ds, func(a, b Diagnostic) bool { return a.String() == b.String() })
}
