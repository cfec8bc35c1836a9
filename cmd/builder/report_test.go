package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

func TestPrintChanges(t *testing.T) {
	const deepcopy, defaults, apple = "pkg/apis/fruit/v1/zz_generated.deepcopy.go", "pkg/apis/fruit/v1/zz_generated.defaults.go", "pkg/generated/informers/apple.go"
	for name, test := range map[string]struct {
		changes []scaffold.Change
		want    string
	}{
		"nothing": {nil, ""},
		"one file": {[]scaffold.Change{{Action: scaffold.Unchanged, Path: "Makefile"}, {Action: scaffold.Created, Path: "PROJECT"}},
			"created    PROJECT\nunchanged  1 file\n"},
		"an edited file": {[]scaffold.Change{
			{Action: scaffold.Unchanged, Path: "Makefile", Kept: true},
			{Action: scaffold.Unchanged, Path: "README.md"},
			{Action: scaffold.Unchanged, Path: "go.mod"},
		}, "kept       Makefile, which you have edited\nunchanged  2 files\n"},
		"generated files": {[]scaffold.Change{
			{Action: scaffold.Updated, Path: "config/base/rbac/zz_generated.role.yaml"},
			{Action: scaffold.Created, Path: deepcopy},
			{Action: scaffold.Updated, Path: "pkg/apis/fruit/v1/zz_generated.register.go"},
			{Action: scaffold.Created, Path: defaults},
			{Action: scaffold.Deleted, Path: apple},
			{Action: scaffold.Deleted, Path: "pkg/generated/listers/apple.go"},
		}, "updated    config/base/rbac/zz_generated.role.yaml\n" +
			"created    pkg/apis/fruit/v1/zz_generated.* (2 files)\n" +
			"updated    pkg/apis/fruit/v1/zz_generated.register.go\n" +
			"deleted    pkg/generated/ (2 files)\n"},
	} {
		var out strings.Builder
		if err := printChanges(&out, test.changes, false, display.Style{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
