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
	"github.com/apiserver-builder/builder/generators/regular"
)

// baseName is the file that keeps the pristine render of everything the user owns, the common ancestor of a later merge.
const baseName = ".scaffold/base.txtar"

// An Action is what a plan does to a file.
type Action string

const (
	// Created files were not there.
	Created Action = "created"
	// Updated files get another content.
	Updated Action = "updated"
	// Unchanged files are as they should be, or are the user's own.
	Unchanged Action = "unchanged"
	// Deleted files are generated ones that nothing makes any more.
	Deleted Action = "deleted"
)

// A Change is what a plan does to one file.
type Change struct {
	Action Action `json:"action"`
	// Path is slash-separated and relative to the project's folder.
	Path string `json:"path"`

	content []byte
}

// A Plan is what has to change in a folder for it to hold some files.
type Plan struct {
	Changes []Change
	base    Files
}

// NewPlan compares files with the folder root. Owned files and PROJECT become what they should be; the user's files are
// written if they were never there, and updated as long as nobody has edited them. Copies, which are made of the user's files, are
// theirs from the start: they must not be there yet, and take precedence over files. With prune, owned files of root that are
// not among files are deleted.
func NewPlan(root fs.FS, files, copies Files, prune bool) (*Plan, error) {
	base, err := readBase(root)
	if err != nil {
		return nil, err
	}
	p := &Plan{base: base}
	for _, name := range copies.Paths() {
		if bytes.Equal(copies[name], files[name]) {
			continue // as good as not a copy
		}
		if _, err := fs.Stat(root, name); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is in the way of a copy: move it away", name)
		}
		p.Changes = append(p.Changes, Change{Created, name, copies[name]})
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

// Changed says whether the plan changes anything.
func (p *Plan) Changed() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action != Unchanged })
}

func (p *Plan) add(root fs.FS, name string, content []byte) error {
	was, err := fs.ReadFile(root, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inTheWay(root, name, err)
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
		p.Changes = append(p.Changes, Change{Action: Unchanged, Path: name})
	}
	return nil
}

// inTheWay says why the file called name can't be read: what it is, or what one of its folders is.
func inTheWay(root fs.FS, name string, err error) error {
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
	p.Changes = append(p.Changes, Change{action, name, content})
	if !managed(name) {
		p.base[name] = content
	}
}

// managed files are never the user's.
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

// linked reports whether a file is one of files by another name, because one of its folders is a link.
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

// skipped are folders that hold nothing of the project's own.
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
	archive := &txtar.Archive{Comment: []byte("What builder wrote once and left to you. Keep this file: a later update merges your edits with it.\n")}
	for _, name := range base.Paths() {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: base[name]})
	}
	return txtar.Format(archive)
}

// CheckFree refuses a folder that holds other content where a new project's files would go. It would not be overwritten, but
// left in the way.
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
