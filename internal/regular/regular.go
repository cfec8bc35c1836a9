// Package regular opens and reads only regular files, and replaces files atomically. A project may contain other files in place of regular
// ones: opening a named pipe waits for a writer, and a device such as /dev/zero never ends.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// An IrregularError reports a file that is not a regular file.
type IrregularError struct {
	// Name is the path of the file.
	Name string
	// Is describes the file, such as "a named pipe".
	Is string
}

func (e *IrregularError) Error() string {
	return fmt.Sprintf("%s is %s where a file is needed: move it away", e.Name, e.Is)
}

// Check returns an IrregularError if the file, after following links, is not a regular file. It accepts a file that does not exist.
func Check(name string) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return check(name, info)
}

// Open opens a regular file for reading.
func Open(name string) (*os.File, error) { return OpenFile(name, os.O_RDONLY, 0) }

// OpenFile is like os.OpenFile, but only opens regular files. It never waits for the other end of a named pipe.
func OpenFile(name string, flag int, mode fs.FileMode) (*os.File, error) {
	file, err := os.OpenFile(name, flag|syscall.O_NONBLOCK, mode)
	if err != nil {
		if irregular := (*IrregularError)(nil); errors.As(Check(name), &irregular) {
			return nil, irregular
		}
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = check(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read returns the content of a regular file.
func Read(name string) ([]byte, error) {
	file, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// Replace writes a file atomically: a reader gets the old content or the new one. Only the file's owner can read it.
func Replace(name string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".new-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func check(name string, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return &IrregularError{name, "a folder"}
	case mode&fs.ModeNamedPipe != 0:
		return &IrregularError{name, "a named pipe"}
	case mode&fs.ModeSocket != 0:
		return &IrregularError{name, "a socket"}
	case mode&fs.ModeDevice != 0:
		return &IrregularError{name, "a device"}
	}
	return &IrregularError{name, "something else"}
}

// DirFS is like os.DirFS, but only opens folders and regular files.
func DirFS(dir string) fs.FS { return dirFS{os.DirFS(dir), dir} }

type dirFS struct {
	fs.FS
	dir string
}

// Open implements fs.FS.
func (d dirFS) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(d.FS, name); err == nil && !info.IsDir() {
		if err := check(name, info); err != nil {
			return nil, err
		}
	}
	return d.FS.Open(name)
}

// ReadFile implements fs.ReadFileFS. Paths in its errors are relative to the folder.
func (d dirFS) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	content, err := Read(filepath.Join(d.dir, filepath.FromSlash(name)))
	if irregular := (*IrregularError)(nil); errors.As(err, &irregular) {
		return nil, &IrregularError{name, irregular.Is}
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return nil, &fs.PathError{Op: path.Op, Path: name, Err: path.Err}
	}
	return content, err
}

// ReadDir implements fs.ReadDirFS.
func (d dirFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(d.FS, name) }

// Stat implements fs.StatFS.
func (d dirFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(d.FS, name) }
