package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// changes returns the lines of a report that describe changes.
func changes(stdout string) []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(stdout), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "unchanged ")
	})
}

// TestTwice runs every command again on its result. Nothing may change, not even a file's time.
func TestTwice(t *testing.T) {
	dir := shop(t)
	before := state(t, dir)
	lines := append(slices.Clone(declaration), "generate", "create resource --group fruit --version v1alpha1 --kind Apple")
	for _, line := range lines {
		stdout, stderr, code := do(t, dir, strings.Fields(line)...)
		if code != 0 {
			t.Fatalf("builder %s: exit code %d\n%s", line, code, stderr)
		}
		if again := changes(stdout); len(again) > 0 {
			t.Errorf("builder %s: a second time it says %q", line, again)
		}
	}
	same(t, "the project has changed", before, state(t, dir))
}

// TestOrder creates the same project in two orders, generating after each command or only once. The files must be the same.
func TestOrder(t *testing.T) {
	want := read(t, shop(t))
	dir := folder(t)
	must(t, dir, declaration[0])
	for i, line := range slices.Backward(declaration[1:]) {
		if strings.HasPrefix(line, "create controller --group baked-goods") {
			continue // it needs the kind first
		}
		if i%3 == 0 { // generating each time would take long, and would not find more errors
			line = strings.TrimSuffix(line, " --generate=false")
		}
		must(t, dir, line)
	}
	must(t, dir, declaration[4], "generate")
	same(t, "the project depends on the order of the commands", want, read(t, dir))
}

// TestSubresourceOrder creates subresources in two orders, and a version before or after them. The project must be the same.
func TestSubresourceOrder(t *testing.T) {
	const resource = "create resource --group fruit --version v1alpha1 --kind Apple --generate=false"
	const version = "create version --group fruit --from v1alpha1 --version v1beta1 --generate=false"
	const create = "create subresource --group fruit --version v1alpha1 --kind Apple --generate=false --name "
	one, other := folder(t), folder(t)
	must(t, one, declaration[0], resource, create+"approve", create+"sync", version)
	must(t, other, declaration[0], resource, version, create+"sync", create+"approve")
	same(t, "the project depends on the order of the commands", read(t, one), read(t, other))
}

// TestEditsSurvive edits one of each kind of file that the user owns, and runs every command.
func TestEditsSurvive(t *testing.T) {
	dir := shop(t)
	edits := map[string]string{
		"pkg/apis/fruit/v1alpha1/apple_types.go":         "// Mine.\n",
		"pkg/apis/fruit/v1alpha1/doc.go":                 "// Mine.\n",
		"pkg/registry/fruit/apple/strategy.go":           "// Mine.\n",
		"pkg/registry/dependencies.go":                   "// Mine.\n",
		"internal/controller/apple_controller.go":        "// Mine.\n",
		"internal/controller/deployment_controller.go":   "// Mine.\n",
		"pkg/apiserver/options.go":                       "// Mine.\n",
		"cmd/apiserver/main.go":                          "// Mine.\n",
		"cmd/controller-manager/main.go":                 "// Mine.\n",
		"go.mod":                                         "// Mine.\n",
		"config/samples/fruit_v1alpha1_apple.yaml":       "# Mine.\n",
		"config/base/kustomization.yaml":                 "# Mine.\n",
		"test/fruit_apple_test.go":                       "// Mine.\n",
		"pkg/registry/fruit/apple/strategy_more.go":      "package apple\n",
		"pkg/registry/bakedgoods/pie/zzgenerated_not.go": "package pie\n",
	}
	before := read(t, dir)
	for name, text := range edits {
		edits[name] = before[name] + text
	}
	write(t, dir, edits)
	must(t, dir, declaration...)
	must(t, dir,
		"create resource --group fruit --version v1alpha1 --kind Pear --generate=false",
		"create controller --group fruit --version v1alpha1 --kind Orchard",
		"generate")
	after := read(t, dir)
	for name, want := range edits {
		same(t, name+" was changed", want, after[name])
	}
	if after["pkg/registry/fruit/pear/zz_generated.storage.go"] == "" || after["internal/controller/orchard_controller.go"] == "" {
		t.Error("the commands did not do what they are for")
	}
}

// TestDeletedFilesStayDeleted deletes files of the user, and runs the commands that originally wrote them.
func TestDeletedFilesStayDeleted(t *testing.T) {
	dir := shop(t)
	names := []string{"config/samples/fruit_v1alpha1_apple.yaml", "test/fruit_apple_test.go", "pkg/registry/fruit/apple/strategy.go"}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, dir, declaration...)
	must(t, dir, "create resource --group fruit --version v1alpha1 --kind Pear --generate=false")
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is back: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "config/samples/fruit_v1alpha1_pear.yaml")); err != nil {
		t.Error(err)
	}
}

// TestUntouchedFilesFollow edits the declaration. Seeded files that the user has not edited must be updated.
func TestUntouchedFilesFollow(t *testing.T) {
	dir := shop(t)
	replace(t, dir, "PROJECT", "clusterScoped: true", "shortNames: [orc]")
	stdout, stderr, code := do(t, dir, "generate", "-v")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, name := range []string{"pkg/apis/fruit/v1alpha1/orchard_types.go", "config/samples/fruit_v1alpha1_orchard.yaml", "pkg/registry/fruit/orchard/zz_generated.storage.go"} {
		if !strings.Contains(stdout, "updated    "+name+"\n") {
			t.Errorf("%s was not updated", name)
		}
	}
	fresh := folder(t)
	lines := slices.Clone(declaration)
	lines[2] = "create resource --group fruit --version v1alpha1 --kind Orchard --short-names orc --plural orchardry --no-controller --generate=false"
	must(t, fresh, lines...)
	got := read(t, dir)
	for name, want := range read(t, fresh) {
		same(t, name+" is not what a new project has", want, got[name])
	}
}

// TestStaleFilesGo removes a kind from a project. Its generated files and empty folders must be removed, and the user's files must stay.
func TestStaleFilesGo(t *testing.T) {
	dir := shop(t)
	const pie = `  - controller: true
    kind: Pie
    scale: true
    shape: stored
    status: true
    storage: v1
    versions:
    - v1
`
	replace(t, dir, "PROJECT", "- kinds:\n"+pie, "- kinds: []\n")
	for _, name := range []string{"pkg/apis/bakedgoods/v1/pie_types.go", "internal/controller/pie_controller.go"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, dir, "generate")
	after := read(t, dir)
	for name := range after {
		if strings.Contains(strings.ToLower(name), "pie") && name != "pkg/registry/bakedgoods/pie/strategy.go" &&
			name != "config/samples/bakedgoods_v1_pie.yaml" && name != "test/bakedgoods_pie_test.go" && name != "test/bakedgoods_pie_reconciler_test.go" {
			t.Errorf("%s is still there", name)
		}
	}
	if after["pkg/registry/bakedgoods/pie/strategy.go"] == "" {
		t.Error("the user's strategy was removed")
	}
	if _, err := os.Stat(filepath.Join(dir, "pkg/generated/listers/bakedgoods")); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
	if strings.Contains(after["pkg/apiserver/zz_generated.server.go"], "pie") {
		t.Error("the server still serves the kind")
	}
}

// TestVersionGoes changes the storage version in PROJECT, and then removes the old version, as described in docs/versions.md.
func TestVersionGoes(t *testing.T) {
	dir := shop(t)
	must(t, dir, "create version --group fruit --from v1alpha1 --version v1beta1 --generate=false")
	replace(t, dir, "PROJECT", "kind: Apple\n    shape: stored\n    shortNames:\n    - ap\n    status: true\n    storage: v1alpha1",
		"kind: Apple\n    shape: stored\n    shortNames:\n    - ap\n    status: true\n    storage: v1beta1")
	replace(t, dir, "PROJECT", "kind: Orchard\n    plural: orchardry\n    shape: stored\n    storage: v1alpha1",
		"kind: Orchard\n    plural: orchardry\n    shape: stored\n    storage: v1beta1")
	must(t, dir, "generate")
	both := read(t, dir)
	for _, kind := range []string{"apple", "orchard"} {
		if !strings.Contains(both["pkg/registry/fruit/"+kind+"/zz_generated.types.go"], " = v1beta1.") {
			t.Errorf("v1beta1 of %s is not stored", kind)
		}
	}
	if both["pkg/apis/fruit/v1alpha1/zz_generated.conversion.go"] == "" {
		t.Error("the versions are not converted")
	}

	for _, line := range []string{"\n    - v1alpha1\n", "\n    - v1alpha1\n", "\n  - v1alpha1\n"} { // two kinds, and their group
		replace(t, dir, "PROJECT", line, "\n")
	}
	if err := os.RemoveAll(filepath.Join(dir, "pkg/apis/fruit/v1alpha1")); err != nil {
		t.Fatal(err)
	}
	must(t, dir, "generate")
	for name, content := range read(t, dir) {
		if strings.HasPrefix(name, "pkg/generated/") || strings.Contains(name, "zz_generated.") {
			if strings.Contains(name+content, "fruit/v1alpha1") || strings.Contains(content, "v1alpha1.fruit.example.com") {
				t.Errorf("%s still has v1alpha1", name)
			}
		}
	}
}
