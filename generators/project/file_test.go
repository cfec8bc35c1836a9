package project

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const saved = `# The groups, kinds, plugins and controllers of this project. builder rewrites this file and removes other comments.
domain: example.com
groups:
- kinds:
  - categories:
    - all
    - orchard
    controller: true
    kind: Apple
    shape: stored
    shortNames:
    - ap
    status: true
    storage: v1alpha1
    versions:
    - v1alpha1
  name: fruit
  versions:
  - v1alpha1
kubernetes: "1.37"
layout: 1
module: example.com/shop
name: shop
`

func TestMarshal(t *testing.T) {
	if diff := cmp.Diff(saved, marshal(t, fruit(t))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	checkRoundTrip(t, fruit(t))
}

func checkRoundTrip(t testing.TB, p *Project) {
	t.Helper()
	data := marshal(t, p)
	again, err := Parse([]byte(data), FileName)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("changed by saving and loading:\n%s", diff)
	}
	if diff := cmp.Diff(data, marshal(t, again)); diff != "" {
		t.Errorf("saved otherwise the second time:\n%s", diff)
	}
}

// TestParseNormalizes reads a valid file with another order and style.
func TestParseNormalizes(t *testing.T) {
	data := `---
layout: 1
kubernetes: '1.37'
name: shop
domain: example.com
module: example.com/shop
controllers: []
groups:
- name: fruit # ours
  versions: [v1alpha1]
  kinds:
  - {kind: Apple, plural: apples, shape: stored, storage: v1alpha1, versions: [v1alpha1], categories: [orchard, all], shortNames: [ap], status: true, controller: true}
`
	p, err := Parse([]byte(data), FileName)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fruit(t), p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestParseErrors reads files with errors that manual edits could cause.
func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"empty", saved, "", `the file is empty: bring it back, or remove it and run "builder init"`},
		{"only a comment", saved, "# nothing\n", `the file is empty: bring it back, or remove it and run "builder init"`},
		{"a list", saved, "- fruit\n", `not a project's declaration: it must have the fields layout, kubernetes, name, domain and module`},
		{"not YAML", "layout: 1", "layout: [", `not valid YAML (line 22: did not find expected ',' or ']'): correct that line`},
		{"a tab", "name: shop", "name:\n\tshop", `not valid YAML (line 24: found character that cannot start any token): correct that line`},
		{"two documents", "name: shop\n", "name: shop\n---\nname: mall\n", `more than one YAML document: remove all but the first, and the lines "---"`},
		{"too long", "name: shop\n", "name: shop\n" + strings.Repeat("#", 1<<20), `the file is 1049022 bytes long: no project's declaration is longer than 1048576`},
		{"another tool's", "layout: 1", "layout:\n- go.kubebuilder.io/v4", `layout must be the number 1; if another tool wrote this PROJECT, move it away before "builder init"`},
		{"no layout", "layout: 1\n", "", `no layout: add "layout: 1"`},
		{"newer layout", "layout: 1", "layout: 2\nshape: round", `layout is 2 and this release of builder knows layouts up to 1: use a newer release of builder`},
		{"layout zero", "layout: 1", "layout: 0", `layout must be the number 1; if another tool wrote this PROJECT, move it away before "builder init"`},
		{"a builder that is no version", "layout: 1", "builder: latest\nlayout: 1", `builder "latest" is not a version: use one such as "v0.3.0", or remove the line`},
		{"newer Kubernetes", `"1.37"`, `"1.38"`, `the project is generated for Kubernetes 1.38 and this release of builder generates for 1.37: use the release of builder for Kubernetes 1.38`},
		{"older Kubernetes", `"1.37"`, `"1.36"`, `the project is generated for Kubernetes 1.36 and this release of builder generates for 1.37: use the release of builder for Kubernetes 1.36`},
		{"Kubernetes as a number", `"1.37"`, `1.37`, `kubernetes must be a minor version in quotes: use "1.37"`},
		{"Kubernetes with a patch", `"1.37"`, `"1.37.1"`, `kubernetes must be a minor version in quotes: use "1.37"`},
		{"unknown field", "name: shop", "name: shop\nnmae: shop", `unknown field "nmae": correct its spelling, or remove it`},
		{"unknown field of a kind", "    status: true", "    state: true", `unknown field "groups[0].kinds[0].state": correct its spelling, or remove it`},
		{"field in upper case", "name: shop", "Name: shop", `unknown field "Name": correct its spelling, or remove it`},
		{"field twice", "name: shop", "name: shop\nname: mall", `not valid YAML (line 24: key "name" already set in map): correct that line`},
		{"name is a number", "name: shop", "name: 12", `name has the wrong type, number: use a string, in quotes`},
		{"short name is a boolean", "    - ap", "    - no", `groups.kinds.shortNames has the wrong type, bool: use a string, in quotes`},
		{"status is a string", "status: true", "status: yes please", `groups.kinds.status has the wrong type, string: use true or false`},
		{"versions is a string", "    versions:\n    - v1alpha1", "    versions: v1alpha1", `groups.kinds.versions has the wrong type, string: use a list`},
		{"controllers is a map", "layout: 1", "layout: 1\ncontrollers: {apps: v1}", `controllers has the wrong type, object: use a list`},
		{"no name", "name: shop\n", "", `name is empty: use one such as "shop"`},
		{"bad domain", "domain: example.com", "domain: example", `domain "example" must be a DNS name with a dot, in lower case: use one such as "example.com"`},
		{"bad kind", "kind: Apple", "kind: apple", `kind "apple" must start with an upper-case letter: use "Apple"`},
		{"bad version of a group", "  versions:\n  - v1alpha1\nkub", "  versions:\n  - v0\nkub", `group "fruit": version "v0" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"no version of a group", "  versions:\n  - v1alpha1\nkub", "kub", `group "fruit" has kinds but no version: add versions, such as [v1alpha1]`},
		{"a version twice", "  versions:\n  - v1alpha1\nkub", "  versions:\n  - v1alpha1\n  - v1alpha1\nkub", `version "v1alpha1" is declared twice in group "fruit": keep one of them`},
		{"a kind's version that its group lacks", "    versions:\n    - v1alpha1", "    versions: [v1]", `kind "Apple" has version "v1", which its group "fruit" has not: add it there, or use some of v1alpha1`},
		{"a kind's version twice", "    versions:\n    - v1alpha1", "    versions: [v1alpha1, v1alpha1]", `kind "Apple" has version "v1alpha1" twice: give it once`},
		{"no versions of a kind", "    versions:\n    - v1alpha1", "    versions: []", `kind "Apple" has no versions: add some of its group's, which are v1alpha1`},
		{"a version with a line break", "  versions:\n  - v1alpha1\nkub", "  versions:\n  - v1alpha1\n  - \"v1\\nv2\"\nkub", `group "fruit": version "v1\nv2" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"a kind's version with a line break", "    versions:\n    - v1alpha1", "    versions: [\"v1\\nv2\"]", `kind "Apple" has version "v1\nv2", which its group "fruit" has not: add it there, or use some of v1alpha1`},
		{"created in a version that is gone", "    storage: v1alpha1\n", "    storage: v1alpha1\n    created: v1\n", `kind "Apple" was created in version "v1", which it isn't served in any more: take the line "created" out`},
		{"no storage", "    storage: v1alpha1\n", "", `kind "Apple" is stored as version "", which it isn't served in: use "v1alpha1"`},
		{"no shape", "    shape: stored\n", "", `kind "Apple" has shape "": use one of stored, virtual, review, parent`},
		{"a group twice", "groups:", "groups:\n- name: fruit", `group "fruit" is declared twice: keep one of them`},
		{"a kind twice", "- kinds:", "- kinds:\n  - {kind: Apple, shape: stored, storage: v1alpha1, versions: [v1alpha1]}", `kind "Apple" is declared twice in group "fruit": keep one of them`},
		{"a controller twice", "layout: 1", "layout: 1\ncontrollers: [{group: apps, version: v1, kind: Deployment}, {group: apps, version: v1, kind: Deployment}]", `the controller of apps/v1 Deployment is declared twice: keep one of them`},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := strings.Replace(saved, test.old, test.new, 1)
			if data == saved {
				t.Fatal("the edit changes nothing")
			}
			_, err := Parse([]byte(data), "shop/PROJECT")
			if err == nil {
				t.Fatalf("accepted:\n%s", data)
			}
			if got := strings.TrimPrefix(err.Error(), "shop/PROJECT: "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(dir)
	if want := `no PROJECT in ` + dir + `: run "builder init" there, or change to a project's folder`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	write(t, dir)
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fruit(t), p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "pkg", "apis")
	// A folder with this name is not a declaration.
	if err := os.MkdirAll(filepath.Join(deep, FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := Find(deep)
	if want := `no PROJECT in ` + deep + ` or a folder above it: run "builder init" there, or change to a project's folder`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	write(t, dir)
	for _, from := range []string{deep, dir} {
		root, p, err := Find(from)
		if err != nil {
			t.Fatal(err)
		}
		if root != dir || p.Name != "shop" {
			t.Errorf("from %s: found %s in %s, want shop in %s", from, p.Name, root, dir)
		}
	}
}

func write(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(saved), 0o644); err != nil {
		t.Fatal(err)
	}
}
