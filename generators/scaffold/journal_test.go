package scaffold

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/project"
)

// The changes from before to after include all actions, and folders that are created, kept and deleted.
var (
	before = map[string]string{
		project.FileName: "one\n", "a.go": "a\n", "b.go": "b\n", "pkg/generated/y.go": "y\n",
		"pkg/generated/stale/x.go": "x\n", "pkg/generated/stale/deep/x.go": "x\n",
	}
	after = map[string]string{project.FileName: "two\n", "a.go": "aa\n", "b.go": "b\n", "empty.go": "", "pkg/generated/new/z.go": "z\n", "pkg/generated/y.go": "yy\n"}
)

// filesIn returns the contents of all files in a folder.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, entry := range tree(t, dir) {
		files[name] = "a folder"
		if !strings.HasPrefix(entry, "d") {
			files[name] = strings.SplitN(entry, " ", 3)[2]
		}
	}
	return files
}

// cut applies the first changes of a plan in a new folder, and leaves the folder as a killed process does. It reports whether there are
// more changes.
func cut(t *testing.T, changes int) (dir string, more bool) {
	t.Helper()
	dir = t.TempDir()
	if err := planFor(t, dir, before).Apply(dir); err != nil {
		t.Fatal(err)
	}
	all := planFor(t, dir, after).Stale()
	tx := &transaction{dir: dir}
	if err := errors.Join(tx.prepare(all), tx.writeJournal(all), tx.run(all[:min(changes, len(all))])); err != nil {
		t.Fatal(err)
	}
	return dir, changes < len(all)
}

func uncut(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for _, files := range []map[string]string{before, after} {
		if err := planFor(t, dir, files).Apply(dir); err != nil {
			t.Fatal(err)
		}
	}
	return filesIn(t, dir)
}

func TestRecoverAfterEachChange(t *testing.T) {
	want := uncut(t)
	for changes, more := 0, true; more; changes++ {
		var dir string
		dir, more = cut(t, changes)
		sentence := "Completed the changes of an interrupted command."
		if !more {
			sentence = ""
		}
		if news, err := Recover(dir); news != sentence || err != nil {
			t.Errorf("after %d changes: %q, %v", changes, news, err)
		}
		if diff := cmp.Diff(want, filesIn(t, dir)); diff != "" {
			t.Fatalf("after %d changes, the folder differs from one without an interruption (-want +got):\n%s", changes, diff)
		}
		if news, err := Recover(dir); news != "" || err != nil {
			t.Errorf("once more: %q, %v", news, err)
		}
	}
}

// TestRecoverKeepsEdits edits files before it calls Recover.
func TestRecoverKeepsEdits(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		edit func(name string) error
	}{
		"a file to create":                    {"empty.go", writes("mine\n")},
		"a file to update":                    {"a.go", writes("mine\n")},
		"a file to update that is gone":       {"a.go", os.Remove},
		"a file to delete":                    {"pkg/generated/stale/x.go", writes("mine\n")},
		"a folder in the place of a file":     {"empty.go", func(name string) error { return os.Mkdir(name, 0o755) }},
		"a file in the place of a new folder": {"pkg/generated/new/z.go", func(name string) error { return os.WriteFile(filepath.Dir(name), []byte("mine\n"), 0o600) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := cut(t, 0)
			if err := test.edit(filepath.Join(dir, filepath.FromSlash(test.file))); err != nil {
				t.Fatal(err)
			}
			edited := filesIn(t, dir)
			news, err := Recover(dir)
			if want := "Completed the changes of an interrupted command, and kept files that were edited after it: " + test.file + "."; news != want || err != nil {
				t.Errorf("%q, %v", news, err)
			}
			got, want := filesIn(t, dir), uncut(t)
			for _, files := range []map[string]string{got, want, edited} { // the place of the edit
				delete(files, "pkg/generated/stale")
			}
			for _, name := range []string{test.file, filepath.Dir(test.file)} {
				delete(want, name)
				if was, ok := edited[name]; ok {
					want[name] = was
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the folder differs (-want +got):\n%s", diff)
			}
		})
	}
}

func writes(content string) func(string) error {
	return func(name string) error { return os.WriteFile(name, []byte(content), 0o600) }
}

// TestFailedRecoveryKeepsTheJournal lets the remaining changes fail. They are reverted, and the next attempt completes them.
func TestFailedRecoveryKeepsTheJournal(t *testing.T) {
	dir, _ := cut(t, 2)
	was := tree(t, dir)
	todo := append(planFor(t, dir, after).Stale(), Change{Action: Deleted, Path: "pkg/generated/gone.go"})
	if err := apply(dir, todo, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that does not exist was deleted: %v", err)
	}
	if diff := cmp.Diff(was, tree(t, dir)); diff != "" {
		t.Errorf("the folder has changed (-before +after):\n%s", diff)
	}
	if _, err := Recover(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(uncut(t), filesIn(t, dir)); diff != "" {
		t.Errorf("the folder differs from one without an interruption (-want +got):\n%s", diff)
	}
}

// TestRecoverFromUnusableJournals tests damaged and malicious journals. Recover deletes them, and changes nothing else.
func TestRecoverFromUnusableJournals(t *testing.T) {
	valid := func(change, path string) string {
		content, err := json.Marshal(journal{[]journalEntry{{Change: Change{Action: Action(change), Path: path}, Content: []byte("theirs\n")}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for name, test := range map[string]struct{ journal, reason string }{
		"empty":                   {"", "EOF"},
		"truncated":               {valid("created", "c.go")[:40], "unexpected EOF"},
		"zeros":                   {"\x00\x00", `invalid character '\x00' looking for beginning of value`},
		"of another version":      {`{"moves": []}`, `json: unknown field "moves"`},
		"an unknown action":       {valid("moved", "c.go"), `unknown action "moved"`},
		"outside":                 {valid("created", "../c.go"), `"../c.go" is not a path in the project`},
		"absolute":                {valid("created", "/c.go"), `"/c.go" is not a path in the project`},
		"through a link":          {valid("created", "link/c.go"), `"link/c.go" is not a path in the project`},
		"of version control":      {valid("created", ".git/config"), `".git/config" is not a path in the project`},
		"of version control, too": {valid("created", "sub/.GIT/config"), `"sub/.GIT/config" is not a path in the project`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, map[string]string{"a.go": "a\n", ".git/config": "mine\n"})
			was, link := tree(t, dir), filepath.Join(dir, "link")
			if err := os.Symlink(".git", link); err != nil {
				t.Fatal(err)
			}
			writeTree(t, dir, map[string]string{JournalName: test.journal})
			news, err := Recover(dir)
			want := "Deleted .builder-journal of an interrupted command, because it is unusable (" + test.reason + "): run that command again."
			if news != want || err != nil {
				t.Errorf("got %q, %v\nwant %q", news, err, want)
			}
			if err := os.Remove(link); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(was, tree(t, dir)); diff != "" {
				t.Errorf("the folder has changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestRoot also finds a project without PROJECT, by its journal.
func TestRoot(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"made/" + JournalName: "{}", "made/sub/x": "", "made/inner/" + project.FileName: "", "made/inner/sub/x": ""})
	for from, want := range map[string]string{"made/sub": "made", "made": "made", "made/inner/sub": "made/inner"} {
		if root, err := Root(filepath.Join(dir, from)); root != filepath.Join(dir, want) || err != nil {
			t.Errorf("from %s: %s, %v", from, root, err)
		}
	}
	if root, err := Root(dir); err == nil {
		t.Errorf("found %s where there is no project", root)
	}
}
