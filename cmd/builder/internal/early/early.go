// Package early answers "builder generate" if nothing has changed since the last run, before Go initializes the rest of the program, which
// takes longer than the check. The package imports little, so that Go initializes it early.
package early

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/apiserver-builder/builder/internal/lock"
	"github.com/apiserver-builder/builder/internal/uptodate"
)

func init() {
	if !slices.Equal(os.Args[1:], []string{"generate"}) {
		return
	}
	if dir, err := os.Getwd(); err == nil && Generate(dir, os.Stdout, os.Stderr) {
		os.Exit(0)
	}
}

// Generate reports whether the project that contains the folder dir is up to date. If so, it prints the output of "builder generate";
// otherwise it prints nothing.
func Generate(dir string, out, prose io.Writer) bool {
	root := projectRoot(dir)
	if root == "" {
		return false
	}
	unlock, err := lock.Try(root)
	if err != nil { // another builder is running
		return false
	}
	defer unlock()
	record, err := uptodate.Lookup(root)
	if err != nil {
		return false
	}
	fmt.Fprintln(prose, "Generating code ...")
	_, err = io.WriteString(out, record.Out)
	fmt.Fprint(prose, record.Err)
	return err == nil
}

// projectRoot returns the nearest folder with a PROJECT file, from dir upwards, or "".
func projectRoot(dir string) string {
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil && !info.IsDir() {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
