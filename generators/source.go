package generators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/regular"
	"github.com/apiserver-builder/builder/internal/scratch"
)

// A source is a folder to generate from, and the environment of go commands that read it. If env is nil, they get the environment of this
// process.
type source struct {
	dir string
	env []string
}

// sourceOf returns a folder with the project in dir as it will be after plan is applied. If the plan changes nothing, it is
// dir itself. Otherwise it is a copy of the project's files, which done removes. So code can be generated from types that
// are not written yet, and a command writes all its files or none.
//
// The copy is a folder, not an overlay, because gengo and controller-tools open files directly.
func sourceOf(dir string, plan *scaffold.Plan, settings goSettings) (from source, done func(), err error) {
	if !plan.Changed() {
		return source{dir: dir}, func() {}, nil
	}
	folder, remove, err := scratch.Dir()
	if err != nil {
		return source{}, nil, err
	}
	if from, err = fill(folder, dir, plan, settings); err != nil {
		remove()
		return source{}, nil, fmt.Errorf("copy of %s to generate from: %w", dir, err)
	}
	return from, remove, nil
}

// fill fills folder with the project in dir as it will be after plan is applied.
func fill(folder, dir string, plan *scaffold.Plan, settings goSettings) (source, error) {
	target, err := filepath.EvalSymlinks(folder)
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
	env, err := settings.environment(dir, target, vendored)
	if err != nil || vendored { // then no other files are read, and go.mod must match vendor/modules.txt
		return source{target, env}, err
	}
	return source{target, env}, absoluteReplaces(dir, filepath.Join(target, goMod))
}

// absoluteReplaces makes the replacements of a copied go.mod absolute, because relative ones refer to folders below or beside dir.
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
