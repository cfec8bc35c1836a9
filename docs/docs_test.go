// Package docs contains the documents for users, and tests that use them like a reader: they type every command in README.md,
// CONTRIBUTING.md and this folder in a sandbox, and compare the output with the document.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notTyped contains the commands that the tests do not type, by document, with reasons.
var notTyped = map[string]map[string]string{
	"README.md": {
		"git clone https://github.com/apiserver-builder/builder && cd builder": "this is the clone",
		"make demo": "a part of make test, beside this",
		"make test": "it runs this",
	},
	"docs/deploying.md": {
		"builder image --tag example.com/team/shop:v0.1.0 --push": "the tests of the command push to a registry of their own",
		"builder deploy --overlay production":                     "nothing runs Pods here: cmd/builder/internal/e2e/testdata/deploy.txtar tests it",
		"builder undeploy --overlay production":                   "nothing runs Pods here: cmd/builder/internal/e2e/testdata/deploy.txtar tests it",
	},
	"CONTRIBUTING.md": {
		"make build":        "it has made the programs that are typed here",
		"make test":         "it runs this",
		"make test-unit":    "a part of make test, beside this",
		"make test-fuzz":    "CI runs it, after this",
		"make test-kube":    "CI runs it, after this",
		"make test-deploy":  "it takes a quarter of an hour",
		"make test-release": "it takes half an hour",
		"make update":       "it changes the clone",
	},
	"docs/getting-started.md": {
		"go install github.com/apiserver-builder/builder/cmd/...@latest": "it is typed in README.md",
	},
	"docs/crd-or-aggregation.md": {
		"make bench-custom":     "it measures for two minutes, and asserts nothing",
		"make bench-validation": "it measures, and asserts only that it is quick",
	},
	"docs/performance.md": {
		"make bench-codegen": "it measures for five minutes, and asserts nothing",
		"make bench-init":    "it measures for a minute, and asserts nothing",
		"make bench-proxy":   "it measures for four minutes, and asserts nothing",
		"make bench-virtual": "it measures for two minutes, and asserts only that no event is lost",
	},
}

// TestDocuments types every command of each document except README.md, which TestReadme covers.
func TestDocuments(t *testing.T) {
	programs := programs(t)
	for _, name := range documents(t) {
		if name == "README.md" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each has its own home folder and ports, and waits most of the time
			newSession(t, programs).play(name)
		})
	}
}

// TestNotTyped verifies that the documents contain the commands in notTyped, and that the Makefile has the targets of those with make.
func TestNotTyped(t *testing.T) {
	for name, commands := range notTyped {
		shown := commandsOf(t, name)
		for text := range commands {
			if !slices.Contains(shown, text) {
				t.Errorf("%q is not in %s: take it out of notTyped", text, name)
			}
			targets, ok := strings.CutPrefix(text, "make ")
			if !ok {
				continue
			}
			cmd := exec.Command("make", append([]string{"--dry-run"}, strings.Fields(targets)...)...)
			cmd.Dir = ".."
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", text, err, output)
			}
		}
	}
}

// TestIndex verifies that docs/README.md links to every page in docs.
func TestIndex(t *testing.T) {
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents(t) {
		page, inDocs := strings.CutPrefix(name, "docs/")
		if inDocs && page != "README.md" && !strings.Contains(string(index), "("+page+")") {
			t.Errorf("docs/README.md does not link %s", page)
		}
	}
}

// commandsOf returns all commands of a document.
func commandsOf(t *testing.T, name string) []string {
	t.Helper()
	var texts []string
	for _, b := range read(t, name) {
		if !b.typed() {
			continue
		}
		commands, err := b.commands()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, c := range commands {
			texts = append(texts, c.text)
		}
	}
	return texts
}

// documents returns the paths of all documents, relative to the repository.
func documents(t *testing.T) []string {
	t.Helper()
	inDocs, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"README.md", "CONTRIBUTING.md"}
	for _, name := range inDocs {
		names = append(names, "docs/"+name)
	}
	return names
}

// read returns the blocks of a document.
func read(t *testing.T, name string) []block {
	t.Helper()
	markdown, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := blocksOf(string(markdown))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return blocks
}

// programs returns a folder with builder and aggregation-proxy: bin if make has built them there, or a new one.
func programs(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	if installed(bin) == nil {
		return bin
	}
	dir := t.TempDir()
	if output, err := exec.Command("go", "build", "-o", dir+"/", "../cmd/...").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return dir
}

// installed returns an error unless both programs are in the folder dir.
func installed(dir string) error {
	for _, name := range []string{"builder", "aggregation-proxy"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
