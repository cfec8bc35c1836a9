package godriver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A mainModule is the module that packages are loaded for.
type mainModule struct {
	path, dir string
	// key is a hash of everything that affects how the go command loads packages of other modules.
	key string
}

// findModule finds the module of a request. It returns an error if packages may come from other places than the module's folder and the
// module cache.
func findModule(r Request) (*mainModule, error) {
	settings, err := gocmd.Settings(r.Env)
	if err != nil {
		return nil, err
	}
	m := &mainModule{dir: filepath.Clean(r.Dir)}
	for !exists(filepath.Join(m.dir, "go.mod")) {
		parent := filepath.Dir(m.dir)
		if parent == m.dir {
			return nil, unhandled("%s is not in a module", r.Dir)
		}
		m.dir = parent
	}
	content, err := regular.Read(filepath.Join(m.dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	requirements, err := m.read(content)
	if err != nil {
		return nil, err
	}
	if err := m.check(settings); err != nil {
		return nil, err
	}
	sums, err := regular.Read(filepath.Join(m.dir, "go.sum"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	tool, err := gocmd.Tool()
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %q %q %q\n", tool, r.Tag, requirements, sums, gocmd.Compilers(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(hash, "%s=%q\n", name, settings[name])
	}
	m.key = hex.EncodeToString(hash.Sum(nil)[:16])
	return m, nil
}

// read parses go.mod, and returns it without the module path, because projects with the same requirements share the cache.
func (m *mainModule) read(content []byte) (requirements []byte, err error) {
	file, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		return nil, err
	}
	if file.Module == nil || file.Go == nil || semver.Compare("v"+file.Go.Version, "v1.17") < 0 {
		return nil, unhandled("go.mod names no module, or no Go version from 1.17 on") // before 1.17, go.mod did not list all modules
	}
	m.path = file.Module.Mod.Path
	for _, replaced := range file.Replace {
		if modfile.IsDirectoryPath(replaced.New.Path) {
			return nil, unhandled("go.mod replaces %s by a folder", replaced.Old.Path)
		}
	}
	for _, required := range file.Require {
		if within(required.Mod.Path, m.path) {
			return nil, unhandled("the path of the module %s is within %s", required.Mod.Path, m.path)
		}
	}
	line := file.Module.Syntax
	return slices.Concat(content[:line.Start.Byte], content[line.End.Byte:]), nil
}

// check returns an error for settings that make the go command read other files.
func (m *mainModule) check(settings map[string]string) error {
	if exists(filepath.Join(m.dir, "vendor")) {
		return unhandled("%s has a vendor folder", m.dir)
	}
	if settings["GO111MODULE"] == "off" {
		return unhandled("GO111MODULE is off")
	}
	if workspace := gocmd.Workspace(m.dir, settings); workspace != "" {
		return unhandled("%s is in the workspace %s", m.dir, workspace)
	}
	delete(settings, "GOWORK")
	for _, flag := range strings.Fields(settings["GOFLAGS"]) {
		if !harmlessFlag(flag) {
			return unhandled("GOFLAGS has %s", flag)
		}
	}
	delete(settings, "GOFLAGS")
	if driver := settings["GOPACKAGESDRIVER"]; driver != "" {
		return unhandled("GOPACKAGESDRIVER is %s", driver)
	}
	if driver, err := exec.LookPath("gopackagesdriver"); err == nil { // go/packages prefers it to the go command
		return unhandled("there is %s", driver)
	}
	return nil
}

// harmlessFlag reports whether a flag in GOFLAGS does not affect which packages exist. -tags has no effect, because both loaders override
// it.
func harmlessFlag(flag string) bool {
	name, value, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
	switch name {
	case "mod":
		return value == "readonly"
	case "a", "asmflags", "buildvcs", "count", "gcflags", "ldflags", "n", "p", "parallel", "short", "tags", "timeout", "trimpath", "v", "vet", "x":
		return true
	}
	return false
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// within reports whether a path is prefix or below it.
func within(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
