// Package godriver answers golang.org/x/tools/go/packages instead of the go command, as its GOPACKAGESDRIVER, in a tenth
// of the time. It reads the packages of the project. For those of other modules and of the standard library it uses
// stubs from a cache in the user's cache folder: the declarations that importers see, with comments and without bodies.
//
// The response is the same as that of the go command. In all other cases there is none, and go/packages runs the go
// command: for workspaces, vendor folders, modules replaced by folders, cgo, missing packages, and unknown settings.
package godriver

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"

	"github.com/apiserver-builder/builder/generators/internal/godriver/reply"
	"github.com/apiserver-builder/builder/internal/scratch"
)

// A Request describes a call of packages.Load.
type Request struct {
	// Dir is the absolute path of the folder to load packages from.
	Dir string
	// Env is the environment of the go command. If it is nil, the go command gets the environment of this process.
	Env []string
	// Tag is the only build tag.
	Tag string
	// Patterns lists import paths, or paths relative to Dir that start with "./".
	Patterns []string
	// RootsOnly excludes the imports of the requested packages.
	RootsOnly bool
}

// Env returns an environment that makes packages.Load use this driver for the request, and only for this request, until done is called. If
// the driver cannot answer, err is the reason, and the environment is that of the request.
func Env(ctx context.Context, r Request) (env []string, done func(), err error) {
	unchanged := func() {}
	if r.Env == nil {
		r.Env = os.Environ()
	}
	defer func() {
		if err != nil {
			RecordFallback(ctx, err)
		}
	}()
	cache, err := defaultCache()
	if err != nil {
		return r.Env, unchanged, err
	}
	response, err := answer(ctx, cache, r)
	if err != nil {
		return r.Env, unchanged, err
	}
	self, err := self()
	if err != nil {
		return r.Env, unchanged, err
	}
	dir, remove, err := prepare(r, response)
	if err != nil {
		return r.Env, unchanged, err
	}
	env = append(slices.Clip(r.Env), "GOPACKAGESDRIVER="+self, reply.Variable+"="+filepath.Join(dir, replyFile))
	return env, remove, nil
}

// Load calls load with the environment from Env. If load fails, Load calls it again, with the go command instead of the driver.
func Load[T any](ctx context.Context, r Request, load func(env []string) (T, error)) (T, error) {
	env, done, reason := Env(ctx, r)
	defer done()
	loaded, err := load(env)
	if err != nil && reason == nil && ctx.Err() == nil {
		RecordFallback(ctx, err)
		return load(r.Env)
	}
	return loaded, err
}

const replyFile = "reply.json"

// prepare writes the response to a new temporary folder.
func prepare(r Request, response *packages.DriverResponse) (dir string, remove func(), err error) {
	question, err := json.Marshal(reply.Question{Patterns: slices.Sorted(slices.Values(r.Patterns)), Tag: r.Tag})
	if err != nil {
		return "", nil, err
	}
	content, err := json.Marshal(response)
	if err != nil {
		return "", nil, err
	}
	if dir, remove, err = scratch.Dir(); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, replyFile), slices.Concat(question, []byte("\n"), content), 0o600); err != nil {
		remove()
		return "", nil, err
	}
	return dir, remove, nil
}

// self returns a path that starts the running program again, even if its file has been replaced.
func self() (string, error) {
	const linux = "/proc/self/exe"
	if _, err := os.Stat(linux); err == nil {
		return linux, nil
	}
	return os.Executable()
}

// unhandled returns an error that means: the go command must handle the request.
func unhandled(format string, args ...any) error {
	return fmt.Errorf("left to the go command: "+format, args...)
}
