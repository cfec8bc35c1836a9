package regular_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/apiserver-builder/builder/internal/regular"
)

// TestIrregularFilesAreRefusedAtOnce replaces a regular file by each other kind of file.
func TestIrregularFilesAreRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, err := range []error{
		syscall.Mkfifo(at("pipe"), 0o600), os.Mkdir(at("folder"), 0o700), os.Symlink(at("pipe"), at("link")), os.Symlink("/dev/zero", at("zero")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, is := range map[string]string{"pipe": "a named pipe", "link": "a named pipe", "folder": "a folder", "zero": "a device", "socket": "a socket"} {
		for _, c := range []struct {
			how, name string
			do        func() error
		}{
			{"Check", at(name), func() error { return regular.Check(at(name)) }},
			{"Read", at(name), func() error { _, err := regular.Read(at(name)); return err }},
			{"OpenFile to write", at(name), func() error { _, err := regular.OpenFile(at(name), os.O_WRONLY|os.O_CREATE, 0o600); return err }},
			{"OpenFile to read and write", at(name), func() error { _, err := regular.OpenFile(at(name), os.O_RDWR, 0o600); return err }},
			{"DirFS.ReadFile", name, func() error { _, err := fs.ReadFile(regular.DirFS(dir), name); return err }},
			{"DirFS.Open", name, func() error {
				if name == "folder" { // folders must be readable, because they are listed
					return &regular.IrregularError{Name: name, Is: is}
				}
				_, err := regular.DirFS(dir).Open(name)
				return err
			}},
		} {
			t.Run(name+" "+c.how, func(t *testing.T) {
				done := make(chan error, 1)
				go func() { done <- c.do() }()
				select {
				case err := <-done:
					var irregular *regular.IrregularError
					if want := c.name + " is " + is + " where a file is needed: move it away"; !errors.As(err, &irregular) || err.Error() != want {
						t.Errorf("got %v, want %s", err, want)
					}
				case <-time.After(5 * time.Second):
					t.Error("it waits")
				}
			})
		}
	}
}

func TestRegularFiles(t *testing.T) {
	dir := t.TempDir()
	want := fstest.MapFS{"a": {Data: []byte("1")}, "b/c": {Data: []byte("2")}}
	if err := os.CopyFS(dir, want); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(regular.DirFS(dir), "a", "b/c"); err != nil {
		t.Error(err)
	}
	if content, err := regular.Read(filepath.Join(dir, "b", "c")); string(content) != "2" || err != nil {
		t.Errorf("got %q, %v", content, err)
	}
	for _, name := range []string{"none", "a/none"} {
		_, err := regular.Read(filepath.Join(dir, name))
		_, inFS := fs.ReadFile(regular.DirFS(dir), name)
		_, plain := fs.ReadFile(os.DirFS(dir), name)
		if !errors.Is(err, errors.Unwrap(plain)) || inFS == nil || inFS.Error() != plain.Error() {
			t.Errorf("%s: %v and %v, want %v", name, err, inFS, plain)
		}
	}
	if err := regular.Check(filepath.Join(dir, "none")); err != nil {
		t.Errorf("what does not exist: %v", err)
	}
}

// TestReplace replaces a file with other permissions.
func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("old and open to all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := regular.Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "new" {
		t.Errorf("%q, %v", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
}
