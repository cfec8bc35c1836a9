package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// reports returns a mode in which the test binary reports the events.
func reports(t *testing.T, stay bool, events ...event) string {
	t.Helper()
	var lines []string
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	if stay {
		lines = append(lines, "-")
	}
	return "report " + strings.Join(lines, "\n")
}

func TestDetach(t *testing.T) {
	building := event{Step: &step{Number: 1, Of: 1, Text: "building"}}
	for _, c := range []struct {
		name     string
		stay     bool
		events   []event
		out, err string
		failure  string
	}{
		{"all runs", true, []event{building, {Screen: "all runs\n"}}, "all runs\n", "[1/1] building\n", ""},
		{"a failure", false, []event{building, {Lines: []string{"x.go:1: no"}}, {Failure: "it does not build"}}, "", "[1/1] building\nx.go:1: no\n", "it does not build"},
		{"no word", false, []event{building}, "", "[1/1] building\n", "the background process exited before everything was running (exit status 1): see "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(modeVariable, reports(t, c.stay, c.events...))
			var out, errOut bytes.Buffer
			dir := t.TempDir()
			err := Detach(t.Context(), Options{Dir: dir, Fresh: true, Validity: time.Minute, Port: 20005, Out: &out, Err: &errOut}, os.Args[0])
			if (err == nil) != (c.failure == "") || err != nil && !strings.HasPrefix(err.Error(), c.failure) {
				t.Errorf("error %v, want %q", err, c.failure)
			}
			if out.String() != c.out || errOut.String() != c.err {
				t.Errorf("out %q, want %q; err %q, want %q", out.String(), c.out, errOut.String(), c.err)
			}
			if c.stay {
				return
			}
			log, err := os.ReadFile(backgroundLog(dir))
			if want := "said all [run --fresh --certificate-validity=1m0s --watch=false --port=20005]\n"; err != nil || string(log) != want {
				t.Errorf("log: %q, want %q (%v)", log, want, err)
			}
		})
	}
}

// TestDetachInterrupted verifies that Ctrl-C during the start stops the run in the background.
func TestDetachInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(modeVariable, "lock "+dir)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Detach(ctx, Options{Dir: dir, Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, os.Args[0]) }()
	eventually(t, "it runs", func() bool {
		pid, err := Running(t.Context(), dir)
		return err == nil && pid != 0
	})
	cancel()
	select {
	case err := <-done:
		if err == nil || !strings.HasPrefix(err.Error(), "the background process exited before everything was running") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	if pid, err := Running(t.Context(), dir); pid != 0 || err != nil {
		t.Errorf("still there: %d, %v", pid, err)
	}
}

func TestDetachTwice(t *testing.T) {
	dir := t.TempDir()
	startChild(t, "lock "+dir)
	var running *RunningError
	if err := Detach(t.Context(), Options{Dir: dir}, os.Args[0]); !errors.As(err, &running) {
		t.Errorf("got %v", err)
	}
}
