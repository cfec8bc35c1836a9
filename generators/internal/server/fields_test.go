package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/gengo/v2/types"
)

func TestSelectableField(t *testing.T) {
	named := func(name string, underlying *types.Type) *types.Type {
		return &types.Type{Name: types.Name{Package: "p", Name: name}, Kind: types.Alias, Underlying: underlying}
	}
	pointerTo := func(elem *types.Type) *types.Type { return &types.Type{Kind: types.Pointer, Elem: elem} }
	object := func(name string, members ...types.Member) *types.Type {
		return &types.Type{Name: types.Name{Package: "p", Name: name}, Kind: types.Struct, Members: members}
	}
	field := func(name, json string, t *types.Type) types.Member {
		return types.Member{Name: name, Tags: `json:"` + json + `"`, Type: t}
	}
	inlined := field("Common", ",inline", pointerTo(object("Common", field("Owner", "owner", types.String))))
	inlined.Embedded = true
	root := object("Apple", field("Spec", "spec", object("AppleSpec",
		field("Text", "text", types.String),
		field("Color", "color", named("Color", types.String)),
		field("Ripe", "ripe", types.Bool),
		field("Sour", "sour", named("Sour", types.Bool)),
		field("Count", "count", types.Int64),
		field("Size", "size", named("Size", types.Int32)),
		field("Maybe", "maybe", pointerTo(types.Int32)),
		field("Tree", "tree", pointerTo(object("Tree", field("Name", "name", types.String), field("Kind", "kind", pointerTo(types.String))))),
		field("Weight", "weight", types.Float64),
		field("Tags", "tags", &types.Type{Name: types.Name{Name: "[]string"}, Kind: types.Slice, Elem: types.String}),
		inlined,
	)))
	for path, want := range map[string]SelectableField{
		".spec.text":      {Path: "spec.text", Value: "in.Spec.Text"},
		".spec.color":     {Path: "spec.color", Value: "string(in.Spec.Color)"},
		".spec.ripe":      {Path: "spec.ripe", Value: "strconv.FormatBool(in.Spec.Ripe)"},
		".spec.sour":      {Path: "spec.sour", Value: "strconv.FormatBool(bool(in.Spec.Sour))"},
		".spec.count":     {Path: "spec.count", Value: "strconv.FormatInt(in.Spec.Count, 10)"},
		".spec.size":      {Path: "spec.size", Value: "strconv.FormatInt(int64(in.Spec.Size), 10)"},
		".spec.maybe":     {Path: "spec.maybe", Value: "strconv.FormatInt(int64(*in.Spec.Maybe), 10)", Guard: "in.Spec.Maybe != nil"},
		".spec.tree.name": {Path: "spec.tree.name", Value: "in.Spec.Tree.Name", Guard: "in.Spec.Tree != nil"},
		".spec.tree.kind": {Path: "spec.tree.kind", Value: "*in.Spec.Tree.Kind", Guard: "in.Spec.Tree != nil && in.Spec.Tree.Kind != nil"},
		".spec.owner":     {Path: "spec.owner", Value: "in.Spec.Common.Owner", Guard: "in.Spec.Common != nil"},
	} {
		got, err := newSelectableField(root, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for path, want := range map[string]string{
		"spec.text":             `"spec.text" is not a path of field names such as .spec.color`,
		".spec.tags[0]":         `".spec.tags[0]" is not a path of field names such as .spec.color`,
		".spec.colour":          `.spec.colour names no field: AppleSpec has no field "colour" in JSON`,
		".spec.text.more":       `.spec.text.more names no field: string has no field "more" in JSON`,
		".spec.tags":            ".spec.tags is a Go []string: only a string, a boolean or an integer can be selected by",
		".spec.weight":          ".spec.weight is a Go float64: only a string, a boolean or an integer can be selected by",
		".spec":                 ".spec is a Go AppleSpec: only a string, a boolean or an integer can be selected by",
		".metadata.annotations": ".metadata.annotations is metadata: field selectors support only metadata.name and metadata.namespace",
	} {
		if _, err := newSelectableField(root, path); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}
