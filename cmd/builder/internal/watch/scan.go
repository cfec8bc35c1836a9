package watch

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/inputs"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A digest is a hash of a file's content. It is empty for a file that does not exist.
type digest string

// scan reads all files that count and watches their folders.
func (t *Tree) scan() (map[string]digest, error) {
	s := scan{t, map[string]digest{}, map[string]bool{}}
	for _, folder := range append([]string{t.dir}, t.modules.folders...) {
		if err := s.folder(folder, false); err != nil {
			return nil, err
		}
	}
	for _, name := range t.modules.files {
		if err := s.watch(filepath.Dir(name)); err != nil {
			return nil, err
		}
		s.file(t.relative(name))
	}
	return s.files, nil
}

type scan struct {
	*Tree
	files map[string]digest
	// seen contains the folders that have been read, by their path without links.
	seen map[string]bool
}

// watch watches a folder. The path may have referred to another folder before.
func (s *scan) watch(folder string) error {
	err := s.watcher.Add(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // its files cannot be read either
	}
	if err != nil {
		return limits(fmt.Errorf("watch %s: %w", folder, err))
	}
	return nil
}

// folder reads a folder recursively. All files count in a folder that is embedded or contains Go files.
func (s *scan) folder(folder string, embedded bool) error {
	resolved, err := filepath.EvalSymlinks(folder)
	if err != nil || s.seen[resolved] {
		return nil
	}
	s.seen[resolved] = true
	if err := s.watch(folder); err != nil { // before reading, so that no change is missed
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	goFiles := false
	for _, entry := range entries {
		if name := entry.Name(); filepath.Ext(name) == ".go" && !hidden(name) {
			goFiles = true
			content, _ := regular.Read(filepath.Join(folder, name))
			embedded = embedded || bytes.Contains(content, []byte("//go:embed "))
		}
	}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if isFolder(name, entry) {
			if !s.skips(name, embedded) {
				if err := s.folder(name, embedded); err != nil {
					return err
				}
			}
			continue
		}
		if rel := s.relative(name); rel != scaffold.JournalName && (embedded || s.counts(rel, goFiles)) {
			s.file(rel)
		}
	}
	return nil
}

func (s *scan) file(rel string) { s.files[rel] = s.read(rel) }

// read returns the digest of a file, or of the error if it cannot be read.
func (t *Tree) read(rel string) digest {
	name := filepath.FromSlash(rel)
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.dir, name)
	}
	content, err := regular.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(name); err != nil {
			return ""
		}
	}
	if err != nil {
		return digest(err.Error())
	}
	sum := sha256.Sum256(content)
	return digest(sum[:])
}

// relative returns the name of a file in a Change.
func (t *Tree) relative(name string) string {
	if rel, err := filepath.Rel(t.dir, name); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return name
}

// counts reports whether code is generated or built from a file that is not embedded.
func (t *Tree) counts(rel string, besideGo bool) bool {
	name := path.Base(rel)
	switch {
	case scaffold.Owned(rel), rel == project.FileName, isModuleFile(rel), rel == inputs.Boilerplate:
		return true
	case hidden(name), strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, "~"):
		return false
	}
	return besideGo || t.also != nil && t.also(rel)
}

// skips reports whether a folder, which may be embedded, contains no files that count.
func (s *scan) skips(name string, embedded bool) bool {
	base := filepath.Base(name)
	switch {
	case inputs.VersionControl(base), strings.HasPrefix(base, ".builder"):
		return true // the go command embeds nothing in it, or it contains builder's own files
	case !embedded && (hidden(base) || slices.Contains([]string{"testdata", "vendor", "node_modules"}, base) || s.relative(name) == "bin"):
		return true
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil // another module, which is a separate root if it counts
}

// hidden reports whether the go command ignores packages and files with this name.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

func isFolder(name string, entry fs.DirEntry) bool {
	if entry.Type() != fs.ModeSymlink {
		return entry.IsDir()
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
