package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/generators/scaffold"
)

// A killable command changes a project.
type killable struct {
	args []string
	// before and after are the files of the project.
	before, after map[string]string
	// whole is how long the command takes.
	whole time.Duration
}

// killables runs the commands that write files one after the other in one project.
func killables(t *testing.T) []killable {
	dir := folder(t)
	var all []killable
	for _, line := range []string{
		"init --domain example.com --module example.com/shop",
		"create group fruit --version v1alpha1",
		"create resource --group fruit --version v1alpha1 --kind Apple",
		"create version --group fruit --version v1beta1 --from v1alpha1",
		"create subresource --group fruit --version v1beta1 --kind Apple --name approve",
		"generate",
	} {
		if line == "generate" {
			replace(t, dir, "pkg/apis/fruit/v1beta1/apple_types.go", "type AppleSpec struct {", "type AppleSpec struct {\n\tWeight int32 `json:\"weight,omitempty\"`\n")
		}
		k := killable{args: strings.Fields(line), before: read(t, dir)}
		began := time.Now()
		builder(t, dir, k.args...)
		k.whole, k.after = time.Since(began), read(t, dir)
		all = append(all, k)
	}
	return all
}

// builder runs builder in a separate process, so that it does not share state with previous runs.
func builder(t *testing.T, dir string, args ...string) (stderr string) {
	t.Helper()
	cmd := exec.Command("builder", args...)
	var prose strings.Builder
	cmd.Dir, cmd.Stderr = dir, &prose
	if err := cmd.Run(); err != nil {
		t.Fatalf("builder %s: %v\n%s", strings.Join(args, " "), err, prose.String())
	}
	return prose.String()
}

// TestKilledAtAnyMoment kills 50 commands at random moments: about half of them throughout the run, the others while the command writes.
// Then the project must be unchanged, or builder generate must complete it. A command that ends before its moment does not count.
func TestKilledAtAnyMoment(t *testing.T) {
	const kills = 50
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	commands := killables(t)
	random := rand.New(rand.NewPCG(kills, 1))
	killed, completed, attempts := 0, 0, 0
	for ; killed < kills && attempts < 4*kills; attempts++ {
		k := commands[attempts%len(commands)]
		dir := folder(t)
		write(t, dir, k.before)
		if attempts/len(commands)%2 == 0 {
			moment := time.Duration(random.Float64() * float64(k.whole))
			k.kill(t, dir, func(<-chan error) { time.Sleep(moment) })
		} else {
			moment := time.Duration(random.Int64N(int64(time.Millisecond)))
			k.kill(t, dir, func(ended <-chan error) { untilItWrites(dir, ended); time.Sleep(moment) })
		}
		left := read(t, dir)
		maps.DeleteFunc(left, func(name, _ string) bool { return strings.HasPrefix(name, ".builder-stage-") })
		if maps.Equal(k.before, left) {
			killed++
			continue
		}
		if _, begun := left[scaffold.JournalName]; begun {
			killed++
			completed++
		}
		stderr := builder(t, dir, "generate")
		same(t, "the project differs from one whose making was never interrupted", k.after, read(t, dir))
		if t.Failed() {
			t.Fatalf("builder %s was killed at attempt %d; then builder generate printed\n%s", strings.Join(k.args, " "), attempts, stderr)
		}
	}
	dir := folder(t)
	write(t, dir, commands[0].after)
	builder(t, dir, "generate")
	checkTemporary(t, temporary)
	t.Logf("%d of %d commands were killed, %d of them while they changed files", killed, attempts, completed)
	if killed < kills || completed == 0 {
		t.Errorf("of %d commands, %d were killed, %d of them while they changed files", attempts, killed, completed)
	}
}

// checkTemporary reports files in the folder for temporary files, except those of the go command and of goimports.
func checkTemporary(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, entry := range left {
		if !strings.HasPrefix(entry.Name(), "go") {
			t.Errorf("%s of a killed command still exists", entry.Name())
		}
	}
}

// kill starts the command in the folder dir, and kills it when moment returns.
func (k killable) kill(t *testing.T, dir string, moment func(ended <-chan error)) {
	t.Helper()
	cmd := exec.Command("builder", k.args...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	moment(ended)
	_ = cmd.Process.Kill() // it may have ended
	<-ended
}

// untilItWrites waits until a command in the folder dir begins to change files, or has ended.
func untilItWrites(dir string, ended <-chan error) {
	for {
		if _, err := os.Lstat(filepath.Join(dir, scaffold.JournalName)); err == nil {
			return
		}
		select {
		case <-ended:
			return
		default:
			runtime.Gosched()
		}
	}
}

// TestEveryCommandCompletesTheChanges runs the commands that lock a project, in a project with the journal of a killed command.
func TestEveryCommandCompletesTheChanges(t *testing.T) {
	const (
		journal = `{"changes": [
			{"action": "created", "path": "notes.txt", "was": "", "content": "bWluZQo="},
			{"action": "updated", "path": "Makefile", "was": "0123456789", "content": "bWluZQo="}
		]}`
		news = "Completed the changes of an interrupted command, and kept files that were edited after it: Makefile.\n"
	)
	made := folder(t)
	must(t, made, declaration[0], "generate")
	files := read(t, made)
	for line, fails := range map[string]bool{
		declaration[0]: false, "create group fruit --version v1": false, addPear: false, "generate": false, "generate --dry-run": false,
		"generate -o json": false, "generate --verify": false, "generate --watch": false, "run": true, "run --watch=false": true,
	} {
		t.Run(line, func(t *testing.T) {
			dir := folder(t)
			write(t, dir, files)
			write(t, dir, map[string]string{scaffold.JournalName: journal})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stdout, stderr bytes.Buffer
			a := &app{stdout: &stdout, stderr: &stderr, getwd: func() (string, error) { return dir, nil }, timeouts: defaultTimeouts,
				getenv: func(name string) string { return map[string]string{"AGGREGATION_PROXY": "/nowhere"}[name] }, executable: os.Executable}
			if line == "generate --watch" { // which ends with its context
				time.AfterFunc(time.Second, cancel)
			}
			code := a.execute(ctx, strings.Fields(line))
			if (code != 0) != fails {
				t.Errorf("exit code %d", code)
			}
			if !strings.HasPrefix(stderr.String(), news) {
				t.Errorf("printed %q", stderr.String())
			}
			if strings.Contains(line, "json") && !json.Valid(stdout.Bytes()) {
				t.Errorf("the output is not JSON: %s", stdout.String())
			}
			got := read(t, dir)
			if _, ok := got[scaffold.JournalName]; ok || got["notes.txt"] != "mine\n" || got["Makefile"] != files["Makefile"] {
				t.Errorf("the changes are not completed: %q", slices.Sorted(maps.Keys(got)))
			}
		})
	}
}
