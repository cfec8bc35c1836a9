package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"builder": main})
}

// TestScripts runs what users type, and compares what they see and get: one script for each command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"snapshot": snapshot,
			"sameplan": samePlan,
		},
	})
}

// hostGo is what a script's go command needs of this machine's: its modules and its build cache.
var hostGo = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "env", "-json", "GOMODCACHE", "GOCACHE", "GOFLAGS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN").Output()
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	return env, json.Unmarshal(out, &env)
})

// setup gives a script an empty home.
func setup(env *testscript.Env) error {
	host, err := hostGo()
	if err != nil {
		return err
	}
	for name, value := range host {
		env.Setenv(name, value)
	}
	// A PATH with nothing in it but builder, which testscript puts first.
	env.Setenv("BUILDER_ONLY", filepath.SplitList(env.Getenv("PATH"))[0])
	home := filepath.Join(env.WorkDir, ".home")
	env.Setenv("HOME", home)
	env.Setenv("GOENV", "off")
	return os.Mkdir(home, 0o755)
}

// exits runs a command that must end with a code: exits CODE builder create.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// snapshot writes what there is below a folder, and when files have changed, to a file elsewhere: snapshot DIR FILE.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIR FILE")
	}
	text, err := describe(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// describe is a text about everything below a folder: two are the same if no file has been touched, made or removed.
func describe(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprint(&b, strings.TrimPrefix(name, dir), " ", info.Mode())
		if !entry.IsDir() {
			fmt.Fprint(&b, " ", info.ModTime().UnixNano(), " ", info.Size())
		}
		fmt.Fprintln(&b)
		return nil
	})
	return b.String(), err
}

// samePlan holds what -o json has printed against what was printed without: sameplan JSON TEXT.
func samePlan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameplan JSON TEXT")
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(args[0]))))
	decoder.DisallowUnknownFields()
	var got jsonReport
	ts.Check(decoder.Decode(&got))
	var text strings.Builder
	for _, change := range got.Changes {
		fmt.Fprintf(&text, "%-9s  %s\n", change.Action, change.Path)
	}
	if want := ts.ReadFile(args[1]); text.String() != want {
		ts.Fatalf("the JSON says\n%sand the text\n%s", text.String(), want)
	}
	if got.Next == "" {
		ts.Fatalf("the JSON does not say what to type next")
	}
}
