package corpora

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/typecheck"
)

const module = "example.com/corpora"

// copied is the project with the copied corpora.
type copied struct {
	t   *testing.T
	dir string
	// bin is a folder with builder and aggregation-proxy.
	bin string
}

func newProject(t *testing.T) *copied {
	t.Helper()
	p := &copied{t: t, dir: filepath.Join(t.TempDir(), "corpora"), bin: t.TempDir()}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.runIn("../..", "go", "build", "-o", p.bin+string(filepath.Separator), "./cmd/...")
	return p
}

// copyAll declares the resources of all corpora, and copies their types.
func (p *copied) copyAll() []published {
	p.t.Helper()
	var resources []published
	folders := make([]string, len(corpora))
	for i, c := range corpora {
		folders[i] = p.download(c.types)
		crds := folders[i]
		if c.crds != "" {
			crds = p.download(c.crds)
		}
		resources = append(resources, readAll(p.t, c, crds)...)
	}
	p.scaffold(declare(resources))
	imports := importPaths()
	for i, c := range corpora {
		edits := make([]int, len(c.edits))
		for _, from := range c.packagesOf(resources) {
			p.copyPackage(c, folders[i], from, imports, edits)
		}
		for j, e := range c.edits {
			if edits[j] == 0 {
				p.t.Errorf("%s: %q isn't in any file that ends in %q: take the edit out", c.types, e.old, e.file)
			}
		}
	}
	return resources
}

// download downloads a module and returns its folder.
func (p *copied) download(moduleVersion string) string {
	p.t.Helper()
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(p.runIn(p.dir, "go", "mod", "download", "-json", moduleVersion), &downloaded); err != nil {
		p.t.Fatal(err)
	}
	return downloaded.Dir
}

// scaffold creates a project without the sample types and tests.
func (p *copied) scaffold(groups []project.Group) {
	p.t.Helper()
	declaration, err := project.New("corpora", "example.com", module)
	if err != nil {
		p.t.Fatal(err)
	}
	declaration.Groups = groups
	if err := declaration.Validate(); err != nil {
		p.t.Fatal(err)
	}
	plan, err := generators.Scaffold(p.dir, declaration, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := plan.Apply(p.dir); err != nil {
		p.t.Fatal(err)
	}
	for _, pattern := range []string{"pkg/apis/*/*/*_types.go", "test/*_test.go"} {
		files, err := filepath.Glob(filepath.Join(p.dir, pattern))
		if err != nil || len(files) == 0 {
			p.t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasPrefix(filepath.Base(file), "zz_generated.") {
				continue
			}
			if err := os.Remove(file); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

// generate generates the code.
func (p *copied) generate() {
	p.t.Helper()
	p.runIn(p.dir, "go", "mod", "tidy", "-e") // the generated packages do not exist yet
	p.runIn(p.dir, filepath.Join(p.bin, "builder"), "generate")
	p.runIn(p.dir, "go", "mod", "tidy")
}

// check type-checks all packages, including tests, and returns the errors.
func (p *copied) check() []string {
	p.t.Helper()
	report, err := typecheck.Modules(p.t.Context(), filepath.Dir(p.dir), []string{module})
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, problem := range report.Problems {
		out = append(out, "does not compile: "+strings.TrimPrefix(problem.Text, p.dir+"/"))
	}
	return out
}

// runIn runs a command, which must succeed, and returns its standard output.
func (p *copied) runIn(dir, name string, args ...string) []byte {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	var errors strings.Builder
	cmd.Dir, cmd.Stderr = dir, &errors
	cmd.Env = append(os.Environ(), "GOWORK=off", "AGGREGATION_PROXY=")
	output, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s%s", cmd, err, output, &errors)
	}
	return output
}
