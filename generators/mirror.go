package generators

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiserver-builder/builder/internal/inputs"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A mirror copies the files of the project in dir that the go command may read to target. The go command must find the same files there.
type mirror struct {
	dir, target string
	// writes reports whether a file in a folder will be written.
	writes func(folder string) bool
	// vendor means that the vendor folder is up to date.
	vendor bool
}

// folder copies a folder. embedded means that the Go files of the folder, or of one above it, embed files; then it copies all files.
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
			// An unreadable file is linked below, and reported where it is read.
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
		case !embedded && !inputs.Compiled(name) && filepath.ToSlash(name) != inputs.Boilerplate:
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
	case inputs.VersionControl(entry.Name()):
	case strings.HasPrefix(rel, ".builder"): // files of builder: the data of a run, and staged files
	case entry.IsDir() || m.writes(filepath.ToSlash(rel)):
		return m.folder(rel, embedded)
	default:
		return m.link(rel)
	}
	return nil
}

// file copies a file. content may be nil.
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

// link creates a link to a file of the project. A copy of the target would not be the same, because the go command follows links only in
// some places.
func (m *mirror) link(rel string) error {
	name := filepath.Join(m.dir, rel)
	to, err := filepath.EvalSymlinks(name)
	if err != nil { // a broken link stays broken
		to = name
	}
	target := filepath.Join(m.target, rel)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.Symlink(to, target)
}
