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

	"github.com/apiserver-builder/builder/internal/gocmd"
)

// goSettings contains the settings of the go command that affect which modules it reads.
type goSettings struct {
	GO111MODULE string
	GOFLAGS     string
	// GOWORK is the path of the go.work file in use. It is empty, or "off", if there is none.
	GOWORK string
}

// envLimit is the timeout of "go env", which downloads Go if go.mod requires a newer version.
const envLimit = 10 * time.Minute

// settings returns the settings of the go command in a folder.
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

// notInWorkspace reports a workspace that does not list the project. A project that does not exist yet cannot be listed.
type notInWorkspace struct{ work, dir string }

func (e notInWorkspace) Error() string {
	return fmt.Sprintf("%s does not list this project: run \"go work use %s\", or set GOWORK=off", e.work, shellWord(e.dir))
}

// CheckGo reports settings that prevent the go command from building the project in dir, which may not exist yet. The go command would
// report them for each package, without a remedy.
func CheckGo(ctx context.Context, dir string) error {
	_, err := checkGo(ctx, dir)
	return err
}

// checkGo also returns the settings of the go command.
func checkGo(ctx context.Context, dir string) (goSettings, error) {
	if err := errors.Join(CheckPath(dir), checkRegular(dir)); err != nil {
		return goSettings{}, err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return goSettings{}, nil // reported where the go command is needed
	}
	s, err := settings(ctx, dir)
	if err != nil {
		return s, err
	}
	return s, s.check(dir)
}

// check reports settings that prevent the go command from building the project in dir.
func (s goSettings) check(dir string) error {
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
		case !listsModule(file, filepath.Dir(s.GOWORK), dir):
			return notInWorkspace{s.GOWORK, dir}
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

// CheckPath returns an error for paths in which the go command does not accept packages.
func CheckPath(dir string) error {
	if strings.ContainsAny(dir, "\r\n") || !utf8.ValidString(dir) {
		return fmt.Errorf("the path %q has a line break, or isn't UTF-8, and the go command takes no package there: use another folder", dir)
	}
	return nil
}

// check is like checkGo, but does not require that a workspace lists the project, which may not exist yet.
func check(ctx context.Context, dir string) (goSettings, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return goSettings{}, errors.New("the go command is not in PATH: install Go, or leave code generation for later with --generate=false")
	}
	s, err := checkGo(ctx, dir)
	if _, statErr := os.Stat(filepath.Join(dir, goMod)); errors.As(err, &notInWorkspace{}) && errors.Is(statErr, fs.ErrNotExist) {
		return s, nil
	}
	return s, err
}

// environment returns the environment for go commands in target, a copy of the project in dir. They must not use a workspace in the folders
// above target, or the workspace of dir, because it does not list the copy.
func (s goSettings) environment(dir, target string, vendored bool) ([]string, error) {
	work := "off"
	if s.GOWORK != "" && !vendored {
		var err error
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

// shellWord quotes a word for a shell if necessary.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
