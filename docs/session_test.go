package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A session is one reading of a document, from top to bottom, on a machine that nobody has used yet.
type session struct {
	*testing.T
	// home is an empty home folder, and work the folder in it that the first terminal is in at first.
	home, scratch string
	// env is what is exported in every terminal.
	env       []string
	terminals map[string]*terminal
	// notTyped are the document's commands that are not typed, and why.
	notTyped map[string]string
}

// newSession returns a session in which the programs in a folder are in PATH.
func newSession(t *testing.T, programs string) *session {
	t.Helper()
	// Not t.TempDir: its path has the test's name in it.
	root, err := os.MkdirTemp("", "docs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if root, err = filepath.EvalSymlinks(root); err != nil {
		t.Fatal(err)
	}
	s := &session{T: t, home: filepath.Join(root, "home"), scratch: filepath.Join(root, "scratch"), terminals: map[string]*terminal{}}
	stand := filepath.Join(root, "bin")
	for _, dir := range []string{s.home, s.scratch, stand} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("kubectl"); err != nil {
		script := "#!/bin/sh\nexec builder kubectl \"$@\"\n"
		if err := os.WriteFile(filepath.Join(stand, "kubectl"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(goEnv(t), "HOME="+s.home, "TMPDIR="+s.scratch, "PATH="+path(programs, stand))
	return s
}

// path is PATH with the folders in front, and without this repository's programs unless they are among those.
func path(folders ...string) string {
	bin, err := filepath.Abs("../bin")
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if err != nil || filepath.Clean(folder) != bin {
			folders = append(folders, folder)
		}
	}
	return strings.Join(folders, string(filepath.ListSeparator))
}

// goEnv has Go use the modules and the compiled packages that are on this machine already.
func goEnv(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOFLAGS", "GOTOOLCHAIN"} {
		env = append(env, name+"="+goVariable(t, name))
	}
	return env
}

func goVariable(t *testing.T, name string) string {
	t.Helper()
	output, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(output))
}

// play does everything that a document tells, in order, and then ends what still runs.
func (s *session) play(name string) {
	s.Helper()
	defer s.end()
	s.notTyped = notTyped[name]
	for _, b := range read(s.T, name) {
		if !s.Run(b.name(), func(t *testing.T) { s.with(t).block(b) }) {
			s.Errorf("%s:%d: this block failed, and what follows was not tried", name, b.line)
			return
		}
	}
}

// with is the session in a subtest.
func (s *session) with(t *testing.T) *session {
	sub := *s
	sub.T = t
	return &sub
}

// block does what one block tells.
func (s *session) block(b block) {
	switch b.language {
	case "console", "sh":
		s.typeBlock(b)
	case "go", "yaml":
		name, err := b.path()
		if err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.terminal("1").dir, filepath.FromSlash(name)), []byte(b.content()), 0o644); err != nil {
			s.Fatal(err)
		}
	case "diff":
		patch := filepath.Join(s.scratch, "patch")
		if err := os.WriteFile(patch, []byte(strings.Join(b.lines, "\n")+"\n"), 0o644); err != nil {
			s.Fatal(err)
		}
		editor := newTerminal(s.terminal("1").dir, s.scratch, s.env)
		s.typeCommand(editor, command{line: b.line, text: "git apply '" + patch + "'"})
	case "text":
	default:
		s.Fatalf("line %d: no rule for a block in %q", b.line, b.language)
	}
}

// typeBlock types the commands of a block.
func (s *session) typeBlock(b block) {
	commands, err := b.commands()
	if err != nil {
		s.Fatal(err)
	}
	term := s.terminal(b.terminal())
	for i, c := range commands {
		last := i == len(commands)-1
		c.fails = last && b.has("fails")
		switch {
		case s.notTyped[c.text] != "":
			s.Logf("line %d: %s: not typed: %s", c.line, c.text, s.notTyped[c.text])
		case c.text == interrupt:
			s.interrupt(term, c)
		case last && b.has("running"):
			s.startCommand(term, c)
		default:
			s.typeCommand(term, c)
		}
	}
}

// terminal is one of the document's terminals. A new one is in the folder that the first one is in.
func (s *session) terminal(name string) *terminal {
	if s.terminals[name] == nil {
		dir := s.home
		if first := s.terminals["1"]; first != nil {
			dir = first.dir
		}
		s.terminals[name] = newTerminal(dir, s.scratch, s.env)
	}
	return s.terminals[name]
}

// typeCommand types a command, which must succeed, unless it is expected to fail, and print what is expected.
func (s *session) typeCommand(term *terminal, c command) {
	ctx, cancel := context.WithTimeout(s.Context(), commandTimeout)
	defer cancel()
	if term.running != nil {
		s.Fatalf("line %d: %q still runs in this terminal", c.line, term.running.text)
	}
	output, err := term.run(ctx, c.text)
	asExpected := err == nil
	if c.fails {
		asExpected = exitError(err)
	}
	if !asExpected {
		s.Fatalf("line %d: %s: %v\n%s", c.line, c.text, err, output)
	}
	s.compare(c, output)
}

// startCommand types a command that goes on running, and waits until it has printed what is expected.
func (s *session) startCommand(term *terminal, c command) {
	// It outlives the block.
	p, err := term.start(context.Background(), c.text)
	if err != nil {
		s.Fatalf("line %d: %s: %v", c.line, c.text, err)
	}
	term.running = p
	c.want = append(c.want, wildcard)
	for deadline := time.Now().Add(commandTimeout); ; time.Sleep(50 * time.Millisecond) {
		output, err := os.ReadFile(p.output)
		if err != nil {
			s.Fatal(err)
		}
		if s.matches(c, string(output)) {
			return
		}
		select {
		case err := <-p.done:
			term.running = nil
			s.Fatalf("line %d: %s ended: %v\n%s", c.line, c.text, err, output)
		default:
		}
		if time.Now().After(deadline) {
			s.compare(c, string(output))
			return
		}
	}
}

// interrupt ends what runs in a terminal, as Ctrl-C does.
func (s *session) interrupt(term *terminal, c command) {
	p := term.running
	if p == nil {
		s.Fatalf("line %d: nothing runs in this terminal", c.line)
	}
	term.running = nil
	before, err := os.ReadFile(p.output)
	if err != nil {
		s.Fatal(err)
	}
	output, err := p.interrupt()
	if err != nil {
		s.Fatalf("line %d: %s: %v\n%s", c.line, p.text, err, output)
	}
	s.compare(c, strings.TrimPrefix(output, string(before)))
}

// end ends what still runs, which must end in order, and expects that nothing stays.
func (s *session) end() {
	for _, term := range s.terminals {
		if term.running == nil {
			continue
		}
		select {
		case err := <-term.running.done: // "builder stop" has ended it
			if err != nil {
				s.Errorf("%s: %v", term.running.text, err)
			}
		case <-time.After(time.Second):
			s.interrupt(term, command{want: []string{wildcard}})
		}
	}
	projects, err := filepath.Glob(filepath.Join(s.home, "*", "PROJECT"))
	if err != nil {
		s.Fatal(err)
	}
	for _, project := range projects {
		term := newTerminal(filepath.Dir(project), s.scratch, s.env)
		s.typeCommand(term, command{text: "builder stop", want: []string{"not running"}})
	}
}

// compare holds what a command printed against what a document shows.
func (s *session) compare(c command, output string) {
	if !s.matches(c, output) {
		s.Errorf("line %d: %s printed something else than is shown (-shown +printed):\n%s\nAs printed:\n%s",
			c.line, c.text, cmp.Diff(s.want(c), normalise(output, s.home)), output)
	}
}

func (s *session) matches(c command, output string) bool {
	return matches(s.want(c), normalise(output, s.home))
}

// want is the expected output in the form of normalise.
func (s *session) want(c command) []string { return normalise(strings.Join(c.want, "\n"), s.home) }
