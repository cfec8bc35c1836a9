package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/scaffold"
)

// sourceOf returns a folder that holds the project in dir as it will be once plan is applied: dir itself if the plan changes
// nothing, else a copy of its files elsewhere, which done removes. That is how code is generated from types that are
// not written yet, so that a command writes all its files or none.
func sourceOf(ctx context.Context, dir string, plan *scaffold.Plan) (source string, done func(), err error) {
	if !plan.Changed() {
		return dir, func() {}, nil
	}
	scratch, err := os.MkdirTemp("", "builder-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { os.RemoveAll(scratch) }
	if source, err = fill(ctx, scratch, dir, plan); err != nil {
		remove()
		return "", nil, fmt.Errorf("copy of %s to generate from: %w", dir, err)
	}
	return source, remove, nil
}

// fill makes scratch what the project in dir will be, and returns its path without symbolic links.
func fill(ctx context.Context, scratch, dir string, plan *scaffold.Plan) (string, error) {
	source, err := filepath.EvalSymlinks(scratch)
	if err != nil {
		return "", err
	}
	vendor := !slices.ContainsFunc(plan.Changes, func(c scaffold.Change) bool { return c.Path == "go.mod" && c.Action == scaffold.Updated })
	if err := copySource(dir, source, vendor); err != nil {
		return "", err
	}
	if err := plan.WriteTo(source); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(source, "vendor")); err == nil { // nothing else is read then, but the two must agree
		return source, nil
	}
	if err := copyWorkspace(ctx, dir, source); err != nil {
		return "", err
	}
	return source, absoluteReplaces(dir, filepath.Join(source, "go.mod"))
}

// copySource copies what the go command may read, files to embed included, and links a vendor folder unless go.mod is about to
// change, when it is out of date.
func copySource(dir, target string, vendor bool) error {
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			if name == dir && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			switch {
			case rel == "vendor" && !vendor:
				return fs.SkipDir
			case rel == "vendor":
				if err := os.Symlink(name, filepath.Join(target, rel)); err != nil {
					return err
				}
				return fs.SkipDir
			case rel != "." && (strings.HasPrefix(base, ".") || base == "bin" || base == "node_modules"):
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(target, rel), 0o755)
		}
		if !entry.Type().IsRegular() { // not through a link: a plan may write there
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, rel), content, 0o644)
	})
}

// absoluteReplaces makes the replacements by relative folders in a copied go.mod mean what they meant in dir.
func absoluteReplaces(dir, name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := modfile.Parse(name, content, nil)
	if err != nil {
		return err
	}
	changed := false
	for _, r := range file.Replace {
		if modfile.IsDirectoryPath(r.New.Path) && !filepath.IsAbs(r.New.Path) {
			if err := file.AddReplace(r.Old.Path, r.Old.Version, filepath.Join(dir, r.New.Path), ""); err != nil {
				return err
			}
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if content, err = file.Format(); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
