package watch

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/regular"
)

// modules contains the folders and files outside the project that the go command reads.
type modules struct {
	// folders lists the folders of modules.
	folders []string
	// files lists go.work and go.work.sum.
	files []string
}

// localModules finds the modules in other folders that the project in dir uses. It ignores errors, because the commands that need the
// modules report them better.
func localModules(ctx context.Context, dir string) modules {
	var m modules
	out, err := gocmd.Command(ctx, dir, nil, "env", "GOWORK").Output()
	work := strings.TrimSpace(string(out))
	if err != nil || work == "" || work == "off" {
		m.replaced(dir)
		return m
	}
	m.files = []string{work, work + ".sum"}
	content, err := regular.Read(work)
	if err != nil {
		return m
	}
	file, err := modfile.ParseWork(work, content, nil)
	if err != nil {
		return m
	}
	root := filepath.Dir(work)
	for _, use := range file.Use {
		m.add(root, use.Path)
		m.replaced(absolute(root, use.Path))
	}
	for _, r := range file.Replace {
		m.add(root, r.New.Path)
	}
	return m
}

// replaced adds the folders that replace modules in the go.mod of dir.
func (m *modules) replaced(dir string) {
	name := filepath.Join(dir, "go.mod")
	content, err := regular.Read(name)
	if err != nil {
		return
	}
	file, err := modfile.Parse(name, content, nil)
	if err != nil {
		return
	}
	for _, r := range file.Replace {
		m.add(dir, r.New.Path)
	}
}

// add adds the folder that a file in the folder root refers to, if the name is a path.
func (m *modules) add(root, name string) {
	if modfile.IsDirectoryPath(name) {
		m.folders = append(m.folders, absolute(root, name))
	}
}

func absolute(root, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(root, name)
}

// isModuleFile reports whether a file defines which modules are used.
func isModuleFile(name string) bool {
	return slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, path.Base(name))
}
