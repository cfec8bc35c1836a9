package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCreateSeesAllFiles creates a kind in a project whose types depend on files that a copy could easily omit: linked files, embedded
// files, and files in folders with special names. Afterwards, generate must have nothing to do.
func TestCreateSeesAllFiles(t *testing.T) {
	dir := projectBeside(t)
	fields := ""
	imports := ""
	files := map[string]string{
		"shared/web/go.mod":        "module example.org/web\n\ngo 1.26.0\n",
		"internal/assets/bin/tool": "a file to embed\n",
		"internal/assets/assets.go": "// Package assets embeds a folder.\npackage assets\n\nimport \"embed\"\n\n//go:embed bin all:.hidden\nvar Files embed.FS\n\n" +
			"// A Size is a size.\ntype Size string\n",
		"internal/assets/.hidden/tool": "another\n",
	}
	for i, folder := range []string{"internal/bin", "internal/node_modules/lib", "internal/_lib", "internal/testdata", "pkg/vendored", "bin/lib", "internal/linked"} {
		name := "lib" + string(rune('a'+i))
		target := folder
		if folder == "internal/linked" { // a folder that is a link
			target = "shared/linked"
		}
		files[target+"/lib.go"] = "// Package " + name + " has a type.\npackage " + name + "\n\n// A Size is a size.\ntype Size string\n"
		imports += "\t" + name + " \"example.com/shop/" + folder + "\"\n"
		fields += "\t// +optional\n\tSize" + strings.ToUpper(name[3:]) + " " + name + ".Size `json:\"" + name + ",omitempty\"`\n\n"
	}
	imports += "\t\"example.com/shop/internal/assets\"\n"
	fields += "\t// +optional\n\tAssets assets.Size `json:\"assets,omitempty\"`\n\n"
	write(t, dir, files)
	link(t, "../shared/linked", filepath.Join(dir, "internal", "linked"))
	replace(t, dir, appleTypes, "import metav1 ", "import (\n"+imports+")\n\nimport metav1 ")
	replace(t, dir, appleTypes, "Message string", "// Message is a message.\n\tMessage string")
	replace(t, dir, appleTypes, "type AppleSpec struct {\n", "type AppleSpec struct {\n"+fields)

	// The types file is a link to a file elsewhere in the module.
	if err := os.Rename(filepath.Join(dir, appleTypes), filepath.Join(dir, "shared", "apple_types.go")); err != nil {
		t.Fatal(err)
	}
	link(t, "../../../../shared/apple_types.go", filepath.Join(dir, appleTypes))

	must(t, dir, addPlum)
	apply, err := os.ReadFile(filepath.Join(dir, "pkg/generated/applyconfiguration/fruit/v1alpha1/applespec.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"WithSizeA(", "WithSizeG(", "WithAssets("} {
		if !strings.Contains(string(apply), method) {
			t.Errorf("the generated code lacks %s", method)
		}
	}
	stdout, stderr, code := do(t, dir, "generate")
	if again := changes(stdout); code != 0 || len(again) > 0 {
		t.Errorf("generate: exit code %d, changes %q\n%s", code, again, stderr)
	}
}

// TestCreateBesideLinks creates a kind in an API whose folder is a link. The files must be written to the link's target, once.
func TestCreateBesideLinks(t *testing.T) {
	dir := projectBeside(t)
	if err := os.Rename(filepath.Join(dir, "pkg", "apis"), filepath.Join(dir, "apis")); err != nil {
		t.Fatal(err)
	}
	link(t, "../apis", filepath.Join(dir, "pkg", "apis"))
	before := state(t, filepath.Join(dir, "apis"))
	must(t, dir, addPlum+" --dry-run")
	same(t, "a dry run writes behind the link", before, state(t, filepath.Join(dir, "apis")))
	must(t, dir, addPlum)
	if _, err := os.Stat(filepath.Join(dir, "apis/fruit/v1alpha1/plum_types.go")); err != nil {
		t.Error(err)
	}
	stdout, stderr, code := do(t, dir, "generate")
	if again := changes(stdout); code != 0 || len(again) > 0 {
		t.Errorf("generate: exit code %d, changes %q\n%s", code, again, stderr)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// TestAnyPath uses a path with names that are special for a shell, make, Go or patterns.
func TestAnyPath(t *testing.T) {
	dir := filepath.Join(folder(t), "_x", ".testdata", "vendor", "internal", "a b$HOME;`id`(é)'q'\"r\"[x#%41:@v1,*?=\\&.go:1:2")
	if err := os.MkdirAll(filepath.Join(dir, ".builder-stage-left"), 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, dir, "init --domain example.com --module example.com/shop", declaration[1], "generate")
	if left := read(t, filepath.Join(dir, "pkg")); left["apis/fruit/v1alpha1/zz_generated.deepcopy.go"] == "" {
		t.Error("nothing is generated")
	}
	if _, err := os.Stat(filepath.Join(dir, ".builder-stage-left")); err == nil {
		t.Error("what a killed run left is still there")
	}
	must(t, dir, addPlum)
	stdout, stderr, code := do(t, dir, "generate")
	if again := changes(stdout); code != 0 || len(again) > 0 {
		t.Errorf("generate: exit code %d, changes %q\n%s", code, again, stderr)
	}
	replace(t, dir, appleTypes, "Message string", "Message Strng")
	if _, stderr, _ := do(t, dir, "generate"); !strings.Contains(stderr, "\n"+appleTypes+":") {
		t.Errorf("the error has no path in the project:\n%s", stderr)
	}
}

// TestImpossiblePath uses paths in which the go command does not accept packages.
func TestImpossiblePath(t *testing.T) {
	for _, name := range []string{"a\nb", "a\xffb"} {
		dir := filepath.Join(folder(t), name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("this file system has no such folders: %v", err)
		}
		_, stderr, code := do(t, dir, strings.Fields(declaration[0])...)
		if code != 1 || !strings.HasSuffix(stderr, " has a line break, or isn't UTF-8, and the go command takes no package there: use another folder\n") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
		if files := read(t, dir); len(files) > 0 {
			t.Errorf("%d files were written", len(files))
		}
	}
}
