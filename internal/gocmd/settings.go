package gocmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/apiserver-builder/builder/internal/regular"
)

// harmlessSettings lists variables that do not affect which packages exist.
var harmlessSettings = []string{
	"GOAUTH", "GOBIN", "GOCACHE", "GOCACHEPROG", "GOCOVERDIR", "GODEBUG", "GOGC", "GOINSECURE", "GOMAXPROCS", "GOMEMLIMIT", "GONOPROXY", "GONOSUMDB",
	"GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTELEMETRY", "GOTELEMETRYDIR", "GOTMPDIR", "GOTRACEBACK", "GOVCS",
}

// Settings returns the go command's settings from "go env -w" and from the environment, without defaults.
func Settings(env []string) (map[string]string, error) {
	variables := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	settings := map[string]string{}
	file := variables["GOENV"]
	if file == "" {
		if dir, err := os.UserConfigDir(); err == nil {
			file = filepath.Join(dir, "go", "env")
		}
	}
	if file != "off" && file != "" {
		content, err := regular.Read(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for line := range strings.Lines(string(content)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				settings[name] = value
			}
		}
	}
	for name, value := range variables {
		ours := strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "CGO_") || name == "CC" || name == "CXX" || name == "PKG_CONFIG"
		if ours && value != "" {
			settings[name] = value
		}
	}
	for _, name := range harmlessSettings {
		delete(settings, name)
	}
	return settings, nil
}

// Tool identifies a go command by its path, size and modification time.
func Tool() (string, error) {
	name, err := exec.LookPath("go")
	if err != nil {
		return "", err
	}
	if name, err = filepath.EvalSymlinks(name); err != nil {
		return "", err
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", name, info.Size(), info.ModTime().UnixNano()), nil
}

// Compilers returns the installed C compilers. Without one, Go does not use cgo.
func Compilers(settings map[string]string) []string {
	var found []string
	for _, name := range []string{settings["CC"], "gcc", "clang", "cc"} {
		if name, err := exec.LookPath(name); err == nil {
			found = append(found, name)
		}
	}
	return found
}

// Workspace returns the go.work file that the go command uses for a module in dir, or "".
func Workspace(dir string, settings map[string]string) string {
	switch work := settings["GOWORK"]; work {
	case "":
	case "off":
		return ""
	default:
		return work
	}
	for ; ; dir = filepath.Dir(dir) {
		work := filepath.Join(dir, "go.work")
		if _, err := os.Lstat(work); err == nil {
			return work
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
