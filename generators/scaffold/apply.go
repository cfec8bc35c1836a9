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

	"github.com/apiserver-builder/builder/internal/regular"
)

// stagePattern matches the folder in the project's folder that holds new contents until all of them are written.
const stagePattern = ".builder-stage-*"

// Apply applies the plan to dir. If anything fails, it reverts all changes. If the process is killed, Recover completes the changes.
func (p *Plan) Apply(dir string) error {
	if err := removeStages(dir); err != nil {
		return err
	}
	if !p.Changed() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return apply(dir, p.Stale(), true)
}

// apply applies changes to dir. If anything fails, it reverts all of them. If journaled is false, dir already contains their journal.
func apply(dir string, changes []Change, journaled bool) (err error) {
	t := &transaction{dir: dir}
	defer func() { err = errors.Join(err, os.RemoveAll(t.stage)) }()
	if err := t.prepare(changes); err != nil {
		return err
	}
	if journaled {
		if err := t.writeJournal(changes); err != nil {
			return err
		}
	}
	failed := t.run(changes)
	if failed != nil {
		if err := t.rollback(); err != nil || !journaled {
			return errors.Join(failed, err) // the journal stays, and the next command tries again
		}
	}
	return errors.Join(failed, os.Remove(filepath.Join(dir, JournalName)))
}

// WriteTo writes the files that the plan creates or updates to dir, which is a copy of the folder that the plan was made for.
func (p *Plan) WriteTo(dir string) error {
	for _, c := range p.Changes {
		if c.Action != Created && c.Action != Updated {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(c.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if info, err := os.Lstat(name); err == nil && info.Mode().Type() == fs.ModeSymlink { // do not write through the link
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

// Writes reports whether the plan creates or updates a file in a folder.
func (p *Plan) Writes(folder string) bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool {
		return (c.Action == Created || c.Action == Updated) && strings.HasPrefix(c.Path, folder+"/")
	})
}

// A transaction records how to revert its steps.
type transaction struct {
	dir, stage string
	staged     map[string]string
	undo       []func() error
}

// prepare writes the new contents to the stage.
func (t *transaction) prepare(changes []Change) (err error) {
	if t.stage, err = os.MkdirTemp(t.dir, stagePattern); err != nil {
		return err
	}
	t.staged = map[string]string{}
	for i, c := range changes {
		if c.Action == Deleted {
			continue
		}
		t.staged[c.Path] = filepath.Join(t.stage, fmt.Sprint(i))
		if err := os.WriteFile(t.staged[c.Path], c.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) run(changes []Change) error {
	for _, c := range changes {
		if err := t.put(c); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if c.Action == Deleted {
			removeEmpty(t.dir, filepath.Dir(filepath.Join(t.dir, filepath.FromSlash(c.Path))))
		}
	}
	return nil
}

// put moves a staged file to its final place, or a deleted file out of its place.
func (t *transaction) put(c Change) error {
	target := filepath.Join(t.dir, filepath.FromSlash(c.Path))
	if c.Action != Deleted {
		if err := t.mkdir(filepath.Dir(filepath.FromSlash(c.Path))); err != nil {
			return err
		}
	}
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

// do records how to revert a step, if the step succeeded.
func (t *transaction) do(err error, undo func() error) error {
	if err == nil {
		t.undo = append(t.undo, undo)
	}
	return err
}

// restore returns a function that restores the current state of a file.
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

// mkdir creates a folder below dir, with its parents.
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

// removeEmpty removes empty folders from sub upwards to dir.
func removeEmpty(dir, sub string) {
	for sub != dir && os.Remove(sub) == nil {
		sub = filepath.Dir(sub)
	}
}

// removeStages removes the stages of killed runs.
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
