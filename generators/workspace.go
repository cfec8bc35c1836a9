package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// copyWorkspace makes source, a copy of the module in dir, part of the workspace that dir is part of, if it is of one: its
// modules may provide what go.mod alone does not.
func copyWorkspace(ctx context.Context, dir, source string) error {
	cmd := exec.CommandContext(ctx, "go", "env", "GOWORK")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go env GOWORK: %w", err)
	}
	name := strings.TrimSpace(string(out))
	if name == "" || name == "off" {
		return nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := modfile.ParseWork(name, content, nil)
	if err != nil {
		return err
	}
	moved, err := moveWorkspace(file, filepath.Dir(name), dir)
	if err != nil || !moved {
		return err
	}
	sums, err := os.ReadFile(name + ".sum")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	target := filepath.Join(source, "go.work")
	return errors.Join(os.WriteFile(target, modfile.Format(file.Syntax), 0o644), os.WriteFile(target+".sum", sums, 0o644))
}

// moveWorkspace makes a workspace that lies in the folder root mean the same in a copy of its module dir. It says whether dir
// is one of its modules.
func moveWorkspace(file *modfile.WorkFile, root, dir string) (bool, error) {
	absolute := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(root, name)
	}
	member := false
	var uses []*modfile.Use
	for _, use := range file.Use {
		name := absolute(use.Path)
		if sameFile(name, dir) {
			member, name = true, "."
		}
		uses = append(uses, &modfile.Use{Path: name})
	}
	file.SetUse(uses)
	for _, r := range file.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			if err := file.AddReplace(r.Old.Path, r.Old.Version, absolute(r.New.Path), ""); err != nil {
				return false, err
			}
		}
	}
	file.Cleanup()
	return member, nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
