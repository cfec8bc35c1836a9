// Package reply answers golang.org/x/tools/go/packages when it starts this program instead of the go command. The process
// that called go/packages has written the answer to a file.
//
// The package imports little, so that Go initializes it, and it can exit the process, before packages that take tens of
// milliseconds to initialize.
package reply

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/internal/regular"
)

// Variable is the environment variable that makes this program print the answer in the file that it names, and exit.
const Variable = "BUILDER_GODRIVER_REPLY"

// A Question is the first line of the file, in JSON. The rest of the file is the answer to this question only.
type Question struct {
	// Patterns lists the requested packages, sorted.
	Patterns []string
	// Tag is the build tag.
	Tag string
}

// notHandled makes go/packages run the go command.
const notHandled = `{"NotHandled":true}`

func init() {
	if name := os.Getenv(Variable); name != "" {
		if err := Answer(name, os.Args[1:], os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// Answer writes the answer in the file called name to out, if it matches the patterns and the request of go/packages, which it reads from
// in.
func Answer(name string, patterns []string, in io.Reader, out io.Writer) error {
	var request struct {
		BuildFlags []string          `json:"build_flags"`
		Tests      bool              `json:"tests"`
		Overlay    map[string][]byte `json:"overlay"`
	}
	if err := json.NewDecoder(in).Decode(&request); err != nil {
		return err
	}
	file, err := regular.Open(name)
	if err != nil {
		return refuse(out)
	}
	defer file.Close()
	content := bufio.NewReader(file)
	line, err := content.ReadBytes('\n')
	if err != nil {
		return refuse(out)
	}
	var prepared Question
	if err := json.Unmarshal(line, &prepared); err != nil {
		return refuse(out)
	}
	tag, ok := onlyTag(request.BuildFlags)
	if !ok || tag != prepared.Tag || request.Tests || len(request.Overlay) > 0 || !slices.Equal(slices.Sorted(slices.Values(patterns)), prepared.Patterns) {
		return refuse(out)
	}
	_, err = io.Copy(out, content)
	return err
}

func refuse(out io.Writer) error {
	_, err := io.WriteString(out, notHandled)
	return err
}

// onlyTag returns the build tag in flags, and false if there are any other flags.
func onlyTag(flags []string) (string, bool) {
	if len(flags) == 2 && flags[0] == "-tags" {
		return flags[1], true
	}
	if len(flags) == 1 {
		return strings.CutPrefix(flags[0], "-tags=")
	}
	return "", false
}
