package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/regular"
)

func dirFS(dir string) fs.FS { return regular.DirFS(dir) }

func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// tree returns the state of a folder: the mode, time and content of each file, and the mode of each folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			out[rel] = info.Mode().String()
			return nil
		}
		content, err := os.ReadFile(name)
		out[rel] = fmt.Sprintf("%v %v %s", info.Mode(), info.ModTime().UnixNano(), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func planFor(t *testing.T, dir string, files map[string]string) *Plan {
	t.Helper()
	plan, err := NewPlan(dirFS(dir), filesOf(files), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestApply(t *testing.T) {
	dir := t.TempDir()
	first := map[string]string{project.FileName: "one\n", "a.go": "a\n", "pkg/generated/deep/down/x.go": "x\n", "pkg/generated/y.go": "y\n"}
	if err := planFor(t, dir, first).Apply(dir); err != nil {
		t.Fatal(err)
	}
	writeTree(t, dir, map[string]string{"mine.txt": "mine\n"})

	second := map[string]string{project.FileName: "two\n", "a.go": "b\n", "pkg/generated/y.go": "y\n"}
	if err := planFor(t, dir, second).Apply(dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, entry := range tree(t, dir) {
		if !strings.HasPrefix(entry, "d") && name != baseName {
			got[name] = entry[strings.LastIndex(entry, " ")+1:]
		}
	}
	want := map[string]string{project.FileName: "two\n", "a.go": "b\n", "pkg/generated/y.go": "y\n", "mine.txt": "mine\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the folder differs (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "pkg/generated/deep")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folders of a deleted file are still there: %v", err)
	}
}

func TestApplyOfNothingTouchesNothing(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{project.FileName: "one\n", "a.go": "a\n"}
	if err := planFor(t, dir, files).Apply(dir); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	again := planFor(t, dir, files)
	if again.Changed() {
		t.Errorf("a second plan changes something: %v", again.Changes)
	}
	if err := again.Apply(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the folder has changed (-before +after):\n%s", diff)
	}
}

// TestApplyRollsBack verifies that a plan that cannot be completed leaves the folder unchanged, including the modes and times of its files.
func TestApplyRollsBack(t *testing.T) {
	was := map[string]string{project.FileName: "one\n", "a.go": "a\n", "pkg/generated/stale/x.go": "x\n", "pkg/generated/y.go": "y\n"}
	wanted := map[string]string{project.FileName: "two\n", "a.go": "b\n", "pkg/generated/new/z.go": "z\n", "pkg/generated/y.go": "yy\n", "zoo/last.go": "last\n"}
	// Each of these changes happens after the plan is made, so the plan does not consider it.
	spoils := map[string]func(dir string) error{
		"a folder with files in the place of a new file": func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "zoo/last.go/full"), 0o755)
		},
		"an empty folder in the place of a new file": func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "zoo/last.go"), 0o755)
		},
		"a folder in the place of the declaration": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, project.FileName)), os.MkdirAll(filepath.Join(dir, project.FileName, "full"), 0o755))
		},
		"a file in the place of a new folder": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "zoo"), []byte("mine\n"), 0o600)
		},
		"a stale file that is gone": func(dir string) error {
			return os.Remove(filepath.Join(dir, "pkg/generated/stale/x.go"))
		},
	}
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := planFor(t, dir, was).Apply(dir); err != nil {
				t.Fatal(err)
			}
			long := time.Now().Add(-time.Hour)
			if err := errors.Join(os.Chtimes(filepath.Join(dir, "a.go"), long, long), os.Chmod(filepath.Join(dir, "a.go"), 0o755)); err != nil {
				t.Fatal(err)
			}
			plan := planFor(t, dir, wanted)
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			before := tree(t, dir)
			err := plan.Apply(dir)
			if err == nil {
				t.Fatal("the plan went through")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is more than one line, so the roll-back failed too: %v", err)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("the folder has changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestApplyRemovesWhatAKilledRunLeft(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"with something to do": {"a.go": "b\n"},
		"with nothing to do":   {"a.go": "a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := planFor(t, dir, map[string]string{"a.go": "a\n"}).Apply(dir); err != nil {
				t.Fatal(err)
			}
			writeTree(t, dir, map[string]string{".builder-stage-123/0": "left\n", ".builder/kubeconfig": "kept\n"})
			if err := planFor(t, dir, files).Apply(dir); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, stagePattern)); len(left) > 0 {
				t.Errorf("still there: %v", left)
			}
			if _, err := os.Stat(filepath.Join(dir, ".builder/kubeconfig")); err != nil {
				t.Errorf("another folder was removed with it: %v", err)
			}
		})
	}
}

func TestWriteToWritesWhatIsNew(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	if err := planFor(t, dir, map[string]string{"same.go": "same\n", "pkg/generated/stale.go": "stale\n"}).Apply(dir); err != nil {
		t.Fatal(err)
	}
	plan := planFor(t, dir, map[string]string{"same.go": "same\n", "sub/new.go": "new\n"})
	if err := plan.WriteTo(copied); err != nil {
		t.Fatal(err)
	}
	got, err := fs.Glob(dirFS(copied), "*")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".scaffold", "sub"}, got); diff != "" {
		t.Errorf("the copy differs (-want +got):\n%s", diff)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(dir)
	want := "another builder is at work in " + dir + ": run this again when it is done"
	if err == nil || err.Error() != want {
		t.Errorf("a second lock: got the error %v, want %s", err, want)
	}
	unlock()
	again, err := Lock(dir)
	if err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	again()
}
