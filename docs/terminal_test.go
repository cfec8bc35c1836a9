package docs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	commandTimeout = 8 * time.Minute // for the first "go install" on a slow machine
	endTimeout     = time.Minute
)

// A terminal is a shell with a working directory and exported variables.
type terminal struct {
	dir string
	// exports is a script that restores the exported variables.
	exports string
	scratch string
	running *process
}

// A process is a command that keeps running.
type process struct {
	text   string
	cmd    *exec.Cmd
	output string // a file
	done   chan error
}

// newTerminal returns a terminal in the folder dir with the exported variables in env. It keeps its files in scratch.
func newTerminal(dir, scratch string, env []string) *terminal {
	var exports strings.Builder
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		exports.WriteString("export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n")
	}
	return &terminal{dir: dir, exports: exports.String(), scratch: scratch}
}

// run types a command, waits for it to exit, and returns its output.
func (t *terminal) run(ctx context.Context, text string) (string, error) {
	state := filepath.Join(t.scratch, "state")
	p, err := t.start(ctx, text+"\n__status=$?; { pwd; export -p; } >'"+state+"'; exit $__status")
	if err != nil {
		return "", err
	}
	err = <-p.done
	output, readErr := os.ReadFile(p.output)
	after, stateErr := os.ReadFile(state)
	if err := errors.Join(readErr, stateErr); err != nil {
		return string(output), err
	}
	t.dir, t.exports, _ = strings.Cut(string(after), "\n")
	return string(output), err
}

// exitError reports whether an error is the exit code of a command.
func exitError(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.Exited()
}

// start types a command and does not wait for it.
func (t *terminal) start(ctx context.Context, text string) (*process, error) {
	output, err := os.CreateTemp(t.scratch, "output-")
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd := exec.CommandContext(ctx, "bash", "-c", t.exports+text)
	// The output must be a file, not a pipe, because background processes may keep it open.
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = t.dir, []string{}, output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // like a shell for each command
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{text: text, cmd: cmd, output: output.Name(), done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// interrupt stops the process like Ctrl-C, and waits for it. It must exit cleanly. interrupt returns the whole output.
func (p *process) interrupt() (string, error) {
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		return "", err
	}
	var err error
	select {
	case err = <-p.done:
	case <-time.After(endTimeout):
		return "", errors.Join(errors.New("did not end after Ctrl-C"), p.cmd.Cancel(), <-p.done)
	}
	output, readErr := os.ReadFile(p.output)
	if readErr != nil {
		return "", readErr
	}
	if interrupted(p.cmd.ProcessState) {
		err = nil
	}
	return string(output), err
}

// interrupted reports whether a process exited because of an interrupt, with a signal or, like make, with an exit code.
func interrupted(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && (status.Signaled() && status.Signal() == syscall.SIGINT || status.ExitStatus() == 128+int(syscall.SIGINT))
}

func TestTerminal(t *testing.T) {
	dir := t.TempDir()
	term := newTerminal(dir, t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), "QUOTED=it's"})
	for _, c := range []struct{ text, want string }{
		{"mkdir shop && cd shop", ""},
		{`export KUBECONFIG="$PWD/kube config"`, ""},
		{`echo "$QUOTED $KUBECONFIG $HOME"`, "it's " + dir + "/shop/kube config \n"},
	} {
		if got, err := term.run(t.Context(), c.text); err != nil || got != c.want {
			t.Errorf("%s printed %q (%v), want %q", c.text, got, err, c.want)
		}
	}
	if _, err := term.run(t.Context(), "cd .. && false"); err == nil {
		t.Error("a failure was not told")
	}
	p, err := term.start(t.Context(), `trap 'echo ended; exit 0' INT; echo up; while true; do sleep 0.1; done`)
	if err != nil {
		t.Fatal(err)
	}
	for up := ""; up != "up\n"; {
		content, err := os.ReadFile(p.output)
		if err != nil {
			t.Fatal(err)
		}
		up = string(content)
	}
	if got, err := p.interrupt(); err != nil || !strings.HasSuffix(got, "ended\n") {
		t.Errorf("interrupted, it printed %q (%v)", got, err)
	}
}
