package inprocess

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/klog/v2"
)

// TestAsGenerator verifies that a generator that logs, calls Fatal or panics prints nothing, does not end the process, and leaves its state
// unchanged.
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
		if err := As("deepcopy-gen", test.run); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: the error is %q, not %q", test.name, got, test.want)
		}
	}
	if name != "deepcopy-gen" || strings.Join(os.Args, " ") != strings.Join(args, " ") {
		t.Errorf("os.Args was %q while the generator ran and is %q after it", name, os.Args)
	}
	printed := func() string {
		content, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if got := printed(); got != "" {
		t.Errorf("printed %s", got)
	}
	klog.Info("klog works as before")
	klog.Flush()
	if got := printed(); !strings.Contains(got, "as before") {
		t.Errorf("after it klog prints %q", got)
	}
}
