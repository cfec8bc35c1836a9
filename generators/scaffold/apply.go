package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/regular"
)

// stagePattern names the folder, inside the project's, in which new contents wait until all of them are written.
const stagePattern = ".builder-stage-*"

// Apply makes dir what the plan says: all of it, or, when anything fails, nothing. A kill half way leaves files that the
// next run of the same command completes.
func (p *Plan) Apply(dir string) (err error) {
	if err := removeStages(dir); err != nil {
		return err
	}
	if !p.Changed() {
		return nil
	}
	t := &transaction{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.rollback())
		}
		err = errors.Join(err, os.RemoveAll(t.stage))
	}()
	if t.stage, err = os.MkdirTemp(dir, stagePattern); err != nil {
		return err
	}
	changes := slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return c.Action == Unchanged })
	for i, c := range changes {
		if err := t.write(i, c); err != nil {
			return err
		}
	}
	// PROJECT and the record of pristine files come last: until then, a re-run starts from the old declaration.
	slices.SortStableFunc(changes, func(a, b Change) int { return rank(a.Path) - rank(b.Path) })
	for _, c := range changes {
		if err := t.put(c); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if c.Action == Deleted {
			removeEmpty(dir, filepath.Dir(filepath.Join(dir, filepath.FromSlash(c.Path))))
		}
	}
	return nil
}

// WriteTo writes every file that the plan creates or updates to dir, a copy of the folder that the plan was made for.
func (p *Plan) WriteTo(dir string) error {
	for _, c := range p.Changes {
		if c.Action != Created && c.Action != Updated {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(c.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if info, err := os.Lstat(name); err == nil && info.Mode().Type() == fs.ModeSymlink { // not into what it leads to
			if err := os.Remove(name); err != nil {
				return err
			}
		}
		if err := os.WriteFile(name, c.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Writes reports whether the plan creates or updates a file below a folder.
func (p *Plan) Writes(folder string) bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool {
		return (c.Action == Created || c.Action == Updated) && strings.HasPrefix(c.Path, folder+"/")
	})
}

func rank(name string) int {
	switch name {
	case project.FileName:
		return 1
	case baseName:
		return 2
	}
	return 0
}

// A transaction remembers how to undo what it did.
type transaction struct {
	dir, stage string
	staged     map[string]string
	undo       []func() error
}

// write puts a new content into the stage, and makes the folder it will go to.
func (t *transaction) write(i int, c Change) error {
	if c.Action == Deleted {
		return nil
	}
	if err := t.mkdir(filepath.Dir(filepath.FromSlash(c.Path))); err != nil {
		return err
	}
	name := filepath.Join(t.stage, fmt.Sprint(i))
	if t.staged == nil {
		t.staged = map[string]string{}
	}
	t.staged[c.Path] = name
	return os.WriteFile(name, c.content, 0o644)
}

// put moves one staged file to its place, or a deleted one out of it.
func (t *transaction) put(c Change) error {
	target := filepath.Join(t.dir, filepath.FromSlash(c.Path))
	switch c.Action {
	case Deleted:
		backup := filepath.Join(t.stage, fmt.Sprint("deleted-", len(t.undo)))
		return t.do(os.Rename(target, backup), func() error { return os.Rename(backup, target) })
	case Updated:
		undo, err := restore(target)
		if err != nil {
			return err
		}
		return t.do(os.Rename(t.staged[c.Path], target), undo)
	}
	return t.do(os.Rename(t.staged[c.Path], target), func() error { return os.Remove(target) })
}

// do notes how to undo a step that went well.
func (t *transaction) do(err error, undo func() error) error {
	if err == nil {
		t.undo = append(t.undo, undo)
	}
	return err
}

// restore returns what makes a file again what it is now.
func restore(name string) (func() error, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	was, err := regular.Read(name)
	if err != nil {
		return nil, err
	}
	return func() error {
		if err := os.WriteFile(name, was, info.Mode()); err != nil {
			return err
		}
		return errors.Join(os.Chmod(name, info.Mode()), os.Chtimes(name, time.Time{}, info.ModTime()))
	}, nil
}

// mkdir makes a folder below dir and those above it.
func (t *transaction) mkdir(rel string) error {
	full := filepath.Join(t.dir, rel)
	info, err := os.Stat(full)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s is a file where a folder is needed: move it away", full)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := t.mkdir(filepath.Dir(rel)); err != nil {
		return err
	}
	return t.do(os.Mkdir(full, 0o755), func() error { return os.Remove(full) })
}

func (t *transaction) rollback() error {
	var errs []error
	for _, undo := range slices.Backward(t.undo) {
		if err := undo(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeEmpty removes folders that a deletion left empty, from sub upwards to dir.
func removeEmpty(dir, sub string) {
	for sub != dir && os.Remove(sub) == nil {
		sub = filepath.Dir(sub)
	}
}

// removeStages removes what a killed run left.
func removeStages(dir string) error {
	left, err := fs.Glob(regular.DirFS(dir), stagePattern)
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
