package scaffold

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/project"
)

// folder returns a project's folder in memory. base is its record of seeded files.
func folder(files, base map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, content := range files {
		out[name] = &fstest.MapFile{Data: []byte(content)}
	}
	if base != nil {
		out[baseName] = &fstest.MapFile{Data: formatBase(filesOf(base))}
	}
	return out
}

func filesOf(in map[string]string) Files {
	out := Files{}
	for name, content := range in {
		out[name] = []byte(content)
	}
	return out
}

// actions returns a plan's actions by path, without the record of seeded files.
func actions(p *Plan) map[string]Action {
	out := map[string]Action{}
	for _, c := range p.Changes {
		if c.Path != baseName {
			out[c.Path] = c.Action
		}
	}
	return out
}

func TestPlanOfOneFile(t *testing.T) {
	const owned, seeded = "pkg/x/zz_generated.x.go", "pkg/x/x.go"
	tests := map[string]struct {
		name, there, base, wanted string
		action                    Action // empty if the plan must not contain the file
		kept                      bool
	}{
		"a seeded file that was never there":        {name: seeded, wanted: "new\n", action: Created},
		"a seeded file as it should be":             {name: seeded, there: "new\n", base: "new\n", wanted: "new\n", action: Unchanged},
		"an edited seeded file":                     {name: seeded, there: "mine\n", base: "old\n", wanted: "old\n", action: Unchanged},
		"an edited seeded file of another render":   {name: seeded, there: "mine\n", base: "old\n", wanted: "new\n", action: Unchanged, kept: true},
		"an untouched seeded file":                  {name: seeded, there: "old\n", base: "old\n", wanted: "new\n", action: Updated},
		"a deleted seeded file":                     {name: seeded, base: "old\n", wanted: "old\n"},
		"a deleted seeded file of another render":   {name: seeded, base: "old\n", wanted: "new\n"},
		"a file of the user's that was never ours":  {name: seeded, there: "mine\n", wanted: "new\n", action: Unchanged},
		"a seeded file that happens to be the same": {name: seeded, there: "new\n", wanted: "new\n", action: Unchanged},
		"an owned file that is not there":           {name: owned, wanted: "new\n", action: Created},
		"an owned file with another content":        {name: owned, there: "mine\n", wanted: "new\n", action: Updated},
		"an owned file as it should be":             {name: owned, there: "new\n", wanted: "new\n", action: Unchanged},
		"the declaration":                           {name: project.FileName, there: "old\n", wanted: "new\n", action: Updated},
		"an empty seeded file":                      {name: seeded, there: "", base: "old\n", wanted: "old\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			there, base := map[string]string{}, map[string]string{}
			if test.there != "" {
				there[test.name] = test.there
			}
			if test.base != "" {
				base[test.name] = test.base
			}
			plan, err := NewPlan(folder(there, base), filesOf(map[string]string{test.name: test.wanted}), nil, true)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]Action{}
			if test.action != "" {
				want[test.name] = test.action
			}
			if diff := cmp.Diff(want, actions(plan)); diff != "" {
				t.Errorf("the plan differs (-want +got):\n%s", diff)
			}
			if kept := slices.ContainsFunc(plan.Changes, func(c Change) bool { return c.Kept }); kept != test.kept {
				t.Errorf("the plan reports a kept file: %t, want %t", kept, test.kept)
			}
		})
	}
}

// TestPlanKeepsTheAncestorOfAnEditedFile verifies that the record keeps the content that an edited file is based on. A merge based on newer
// content would revert the edits.
func TestPlanKeepsTheAncestorOfAnEditedFile(t *testing.T) {
	root := folder(map[string]string{"a.go": "mine\n", "b.go": "old b\n"}, map[string]string{"a.go": "old a\n", "b.go": "old b\n"})
	plan, err := NewPlan(root, filesOf(map[string]string{"a.go": "new a\n", "b.go": "new b\n"}), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	want := filesOf(map[string]string{"a.go": "old a\n", "b.go": "new b\n"})
	if diff := cmp.Diff(want, plan.base); diff != "" {
		t.Errorf("the base differs (-want +got):\n%s", diff)
	}
}

func TestPlanPrunes(t *testing.T) {
	root := folder(map[string]string{
		"pkg/x/zz_generated.stale.go":          "stale\n",
		"pkg/x/zz_generated.wanted.go":         "wanted\n",
		"pkg/x/mine.go":                        "mine\n",
		"pkg/generated/clientset/stale.go":     "stale\n",
		"internal/pkg/generated/mine.go":       "mine\n",
		"vendor/x/zz_generated.y.go":           "vendored\n",
		".git/zz_generated.y.go":               "git\n",
		"pkg/x/testdata/zz_generated.y.go":     "testdata\n",
		"tools/go.mod":                         "module tools\n",
		"tools/zz_generated.y.go":              "another module's\n",
		"web/node_modules/zz_generated.y.json": "dependency\n",
	}, nil)
	wanted := filesOf(map[string]string{"pkg/x/zz_generated.wanted.go": "wanted\n"})

	pruned, err := NewPlan(root, wanted, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Action{
		"pkg/x/zz_generated.wanted.go":     Unchanged,
		"pkg/x/zz_generated.stale.go":      Deleted,
		"pkg/generated/clientset/stale.go": Deleted,
	}
	if diff := cmp.Diff(want, actions(pruned)); diff != "" {
		t.Errorf("the plan differs (-want +got):\n%s", diff)
	}

	kept, err := NewPlan(root, wanted, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]Action{"pkg/x/zz_generated.wanted.go": Unchanged}, actions(kept)); diff != "" {
		t.Errorf("without pruning the plan differs (-want +got):\n%s", diff)
	}
}

func TestPlanSaysWhatIsInTheWay(t *testing.T) {
	tests := map[string]struct{ there, wanted, message string }{
		"a folder where a file is needed": {
			there: "Makefile/x", wanted: "Makefile", message: "Makefile is a folder where a file is needed: move it away",
		},
		"a file where a folder is needed": {
			there: "pkg", wanted: "pkg/apis/doc.go", message: "pkg is a file where a folder is needed: move it away",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, map[string]string{test.there: "mine\n"})
			_, err := NewPlan(dirFS(dir), filesOf(map[string]string{test.wanted: "new\n"}), nil, true)
			if err == nil || err.Error() != test.message {
				t.Errorf("got the error %v, want %s", err, test.message)
			}
		})
	}
}

// TestBaseHoldsEveryPristineFile verifies that the record preserves the content of every file that a project can have.
func TestBaseHoldsEveryPristineFile(t *testing.T) {
	files, err := Render(fruit(t))
	if err != nil {
		t.Fatal(err)
	}
	base := Files{}
	for name, content := range files {
		if !managed(name) {
			base[name] = content
		}
	}
	got, err := readBase(fstest.MapFS{baseName: &fstest.MapFile{Data: formatBase(base)}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(base, got); diff != "" {
		t.Errorf("the recorded files differ (-want +got):\n%s", diff)
	}
}

func TestCheckFree(t *testing.T) {
	p := fruit(t)
	files, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	options := "pkg/apiserver/options.go"
	tests := map[string]struct {
		there   map[string]string
		refused bool
	}{
		"an empty folder":                 {},
		"files of other names":            {there: map[string]string{"LICENSE": "mine\n", "main.go": "package main\n"}},
		"the same content":                {there: map[string]string{options: string(files[options])}},
		"another content":                 {there: map[string]string{options: "package apiserver\n"}, refused: true},
		"another go.mod":                  {there: map[string]string{"go.mod": "module mine\n"}, refused: true},
		"what an earlier project left":    {there: map[string]string{options: "edited\n", baseName: string(formatBase(Files{options: []byte("old\n")}))}},
		"a generated file's, not by name": {there: map[string]string{"pkg/apiserver/zz_generated.mine.go": "package apiserver\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, test.there)
			err := CheckFree(dir, p)
			if refused := err != nil; refused != test.refused {
				t.Fatalf("got the error %v, want one: %t", err, test.refused)
			}
			if test.refused && !strings.Contains(err.Error(), "is in the way of a new project: move it elsewhere") {
				t.Errorf("the error has no remedy: %v", err)
			}
		})
	}
}

func TestOwned(t *testing.T) {
	for name, want := range map[string]bool{
		"zz_generated.x.go":                    true,
		"config/base/rbac/zz_generated.role.x": true,
		"pkg/generated/any/file.go":            true,
		"pkg/generated.go":                     false,
		"pkg/zz_generated/x.go":                false,
		"my_zz_generated.x.go":                 false,
		"vendor/pkg/generated/x.go":            false,
		project.FileName:                       false,
	} {
		if got := Owned(name); got != want {
			t.Errorf("Owned(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestRenderIsTheSameTwice(t *testing.T) {
	first, err := Render(fruit(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Render(fruit(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("a second render differs (-first +second):\n%s", diff)
		}
	}
	for name, content := range first {
		if !bytes.HasSuffix(content, []byte("\n")) || bytes.HasSuffix(content, []byte("\n\n")) || bytes.Contains(content, []byte("\r")) {
			t.Errorf("%s does not end with exactly one line feed, or has carriage returns", name)
		}
		if bytes.Contains(content, []byte("<no value>")) || bytes.Contains(content, []byte("[[ ")) || bytes.Contains(content, []byte("]]\n")) {
			t.Errorf("%s has something left of its template", name)
		}
	}
}

// fruit returns a project with every kind of declaration: groups with and without kinds, both scopes, names, and several controllers.
func fruit(t *testing.T) *project.Project {
	t.Helper()
	p, err := project.New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		p.AddKind("fruit", "v1alpha1", project.Kind{Name: "Apple", ShortNames: []string{"ap"}, Categories: []string{"food"}, Status: true, Controller: true}),
		p.AddKind("fruit", "v1alpha1", project.Kind{Name: "Orchard", ClusterScoped: true, Plural: "orchardry"}),
		p.AddKind("baked-goods", "v1", project.Kind{Name: "Pie", Controller: true}),
		p.AddVersion("empty", "v1"),
		p.AddGroup("bare"),
		p.AddController(project.Controller{Group: "apps", Version: "v1", Kind: "Deployment"}),
		p.AddController(project.Controller{Version: "v1", Kind: "Pod"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}
