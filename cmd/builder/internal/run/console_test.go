package run

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var events = []event{
	{Step: &step{Number: 1, Of: 2, Text: "building"}},
	{Step: &step{Number: 2, Of: 2, Text: "starting"}},
	{Lines: []string{"what a", "compiler says"}},
	{Screen: "all runs\n"},
}

func TestConsole(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		want     string
	}{
		{"piped", false, "[1/2] building\n[2/2] starting\nwhat a\ncompiler says\napiserver          | hello\n"},
		{"terminal", true, "[1/2] building\r[1/2] building (TIME)\n[2/2] starting\r[2/2] starting (TIME)\nwhat a\ncompiler says\napiserver          | hello\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err bytes.Buffer
			console := &console{out: &out, err: &err, terminal: c.terminal}
			for _, e := range events {
				console.show(e)
			}
			console.log(apiserver, "hello")
			got := regexp.MustCompile(`\(\d+\.\ds\)`).ReplaceAllString(err.String(), "(TIME)")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if out.String() != "all runs\n" {
				t.Errorf("out: %q", out.String())
			}
		})
	}
}

// TestConsoleClockOfALog holds the same for a file, line by line.
func TestConsoleClockOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var err bytes.Buffer
		console := &console{err: &err}
		console.show(events[0])
		time.Sleep(61 * time.Second)
		console.show(events[2])
		time.Sleep(time.Hour)
		if want := "[1/2] building\n[1/2] building (30s)\n[1/2] building (60s)\nwhat a\ncompiler says\n"; err.String() != want {
			t.Errorf("%q, want %q", err.String(), want)
		}
	})
}

// TestConsoleClock holds that a terminal shows that a long step goes on.
func TestConsoleClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var err bytes.Buffer
		console := &console{err: &err, terminal: true}
		console.show(events[0])
		time.Sleep(2100 * time.Millisecond)
		console.show(events[1])
		console.show(events[2])
		if want := "[1/2] building\r[1/2] building (1s)\r[1/2] building (2s)\r[1/2] building (2.1s)\n[2/2] starting\r"; !strings.HasPrefix(err.String(), want) {
			t.Errorf("%q, want %q", err.String(), want)
		}
	})
}
