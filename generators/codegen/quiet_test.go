package codegen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/klog/v2"
)

// A generator that logs, gives up or crashes prints nothing, ends nothing, and leaves the process as it was.
func TestAsGenerator(t *testing.T) {
	stderr, args := os.Stderr, os.Args
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = file
	t.Cleanup(func() { os.Stderr = stderr })

	var name string
	for _, test := range []struct {
		name string
		run  func() error
		want string
	}{
		{"well", func() error { name = os.Args[0]; klog.Warning("careful"); klog.ErrorS(nil, "careful"); return nil }, ""},
		{"an error", func() error { return os.ErrExist }, "file already exists"},
		{"a fatal log", func() error { klog.Fatalf("package %s is odd", "fruit"); return nil }, "package fruit is odd"},
		{"a panic", func() error { panic("can't") }, "can't"},
	} {
		got := ""
		if err := asGenerator("deepcopy-gen", test.run); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: the error is %q, not %q", test.name, got, test.want)
		}
	}
	if name != "deepcopy-gen" || strings.Join(os.Args, " ") != strings.Join(args, " ") {
		t.Errorf("os.Args was %q while the generator ran and is %q after it", name, os.Args)
	}
	if printed := read(t, file.Name()); len(printed) > 0 {
		t.Errorf("printed %s", printed)
	}
	klog.Info("klog works as before")
	klog.Flush()
	if printed := read(t, file.Name()); !strings.Contains(string(printed), "as before") {
		t.Errorf("after it klog prints %q", printed)
	}
}
