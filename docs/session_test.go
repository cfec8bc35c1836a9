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

// A session follows a document from top to bottom on a fresh machine.
type session struct {
	*testing.T
	// home is an empty home folder, in which the first terminal starts. scratch is a folder for the session's own files.
	home, scratch string
	// env contains the variables that are exported in every terminal.
	env       []string
	terminals map[string]*terminal
	// notTyped contains the document's commands that are not typed, with reasons.
	notTyped map[string]string
}

// newSession returns a session with the programs of a folder in PATH.
func newSession(t *testing.T, programs string) *session {
	t.Helper()
	// The path of t.TempDir contains the name of the test.
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

// path returns PATH with folders in front, and without this repository's programs unless they are in folders.
func path(folders ...string) string {
	bin, err := filepath.Abs("../bin")
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if err != nil || filepath.Clean(folder) != bin {
			folders = append(folders, folder)
		}
	}
	return strings.Join(folders, string(filepath.ListSeparator))
}

// goEnv returns variables that make Go use this machine's modules and build cache. Tests are not from the cache: they run aggregation-proxy,
// which go test does not look at.
func goEnv(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOTOOLCHAIN"} {
		env = append(env, name+"="+goVariable(t, name))
	}
	return append(env, "GOFLAGS="+goVariable(t, "GOFLAGS")+" -count=1")
}

func goVariable(t *testing.T, name string) string {
	t.Helper()
	output, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(output))
}

// play performs all steps of a document in order, and then stops the processes that still run.
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

// with returns the session for a subtest.
func (s *session) with(t *testing.T) *session {
	sub := *s
	sub.T = t
	return &sub
}

// block performs the step of a block.
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

// terminal returns a terminal of the document. A new one starts in the folder of the first one.
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

// typeCommand types a command and checks its output. It must succeed, unless the document expects a failure.
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

// startCommand types a command that keeps running, and waits until it has printed the expected output.
func (s *session) startCommand(term *terminal, c command) {
	// The process outlives the block.
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

// interrupt stops the process in a terminal like Ctrl-C.
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

// end stops the processes that still run. They must exit cleanly, and leave no other processes.
func (s *session) end() {
	for _, term := range s.terminals {
		if term.running == nil {
			continue
		}
		select {
		case err := <-term.running.done: // "builder stop" has stopped it
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

// compare compares the output of a command with the document.
func (s *session) compare(c command, output string) {
	if !s.matches(c, output) {
		s.Errorf("line %d: %s printed something else than is shown (-shown +printed):\n%s\nAs printed:\n%s",
			c.line, c.text, cmp.Diff(s.want(c), normalise(output, s.home)), output)
	}
}

func (s *session) matches(c command, output string) bool {
	return matches(s.want(c), normalise(output, s.home))
}

// want returns the expected output as normalise returns it.
func (s *session) want(c command) []string { return normalise(strings.Join(c.want, "\n"), s.home) }
