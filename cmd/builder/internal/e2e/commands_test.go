package e2e

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/apiserver-builder/builder/internal/sessions"
)

// eventually PATTERN COMMAND... runs a command until its output matches, for at most three minutes.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually pattern command...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	var output []byte
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		cmd := exec.Command("env", args[1:]...)
		cmd.Dir = ts.MkAbs(".")
		cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("HOME"))
		if output, err = cmd.CombinedOutput(); err == nil && pattern.Match(output) {
			return
		}
	}
	ts.Fatalf("no match for %q in time; the last output (%v) was:\n%s", args[0], err, output)
}

// replace FILE OLD NEW replaces a text in a file. In both texts, \n is a line break and \t a tab.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace file old new")
	}
	name := ts.MkAbs(args[0])
	content := ts.ReadFile(args[0])
	unescape := strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace
	old := unescape(args[1])
	if !strings.Contains(content, old) {
		ts.Fatalf("%s does not contain %q", args[0], old)
	}
	ts.Check(os.WriteFile(name, []byte(strings.ReplaceAll(content, old, unescape(args[2]))), 0o644))
}

// serve runs the project in the background, and sets KUBECONFIG.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: serve")
	}
	ts.Check(ts.Exec("builder", "run", "--detach"))
	ts.Setenv("KUBECONFIG", ts.MkAbs(".builder/kubeconfig"))
}

// testSessions PATH opens sessions of subresources of the object at a path.
func testSessions(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sessions path")
	}
	config, err := clientcmd.BuildConfigFromFlags("", ts.Getenv("KUBECONFIG"))
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ts.Check(sessions.Test(ctx, config, args[0], ts.Logf))
}

// private FOLDER verifies that other users cannot read the keys, kubeconfigs and data in a folder.
func private(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: private folder")
	}
	keys := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		secret := strings.HasSuffix(name, ".key") || strings.HasSuffix(name, "kubeconfig")
		if secret {
			keys++
		}
		if (secret || entry.IsDir()) && info.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s has mode %v", name, info.Mode())
		}
		return nil
	}))
	if keys < 5 {
		ts.Fatalf("found only %d keys and kubeconfigs in %s", keys, args[0])
	}
}

// outlive FILE... waits until the certificates that are currently in the files have expired.
func outlive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: outlive file...")
	}
	var last time.Time
	for _, name := range args {
		block, _ := pem.Decode([]byte(ts.ReadFile(name)))
		if block == nil {
			ts.Fatalf("%s is not PEM", name)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		ts.Check(err)
		if cert.NotAfter.After(last) {
			last = cert.NotAfter
		}
	}
	if wait := time.Until(last); wait > time.Minute {
		ts.Fatalf("the last of them ends in %s", wait)
	}
	time.Sleep(time.Until(last.Add(time.Second)))
}
