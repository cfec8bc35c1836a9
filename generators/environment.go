package generators

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apiserver-builder/builder/generators/gocmd"
)

// goSettings are the settings of the go command that decide which modules it reads.
type goSettings struct {
	GO111MODULE string
	GOFLAGS     string
	// GOWORK is the go.work in use. It is empty, or "off", if there is none.
	GOWORK string
}

// envLimit is how long go env may take, which downloads Go itself if go.mod names a newer version.
const envLimit = 10 * time.Minute

// settings asks the go command for its settings in a folder.
func settings(ctx context.Context, dir string) (goSettings, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, envLimit, fmt.Errorf("%q in %s took more than %s: see what it waits for", "go env", dir, envLimit))
	defer cancel()
	cmd := gocmd.Command(ctx, dir, nil, "env", "-json", "GO111MODULE", "GOFLAGS", "GOWORK")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return goSettings{}, context.Cause(ctx)
	}
	if err != nil {
		return goSettings{}, fmt.Errorf("the go command can't be used in %s (%s): see that %q succeeds there",
			dir, cmp.Or(strings.Join(strings.Fields(stderr.String()), " "), err.Error()), "go env")
	}
	var s goSettings
	if err := json.Unmarshal(out, &s); err != nil {
		return goSettings{}, fmt.Errorf("go env: %w", err)
	}
	if s.GOWORK == "off" {
		s.GOWORK = ""
	}
	return s, nil
}

// unlisted is the error where a workspace does not have the project. A project that is not yet made can't be listed.
type unlisted struct{ work, dir string }

func (e unlisted) Error() string {
	return fmt.Sprintf("%s does not list this project: run \"go work use %s\", or set GOWORK=off", e.work, shellWord(e.dir))
}

// CheckGo reports which setting of the go command keeps it from building the project in dir, which may not be made yet. Go would
// report it too, of each package, and would not say what to do.
func CheckGo(ctx context.Context, dir string) error {
	if err := errors.Join(CheckPath(dir), checkRegular(dir)); err != nil {
		return err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil // who needs it says so
	}
	s, err := settings(ctx, dir)
	if err != nil {
		return err
	}
	if s.GO111MODULE == "off" {
		return errors.New(`GO111MODULE is off, but the project is a Go module: unset it, or run "go env -u GO111MODULE"`)
	}
	root := dir
	if s.GOWORK != "" {
		file, err := readWorkspace(s.GOWORK)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("GOWORK is %s, which does not exist: unset it, or set GOWORK=off", s.GOWORK)
		case err != nil:
			return fmt.Errorf("the workspace can't be read (%s): correct the file, or set GOWORK=off", strings.Join(strings.Fields(err.Error()), " "))
		case !lists(file, filepath.Dir(s.GOWORK), dir):
			return unlisted{s.GOWORK, dir}
		}
		root = filepath.Dir(s.GOWORK)
	}
	if _, err := os.Stat(filepath.Join(dir, goMod)); err == nil && strings.Contains(s.GOFLAGS, "-mod=vendor") {
		if _, err := os.Stat(filepath.Join(root, "vendor", "modules.txt")); errors.Is(err, fs.ErrNotExist) {
			command := "go mod vendor"
			if s.GOWORK != "" {
				command = "go work vendor"
			}
			return fmt.Errorf("GOFLAGS has -mod=vendor, but there is no folder %s: run %q, or take -mod=vendor out of GOFLAGS",
				filepath.Join(root, "vendor"), command)
		}
	}
	return nil
}

// CheckPath refuses a folder that the go command refuses packages in.
func CheckPath(dir string) error {
	if strings.ContainsAny(dir, "\r\n") || !utf8.ValidString(dir) {
		return fmt.Errorf("the path %q has a line break, or isn't UTF-8, and the go command takes no package there: use another folder", dir)
	}
	return nil
}

// check is CheckGo, for a project that may not be made yet: then it is not listed in any workspace.
func check(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("the go command is not in PATH: install Go, or leave code generation for later with --generate=false")
	}
	err := CheckGo(ctx, dir)
	if _, statErr := os.Stat(filepath.Join(dir, goMod)); errors.As(err, &unlisted{}) && errors.Is(statErr, fs.ErrNotExist) {
		return nil
	}
	return err
}

// environment returns the environment of go commands in target, a copy of the project in dir: they must not find a workspace
// in the folders above target, or that of dir, which does not list the copy.
func environment(ctx context.Context, dir, target string, vendored bool) ([]string, error) {
	s, err := settings(ctx, dir)
	if err != nil {
		return nil, err
	}
	work := "off"
	if s.GOWORK != "" && !vendored {
		if work, err = copyWorkspace(s.GOWORK, dir, target); err != nil {
			return nil, err
		}
	}
	env := append(os.Environ(), "GOWORK="+work)
	if !vendored {
		env = append(env, "GOFLAGS="+strings.ReplaceAll(s.GOFLAGS, "-mod=vendor", "-mod=readonly"))
	}
	return env, nil
}

// shellWord quotes a word for a shell, if need be.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
