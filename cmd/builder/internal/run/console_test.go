package run

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

var events = []event{
	{Step: &step{Number: 1, Of: 2, Text: "building"}},
	{Progress: "package 1 of 9"},
	{Step: &step{Number: 2, Of: 2, Text: "starting"}},
	{Lines: []string{"what a", "compiler says"}},
	{Screen: "all runs\n"},
}

func TestConsole(t *testing.T) {
	const replace, noWrap, wrap, cyan, plain = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h", "\x1b[36m", "\x1b[0m"
	for _, c := range []struct {
		name  string
		style display.Style
		want  string
	}{
		{"piped", display.Style{}, "[1/2] building\n[2/2] starting\nwhat a\ncompiler says\napiserver          | hello\n"},
		{"terminal", display.Style{Terminal: true}, noWrap + "[1/2] building" + wrap + replace + noWrap + "[1/2] building: package 1 of 9 (0s)" + wrap +
			replace + "[1/2] building (TIME)\n" + noWrap + "[2/2] starting" + wrap + replace + "[2/2] starting (TIME)\n" +
			"what a\ncompiler says\napiserver          | hello\n"},
		{"color", display.Style{Color: true}, cyan + "[1/2]" + plain + " building\n" + cyan + "[2/2]" + plain + " starting\nwhat a\ncompiler says\n" +
			cyan + "apiserver         " + plain + " | hello\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err bytes.Buffer
			console := newConsole(&out, &err, c.style)
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
