package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/regular"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// A source is a folder to generate from, and the environment of go commands that read it. A nil environment is this process's.
type source struct {
	dir string
	env []string
}

// sourceOf returns a folder that holds the project in dir as it will be once plan is applied: dir itself if the plan changes
// nothing, else a copy of its files elsewhere, which done removes. That is how code is generated from types that are
// not written yet, so that a command writes all its files or none.
//
// The copy is a folder because gengo and controller-tools read files themselves: they know no overlay.
func sourceOf(ctx context.Context, dir string, plan *scaffold.Plan) (from source, done func(), err error) {
	if !plan.Changed() {
		return source{dir: dir}, func() {}, nil
	}
	scratch, err := os.MkdirTemp("", "builder-")
	if err != nil {
		return source{}, nil, err
	}
	remove := func() { os.RemoveAll(scratch) }
	if from, err = fill(ctx, scratch, dir, plan); err != nil {
		remove()
		return source{}, nil, fmt.Errorf("copy of %s to generate from: %w", dir, err)
	}
	return from, remove, nil
}

// fill makes scratch what the project in dir will be.
func fill(ctx context.Context, scratch, dir string, plan *scaffold.Plan) (source, error) {
	target, err := filepath.EvalSymlinks(scratch)
	if err != nil {
		return source{}, err
	}
	m := mirror{dir: dir, target: target, writes: plan.Writes}
	// A vendor folder is out of date once go.mod changes.
	m.vendor = !slices.ContainsFunc(plan.Changes, func(c scaffold.Change) bool { return c.Path == goMod && c.Action == scaffold.Updated })
	if err := m.folder(".", false); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return source{}, err
	}
	if err := plan.WriteTo(target); err != nil {
		return source{}, err
	}
	_, err = os.Stat(filepath.Join(target, "vendor"))
	vendored := err == nil
	env, err := environment(ctx, dir, target, vendored)
	if err != nil || vendored { // nothing outside is read then, and go.mod has to agree with vendor/modules.txt
		return source{target, env}, err
	}
	return source{target, env}, absoluteReplaces(dir, filepath.Join(target, goMod))
}

// absoluteReplaces makes the replacements by relative folders in a copied go.mod mean what they meant in dir.
func absoluteReplaces(dir, name string) error {
	content, err := regular.Read(name)
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
