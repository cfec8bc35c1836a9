package scaffold

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/project"
)

// TestDiff verifies that git apply makes the same changes with the diff of a plan as Apply.
func TestDiff(t *testing.T) {
	was := map[string]string{
		project.FileName: "one\n", "same.go": "same\n",
		"pkg/generated/changed.go": "a\nb\nc\n", "pkg/generated/endless.go": "no line break", "pkg/generated/emptied.go": "x\n",
		"pkg/generated/stale.go": "x\ny\n", "pkg/generated/void.go": "",
	}
	wanted := map[string]string{
		project.FileName: "two\n", "same.go": "same\n",
		"pkg/generated/changed.go": "a\nB\nc\n", "pkg/generated/endless.go": "no line break either", "pkg/generated/emptied.go": "",
		"pkg/generated/new.go": "x\n", "pkg/generated/new_void.go": "", "deep/down/mine.go": "mine\n",
	}
	applied, patched := t.TempDir(), t.TempDir()
	for _, dir := range []string{applied, patched} {
		writeTree(t, dir, was)
	}
	if err := planFor(t, applied, wanted).Apply(applied); err != nil {
		t.Fatal(err)
	}
	patch, err := planFor(t, patched, wanted).Diff(dirFS(patched))
	if err != nil {
		t.Fatal(err)
	}
	git := exec.Command("git", "apply", "-")
	git.Dir, git.Stdin = patched, bytes.NewReader(patch)
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
	if diff := cmp.Diff(contents(t, applied), contents(t, patched)); diff != "" {
		t.Errorf("the diff does something else than Apply (-Apply +git):\n%s\n%s", diff, patch)
	}

	patch, err = planFor(t, patched, wanted).Diff(dirFS(patched))
	if err != nil || len(patch) > 0 {
		t.Errorf("nothing to change is shown as:\n%s%v", patch, err)
	}
}

// contents returns the content of the files in a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, entry := range tree(t, dir) {
		if !strings.HasPrefix(entry, "d") {
			out[name] = strings.SplitN(entry, " ", 3)[2] // after the mode and the time
		}
	}
	return out
}
