package diagnostics

import (
	"go/token"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(file string, line int) token.Position {
	return token.Position{Filename: file, Line: line, Column: 2}
}

func TestErr(t *testing.T) {
	if err := (List{}).Err(); err != nil {
		t.Errorf("an empty list is the error %v", err)
	}
	list := List{{at("b.go", 1), "late"}, {at("a.go", 10), "tenth"}, {at("a.go", 9), "ninth"}, {at("a.go", 9), "also"}, {at("a.go", 9), "also"}, {Message: "nowhere"}}
	want := "nowhere\na.go:9:2: also\na.go:9:2: ninth\na.go:10:2: tenth\nb.go:1:2: late"
	if diff := cmp.Diff(want, list.Err().Error()); diff != "" {
		t.Errorf("the error (-want +got):\n%s", diff)
	}
}

func TestMerge(t *testing.T) {
	list := List{{at("a.go", 1), "first"}}
	list.Merge(List{{at("a.go", 1), "follows from it"}, {at("a.go", 2), "second"}, {at("b.go", 1), "elsewhere"}, {Message: "nowhere"}})
	want := List{{at("a.go", 1), "first"}, {at("a.go", 2), "second"}, {at("b.go", 1), "elsewhere"}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("the problems (-want +got):\n%s", diff)
	}
	var empty List
	empty.Merge(List{{Message: "nowhere"}})
	if len(empty) != 1 {
		t.Errorf("what has no position is lost though nothing else is wrong: %v", empty)
	}
}
