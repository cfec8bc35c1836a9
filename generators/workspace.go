package generators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/internal/regular"
)

// copyWorkspace adds target, a copy of the module in dir, to a copy of dir's workspace, because its modules may provide dependencies that
// are not in go.mod. It returns the new go.work file, or "off" if the workspace called name does not contain dir.
func copyWorkspace(name, dir, target string) (string, error) {
	file, err := readWorkspace(name)
	if err != nil {
		return "", err
	}
	if !listsModule(file, filepath.Dir(name), dir) {
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

// listsModule reports whether the workspace in the folder root contains the module in dir.
func listsModule(file *modfile.WorkFile, root, dir string) bool {
	for _, use := range file.Use {
		if sameFile(absolute(root, use.Path), dir) {
			return true
		}
	}
	return false
}

// moveWorkspace rewrites the relative paths of a workspace in the folder root for a copy of its module dir.
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
