package godriver

import (
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestStub creates stubs of the files in in/ of testdata/stub.txtar, and compares them with those in out/.
func TestStub(t *testing.T) {
	const golden = "testdata/stub.txtar"
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	sources, want := map[string][]byte{}, txtar.Archive{}
	for _, file := range archive.Files {
		if name, ok := strings.CutPrefix(file.Name, "in/"); ok {
			sources[name] = file.Data
			want.Files = append(want.Files, file)
		}
	}
	files, imports, err := stub(sources, func(path string) string {
		if path == "example.com/go-dash" {
			return "dash"
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err := format.Source(files[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want.Files = append(want.Files, txtar.File{Name: "out/" + name, Data: files[name]})
	}
	want.Files = append(want.Files, txtar.File{Name: "imports", Data: []byte(strings.Join(imports, "\n") + "\n")})
	if *update {
		if err := os.WriteFile(golden, txtar.Format(&want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(&want))); diff != "" && !*update {
		t.Errorf("stubs changed (-golden +now): write them with -update, and give the cache a new version if they aren't compatible\n%s", diff)
	}
}
