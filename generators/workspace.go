package generators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/regular"
)

// copyWorkspace makes target, a copy of the module in dir, part of the workspace that dir is part of: its modules may provide
// what go.mod alone does not. It returns the new go.work, or "off" if dir is not part of the one called name.
func copyWorkspace(name, dir, target string) (string, error) {
	file, err := readWorkspace(name)
	if err != nil {
		return "", err
	}
	if !lists(file, filepath.Dir(name), dir) {
		return "off", nil
	}
	if err := moveWorkspace(file, filepath.Dir(name), dir); err != nil {
		return "", err
	}
	sums, err := regular.Read(name + ".sum")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	work := filepath.Join(target, "go.work")
	return work, errors.Join(os.WriteFile(work, modfile.Format(file.Syntax), 0o644), os.WriteFile(work+".sum", sums, 0o644))
}

func readWorkspace(name string) (*modfile.WorkFile, error) {
	content, err := regular.Read(name)
	if err != nil {
		return nil, err
	}
	return modfile.ParseWork(name, content, nil)
}

// lists reports whether the workspace in the folder root has the module in dir.
func lists(file *modfile.WorkFile, root, dir string) bool {
	for _, use := range file.Use {
		if sameFile(absolute(root, use.Path), dir) {
			return true
		}
	}
	return false
}

// moveWorkspace makes a workspace that lies in the folder root mean the same in a copy of its module dir.
func moveWorkspace(file *modfile.WorkFile, root, dir string) error {
	var uses []*modfile.Use
	for _, use := range file.Use {
		name := absolute(root, use.Path)
		if sameFile(name, dir) {
			name = "."
		}
		uses = append(uses, &modfile.Use{Path: name})
	}
	file.SetUse(uses)
	for _, r := range file.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			if err := file.AddReplace(r.Old.Path, r.Old.Version, absolute(root, r.New.Path), ""); err != nil {
				return fmt.Errorf("go.work: %w", err)
			}
		}
	}
	file.Cleanup()
	return nil
}

func absolute(root, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(root, name)
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
