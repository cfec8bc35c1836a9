package display_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// visible replaces escape sequences by what they do.
var visible = strings.NewReplacer("\r\x1b[K", "<replace>", "\x1b[?7l", "", "\x1b[?7h", "")

// TestDisplay shows two steps and a line after them. The first step takes long.
func TestDisplay(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		want     string
	}{
		{"log", false, "compile\ncompile: package 2 of 9 (30s)\ncompile: package 3 of 9 (1m0s)\nlink\ndone\n"},
		{"terminal", true, "compile" +
			strings.Repeat("<replace>compile: package 2 of 9 (TIME)", 31) + "<replace>compile: package 3 of 9 (TIME)" +
			strings.Repeat("<replace>compile: package 3 of 9 (TIME)", 30) + "<replace>compile (TIME)\nlink<replace>link (TIME)\ndone\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				d := display.New(&out, c.terminal)
				d.Detail("nothing yet")
				d.Begin("compile")
				d.Detail("package 2 of 9")
				time.Sleep(30*time.Second + 100*time.Millisecond)
				d.Detail("package 3 of 9")
				time.Sleep(30 * time.Second)
				d.Begin("link")
				d.Println("done")
				d.End()
				time.Sleep(time.Hour)
				got := visible.Replace(out.String())
				if c.terminal {
					got = regexp.MustCompile(`\([0-9.]+(m[0-9]+)?s\)`).ReplaceAllString(got, "(TIME)")
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestDisplayCountsSeconds tests the times on a terminal.
func TestDisplayCountsSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := display.New(&out, true)
		d.Begin("compile")
		time.Sleep(2100 * time.Millisecond)
		d.End()
		if got, want := visible.Replace(out.String()), "compile<replace>compile (1s)<replace>compile (2s)<replace>compile (2.1s)\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
