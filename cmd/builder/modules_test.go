package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const addPlum = "create resource --group fruit --version v1alpha1 --kind Plum"

// colors is a module beside the project. usesColors makes Apple's types import it.
var colors = map[string]string{
	"colors/go.mod": "module example.org/colors\n\ngo 1.26.0\n",
	"colors/colors.go": "// Package colors is of another module.\npackage colors\n\n" +
		"// A Color is a color.\n//\n// +k8s:openapi-gen=true\ntype Color string\n",
}

func usesColors(t *testing.T, dir string) {
	t.Helper()
	write(t, filepath.Dir(dir), colors)
	replace(t, dir, appleTypes, "import metav1 ", "import (\n\t\"example.org/colors\"\n)\n\nimport metav1 ")
	replace(t, dir, appleTypes, "Message string", "Color colors.Color `json:\"color,omitempty\"`\n\n\t// +optional\n\tMessage string")
}

// projectBeside returns the folder of a project in a folder that belongs to the test.
func projectBeside(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(folder(t), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, dir, declaration[:2]...)
	return dir
}

// generatesColors generates twice: once with types that are not written yet, and once without changes.
func generatesColors(t *testing.T, dir string) {
	t.Helper()
	must(t, dir, addPlum, "generate")
	files := read(t, dir)
	if got := files["pkg/generated/applyconfiguration/fruit/v1alpha1/applespec.go"]; !strings.Contains(got, "WithColor(value colors.Color)") {
		t.Error("the field of the other module's type is not generated")
	}
	if files["pkg/registry/fruit/plum/zz_generated.storage.go"] == "" {
		t.Error("the new kind is not generated")
	}
}

func TestRelativeReplace(t *testing.T) {
	dir := projectBeside(t)
	usesColors(t, dir)
	mod := read(t, dir)["go.mod"] + "\nrequire example.org/colors v0.0.0\n\nreplace example.org/colors => ../colors\n"
	write(t, dir, map[string]string{"go.mod": mod})
	generatesColors(t, dir)
	same(t, "go.mod was changed", mod, read(t, dir)["go.mod"])
}

func TestWorkspace(t *testing.T) {
	dir := projectBeside(t)
	usesColors(t, dir)
	write(t, filepath.Dir(dir), map[string]string{"go.work": "go 1.26.0\n\nuse (\n\t./shop\n\t./colors\n)\n"})
	generatesColors(t, dir)
}

// TestVendor vendors the modules of a project. Another kind must not need another module.
func TestVendor(t *testing.T) {
	dir := projectBeside(t)
	usesColors(t, dir)
	write(t, dir, map[string]string{
		"go.mod": read(t, dir)["go.mod"] + "\nrequire example.org/colors v0.0.0\n\nreplace example.org/colors => ../colors\n",
	})
	must(t, dir, "generate")
	vendor := exec.Command("go", "mod", "vendor")
	vendor.Dir = dir
	if output, err := vendor.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	generatesColors(t, dir)
}

// TestEmbed adds a reconciler that embeds a file. The go command must find the file even if types are not written yet.
func TestEmbed(t *testing.T) {
	dir := projectBeside(t)
	write(t, dir, map[string]string{
		"internal/controller/assets.go":       "package controller\n\nimport _ \"embed\"\n\n//go:embed assets/job.yaml\nvar job []byte\n",
		"internal/controller/assets/job.yaml": "kind: Job\n",
	})
	must(t, dir, addPlum)
	role := read(t, dir)["config/base/rbac/zz_generated.role.yaml"]
	if !strings.Contains(role, "- plums\n") || !strings.Contains(role, "- apples\n") {
		t.Errorf("the role lacks a kind:\n%s", role)
	}
}

// TestLinkedFolder uses a project through a path with a symbolic link.
func TestLinkedFolder(t *testing.T) {
	dir := shop(t)
	link := filepath.Join(folder(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := do(t, link, "generate")
	if again := changes(stdout); code != 0 || len(again) > 0 {
		t.Errorf("exit code %d, changes %q\n%s", code, again, stderr)
	}
	replace(t, dir, appleTypes, "Message string", "Message Strng")
	replace(t, dir, "internal/controller/apple_controller.go", "// +kubebuilder:rbac:groups=", "// +kubebuilder:rbac:grops=")
	if _, stderr, _ := do(t, link, "generate"); !strings.Contains(stderr, "\n"+appleTypes+":") {
		t.Errorf("the error has no path in the project:\n%s", stderr)
	}
	replace(t, dir, appleTypes, "Message Strng", "Message string")
	if _, stderr, _ := do(t, link, "generate"); !strings.Contains(stderr, "\ninternal/controller/apple_controller.go:") {
		t.Errorf("the error has no path in the project:\n%s", stderr)
	}
}
