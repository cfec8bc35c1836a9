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
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"builder": main})
}

// TestScripts runs command lines and compares their output and files. There is a script for each command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"snapshot":   snapshot,
			"sameplan":   samePlan,
			"eventually": eventually,
		},
	})
}

// hostGo returns the settings that make a script's go command use this machine's modules and build cache.
var hostGo = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "env", "-json", "GOMODCACHE", "GOCACHE", "GOFLAGS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN").Output()
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	return env, json.Unmarshal(out, &env)
})

// setup gives a script an empty home folder.
func setup(env *testscript.Env) error {
	host, err := hostGo()
	if err != nil {
		return err
	}
	for name, value := range host {
		env.Setenv(name, value)
	}
	// A PATH that contains only builder, which testscript puts first.
	env.Setenv("BUILDER_ONLY", filepath.SplitList(env.Getenv("PATH"))[0])
	if caches, err := os.UserCacheDir(); err == nil { // stubs of dependencies
		env.Setenv("XDG_CACHE_HOME", caches)
	}
	home := filepath.Join(env.WorkDir, ".home")
	env.Setenv("HOME", home)
	env.Setenv("GOENV", "off")
	return os.Mkdir(home, 0o755)
}

// exits runs a command that must exit with a code: exits CODE builder create.
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

// snapshot writes a description of a folder, including the times of its files, to a file outside it: snapshot DIR FILE.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIR FILE")
	}
	text, err := describe(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// describe returns a description of a folder. It changes if a file in it is touched, created or removed.
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

// samePlan compares the output of -o json with the text output: sameplan JSON TEXT.
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

// eventually waits until a line of a file, which another program writes, matches: eventually FILE PATTERN.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: eventually FILE PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var content []byte
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if content, err = os.ReadFile(ts.MkAbs(args[0])); err == nil && pattern.Match(content) {
			return
		}
	}
	ts.Fatalf("no match for %q in time (%v):\n%s", args[1], err, content)
}
