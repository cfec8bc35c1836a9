package generators

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiserver-builder/builder/generators/regular"
)

// A mirror copies what the go command may read of the project in dir to target, so that it finds there what it finds in dir.
type mirror struct {
	dir, target string
	// writes reports whether a file will be written below a folder.
	writes func(folder string) bool
	// vendor says that the vendor folder is still right.
	vendor bool
}

// compiled are the endings of files that are Go, belong to modules, or are compiled with Go.
var compiled = map[string]bool{
	".go": true, ".mod": true, ".sum": true, ".work": true,
	".c": true, ".cc": true, ".cpp": true, ".cxx": true, ".m": true, ".h": true, ".hh": true, ".hpp": true, ".hxx": true,
	".f": true, ".F": true, ".for": true, ".f90": true, ".s": true, ".S": true, ".sx": true, ".swig": true, ".swigcxx": true, ".syso": true,
}

// history are the folders that Go never reads: not even to embed a file.
var history = map[string]bool{".git": true, ".hg": true, ".svn": true, ".bzr": true}

// folder copies a folder. Of one that is embedded, that is in one whose Go files embed others, it copies every file.
func (m *mirror) folder(rel string, embedded bool) error {
	entries, err := os.ReadDir(filepath.Join(m.dir, rel))
	if errors.Is(err, fs.ErrPermission) {
		return m.link(rel)
	}
	if err != nil {
		return err
	}
	contents := map[string][]byte{}
	for _, entry := range entries {
		if name := entry.Name(); filepath.Ext(name) == ".go" && entry.Type().IsRegular() {
			// An unreadable file is linked below, and whoever reads it says so.
			if content, err := regular.Read(filepath.Join(m.dir, rel, name)); err == nil {
				contents[name] = content
				embedded = embedded || bytes.Contains(content, []byte("//go:embed "))
			}
		}
	}
	for _, entry := range entries {
		name := filepath.Join(rel, entry.Name())
		switch {
		case m.isFolder(name, entry):
			err = m.subfolder(name, entry, embedded)
		case !embedded && !compiled[filepath.Ext(name)] && filepath.ToSlash(name) != boilerplateName:
		case entry.Type().IsRegular():
			err = m.file(name, contents[entry.Name()])
		case entry.Type() == fs.ModeSymlink:
			err = m.link(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mirror) isFolder(rel string, entry fs.DirEntry) bool {
	if entry.Type() != fs.ModeSymlink {
		return entry.IsDir()
	}
	info, err := os.Stat(filepath.Join(m.dir, rel))
	return err == nil && info.IsDir()
}

func (m *mirror) subfolder(rel string, entry fs.DirEntry, embedded bool) error {
	switch _, err := os.Stat(filepath.Join(m.dir, rel, goMod)); {
	case err == nil: // another module
	case rel == "vendor":
		if m.vendor {
			return m.link(rel)
		}
	case history[entry.Name()]:
	case strings.HasPrefix(rel, ".builder"): // what builder itself keeps: the data of a run, and what it is about to write
	case entry.IsDir() || m.writes(filepath.ToSlash(rel)):
		return m.folder(rel, embedded)
	default:
		return m.link(rel)
	}
	return nil
}

// file copies a file, whose content may have been read before.
func (m *mirror) file(rel string, content []byte) error {
	if content == nil {
		var err error
		if content, err = regular.Read(filepath.Join(m.dir, rel)); errors.Is(err, fs.ErrPermission) {
			return m.link(rel)
		} else if err != nil {
			return err
		}
	}
	name := filepath.Join(m.target, rel)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

// link makes a link to what is in the project: the go command follows links to some files and not to others, and to
// folders here and there, so a copy of what a link leads to would not do.
func (m *mirror) link(rel string) error {
	name := filepath.Join(m.dir, rel)
	to, err := filepath.EvalSymlinks(name)
	if err != nil { // it leads nowhere, here as there
		to = name
	}
	target := filepath.Join(m.target, rel)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.Symlink(to, target)
}
