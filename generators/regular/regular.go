// Package regular opens and reads regular files only. In place of any file of a project there may be something else: opening a named
// pipe waits for a writer that may never come, and a device such as /dev/zero has no end.
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

// An IrregularError reports that there is something else in place of a regular file.
type IrregularError struct {
	// Name is the path of the file.
	Name string
	// Is describes what is there, such as "a named pipe".
	Is string
}

func (e *IrregularError) Error() string {
	return fmt.Sprintf("%s is %s where a file is needed: move it away", e.Name, e.Is)
}

// Check returns an IrregularError if there is something other than a regular file, links followed. A file that does not exist passes.
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

// OpenFile is os.OpenFile for regular files. It never waits for the other end of a named pipe.
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

// DirFS is os.DirFS, but opens folders and regular files only.
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

// ReadFile implements fs.ReadFileFS. Its errors have the name relative to the folder.
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
