// Package gobuild builds Go programs, and reports how many packages are compiled. The first build of a program with Kubernetes' libraries
// compiles more than a thousand packages, which takes minutes.
package gobuild

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apiserver-builder/builder/internal/gocmd"
)

// Options are the arguments of a build.
type Options struct {
	// Dir is the folder of the main module.
	Dir string
	// Output is the value of the flag -o.
	Output string
	// Flags are other flags of "go build", which "go list" must also accept.
	Flags []string
	// Env contains variables in addition to the environment of this process.
	Env []string
	// Packages are patterns.
	Packages []string
	// Show receives the progress, such as "package 312 of 1034".
	Show func(string)
}

// countAfter is the duration of a build after which its packages are counted: most builds are shorter, and do not wait for that.
const countAfter = 2 * time.Second

// gcPercent is the value of GOGC for the compiler and the linker. They live for seconds, and need a fifth less time with it, and at most
// half a gigabyte of memory more.
const gcPercent = "400"

// Build runs "go build". It returns what the go command printed, except for the progress.
func Build(ctx context.Context, o Options) (output string, err error) {
	return build(ctx, o, countAfter)
}

func build(ctx context.Context, o Options, countAfter time.Duration) (output string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &parser{show: o.Show, packages: map[string]bool{}}
	args := append(slices.Concat([]string{"build", "-v", "-o", o.Output}, o.Flags), o.Packages...)
	cmd := gocmd.Command(ctx, o.Dir, environment(o.Env), args...)
	cmd.Stdout, cmd.Stderr = p, p
	var counting sync.WaitGroup
	counting.Go(func() {
		select {
		case <-ctx.Done():
		case <-time.After(countAfter):
			p.count(ctx, o)
		}
	})
	err = cmd.Run()
	cancel()
	counting.Wait()
	return p.rest(), err
}

// environment returns this process's environment with other variables, and with gcPercent, unless the user has set GOGC.
func environment(others []string) []string {
	env := append(os.Environ(), others...)
	if os.Getenv("GOGC") == "" {
		env = append(env, "GOGC="+gcPercent)
	}
	return env
}

// A parser reads the output of "go build -v", which prints the path of each package when it starts to compile it.
type parser struct {
	show func(string)

	mu       sync.Mutex
	partial  []byte
	lines    []string
	packages map[string]bool // those to compile that are known
	compiled int
	counted  bool
}

// Write implements io.Writer.
func (p *parser) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partial = append(p.partial, b...)
	for {
		line, rest, ok := bytes.Cut(p.partial, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		p.line(string(line))
		p.partial = rest
	}
}

func (p *parser) line(line string) {
	module, downloading := strings.CutPrefix(line, "go: downloading ")
	switch {
	case downloading:
		p.show("downloading " + module)
	case line == "" || strings.ContainsAny(line, " \t:"): // an error
		p.lines = append(p.lines, line)
	default:
		p.packages[line] = true
		p.compiled++
		p.report()
	}
}

func (p *parser) report() {
	if p.counted {
		p.show(fmt.Sprintf("package %d of %d", p.compiled, len(p.packages)))
	} else {
		p.show(fmt.Sprintf("package %d", p.compiled))
	}
}

// stale is a template for "go list" that prints the packages to compile. A program is also stale if it only has to be linked.
const stale = `{{if and .Stale (ne .StaleReason "not installed but available in build cache")}}{{.ImportPath}}{{end}}`

// count finds the packages that are not in the build cache. Some of those may have been compiled since the build began.
func (p *parser) count(ctx context.Context, o Options) {
	args := append(slices.Concat([]string{"list", "-deps", "-f", stale}, o.Flags), o.Packages...)
	out, err := gocmd.Command(ctx, o.Dir, environment(o.Env), args...).Output()
	if err != nil {
		return // the build reports the error
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range strings.Fields(string(out)) {
		p.packages[name] = true
	}
	p.counted = true
	p.report()
}

func (p *parser) rest() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.TrimSpace(strings.Join(append(p.lines, string(p.partial)), "\n"))
}
