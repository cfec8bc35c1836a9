package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/regular"
)

// baseName is the path of the record of seeded files: it contains the rendered content of each file that the user owns.
const baseName = ".scaffold/base.txtar"

// An Action is the effect of a plan on a file.
type Action string

const (
	// Created files did not exist.
	Created Action = "created"
	// Updated files get new content.
	Updated Action = "updated"
	// Unchanged files are up to date or belong to the user.
	Unchanged Action = "unchanged"
	// Deleted files were generated, but no longer are.
	Deleted Action = "deleted"
)

// A Change is the effect of a plan on one file.
type Change struct {
	Action Action `json:"action"`
	// Path is relative to the project's folder, with slashes.
	Path string `json:"path"`
	// Kept means that an unchanged file would be updated if the user had not edited it.
	Kept bool `json:"-"`

	content []byte
}

// A Plan lists the changes that bring a folder up to date with rendered files.
type Plan struct {
	Changes []Change
	base    Files
}

// NewPlan compares files with the folder root. Owned files and PROJECT are always updated. The user's files are created if they have never
// existed, and updated if the user has not edited them. Copies of the user's files belong to the user from the start: they must not exist
// yet, and they take precedence over files. If prune is true, owned files in root that are not in files are deleted.
func NewPlan(root fs.FS, files, copies Files, prune bool) (*Plan, error) {
	base, err := readBase(root)
	if err != nil {
		return nil, err
	}
	p := &Plan{base: base}
	for _, name := range copies.Paths() {
		if bytes.Equal(copies[name], files[name]) {
			continue // the file would not change
		}
		if _, err := fs.Stat(root, name); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is in the way of a copy: move it away", name)
		}
		p.Changes = append(p.Changes, Change{Action: Created, Path: name, content: copies[name]})
	}
	for _, name := range files.Paths() {
		if copied, ok := copies[name]; ok && !bytes.Equal(copied, files[name]) {
			continue
		}
		if err := p.add(root, name, files[name]); err != nil {
			return nil, err
		}
	}
	if prune {
		if err := p.prune(root, files); err != nil {
			return nil, err
		}
	}
	if err := p.add(root, baseName, formatBase(p.base)); err != nil {
		return nil, err
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// Kept returns the rendered content of a file that would be updated if the user had not edited it, and the content that was last written, or
// nil.
func (p *Plan) Kept(name string) (rendered, written []byte) {
	for _, c := range p.Changes {
		if c.Path == name && c.Kept {
			return c.content, p.base[name]
		}
	}
	return nil, nil
}

// Changed reports whether the plan changes anything.
func (p *Plan) Changed() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action != Unchanged })
}

func (p *Plan) add(root fs.FS, name string, content []byte) error {
	was, err := fs.ReadFile(root, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return obstacle(root, name, err)
	}
	exists := err == nil
	switch pristine, known := p.base[name]; {
	case exists && bytes.Equal(was, content):
		p.note(Unchanged, name, content)
	case managed(name):
		p.note(actionFor(exists), name, content)
	case !exists && known: // the user has deleted it
	case !exists || known && bytes.Equal(was, pristine):
		p.note(actionFor(exists), name, content)
	default:
		p.Changes = append(p.Changes, Change{Action: Unchanged, Path: name, Kept: known && !bytes.Equal(pristine, content), content: content})
	}
	return nil
}

// obstacle returns the reason why the file called name cannot be read: it, or one of its folders, is something else.
func obstacle(root fs.FS, name string, err error) error {
	if irregular := (*regular.IrregularError)(nil); errors.As(err, &irregular) {
		return irregular
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, statErr := fs.Stat(root, dir); statErr == nil && !info.IsDir() {
			return fmt.Errorf("%s is a file where a folder is needed: move it away", dir)
		}
	}
	return fmt.Errorf("cannot read %s: %w", name, err)
}

func (p *Plan) note(action Action, name string, content []byte) {
	p.Changes = append(p.Changes, Change{Action: action, Path: name, content: content})
	if !managed(name) {
		p.base[name] = content
	}
}

// managed reports whether a file never belongs to the user.
func managed(name string) bool {
	return Owned(name) || name == project.FileName || name == baseName
}

func actionFor(exists bool) Action {
	if exists {
		return Updated
	}
	return Created
}

func (p *Plan) prune(root fs.FS, files Files) error {
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(entry.Name(), ".") || skipped[entry.Name()]) || name != "." && isModule(root, name) {
				return fs.SkipDir
			}
			return nil
		}
		if _, ok := files[name]; !ok && Owned(name) && !linked(root, files, name) {
			p.Changes = append(p.Changes, Change{Action: Deleted, Path: name})
		}
		return nil
	})
}

// linked reports whether a file is also in files under another name, because one of its folders is a symbolic link.
func linked(root fs.FS, files Files, name string) bool {
	info, err := fs.Stat(root, name)
	if err != nil {
		return false
	}
	for other := range files {
		if path.Base(other) == path.Base(name) {
			if is, err := fs.Stat(root, other); err == nil && os.SameFile(is, info) {
				return true
			}
		}
	}
	return false
}

// skipped contains folders without files of the project.
var skipped = map[string]bool{"bin": true, "vendor": true, "node_modules": true, "testdata": true}

func isModule(root fs.FS, dir string) bool {
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

func readBase(root fs.FS) (Files, error) {
	data, err := fs.ReadFile(root, baseName)
	if errors.Is(err, fs.ErrNotExist) {
		return Files{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", baseName, err)
	}
	out := Files{}
	for _, file := range txtar.Parse(data).Files {
		out[file.Name] = file.Data
	}
	return out, nil
}

func formatBase(base Files) []byte {
	archive := &txtar.Archive{Comment: []byte("The files that you may edit, as builder last wrote them. Keep this file: builder compares your files with it, and updates only those that you have not edited.\n")}
	for _, name := range base.Paths() {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: base[name]})
	}
	return txtar.Format(archive)
}

// CheckFree returns an error if a folder contains different files at the paths of a new project's files. init would not overwrite them, but
// the project would not work.
func CheckFree(dir string, p *project.Project) error {
	files, err := Render(p)
	if err != nil {
		return err
	}
	root := regular.DirFS(dir)
	base, err := readBase(root)
	if err != nil {
		return err
	}
	for _, name := range files.Paths() {
		was, err := fs.ReadFile(root, name)
		if _, known := base[name]; err == nil && !known && !bytes.Equal(was, files[name]) {
			return fmt.Errorf("%s is in the way of a new project: move it elsewhere, or run this in an empty folder", name)
		}
	}
	return nil
}
