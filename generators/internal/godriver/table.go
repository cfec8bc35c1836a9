package godriver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A table is the go command's description of the packages outside a module that the module may import.
type table struct {
	Go       goContext
	Packages map[string]*dependency // by import path
}

// goContext contains the settings with which the go command selects files.
type goContext struct {
	Version, Root, OS, Arch string
	Cgo                     bool
	ReleaseTags, ToolTags   []string
}

// A dependency is a package outside the project.
type dependency struct {
	Name string
	// Stub is the name of the folder of its stubs.
	Stub string
	// Files maps the names of the stubs to their sizes.
	Files map[string]int64
	// Imports maps the import paths in the source to the paths of the imported packages.
	Imports map[string]string
}

// complete reports whether all files of a dependency exist.
func (d *dependency) complete(c cache) bool {
	for name, size := range d.Files {
		if info, err := os.Stat(filepath.Join(c.stubDir(d.Stub), name)); err != nil || info.Size() != size {
			return false
		}
	}
	return true
}

// A listing is the go command's description of a package.
type listing struct {
	ImportPath, Name, Dir    string
	Standard                 bool
	CompiledGoFiles, Imports []string
	ImportMap                map[string]string
	Module                   *struct{ Main bool }
	Error                    *struct{ Err string }
}

// A filler adds packages to a table.
type filler struct {
	cache cache
	dir   string
	env   []string
	tag   string
}

// fill adds packages, and all their imports, to a table.
func (f *filler) fill(ctx context.Context, t *table, ids []string) error {
	if err := f.context(ctx, &t.Go); err != nil {
		return err
	}
	if t.Packages == nil {
		t.Packages = map[string]*dependency{}
	}
	if len(ids) == 0 {
		return nil
	}
	listed, err := f.list(ctx, ids)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(4)
	var mutex sync.Mutex
	added := map[string]*dependency{}
	for id, l := range listed {
		if d := t.Packages[id]; id == "unsafe" || d != nil && d.complete(f.cache) {
			continue
		}
		work.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			d, err := f.dependency(t.Go.Version, listed, l)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			added[id] = d
			return nil
		})
	}
	err = work.Wait()
	maps.Copy(t.Packages, added)
	return err
}

// context gets the settings with which the go command selects files.
func (f *filler) context(ctx context.Context, g *goContext) error {
	if g.Version != "" {
		return nil
	}
	out, err := f.run(ctx, "env", "-json", "GOVERSION", "GOROOT", "GOOS", "GOARCH", "CGO_ENABLED")
	if err != nil {
		return err
	}
	var env struct{ GOVERSION, GOROOT, GOOS, GOARCH, CGO_ENABLED string }
	if err := json.Unmarshal(out, &env); err != nil {
		return err
	}
	if out, err = f.run(ctx, "list", "-tags="+f.tag, "-f", `{{context.Compiler}} {{join context.ReleaseTags ","}} {{join context.ToolTags ","}}`, "unsafe"); err != nil {
		return err
	}
	words := strings.Split(strings.TrimSpace(string(out)), " ")
	if len(words) < 2 || words[0] != "gc" {
		return unhandled("the compiler is not gc")
	}
	*g = goContext{
		Version: env.GOVERSION, Root: env.GOROOT, OS: env.GOOS, Arch: env.GOARCH, Cgo: env.CGO_ENABLED == "1", ReleaseTags: strings.Split(words[1], ","),
	}
	if len(words) > 2 {
		g.ToolTags = strings.Split(words[2], ",")
	}
	return nil
}

// list runs "go list" for packages and all their imports.
func (f *filler) list(ctx context.Context, ids []string) (map[string]*listing, error) {
	args := []string{"list", "-e", "-deps", "-compiled", "-tags=" + f.tag, "-json=ImportPath,Name,Dir,Standard,CompiledGoFiles,Imports,ImportMap,Module,Error", "--"}
	out, err := f.run(ctx, append(args, ids...)...)
	if err != nil {
		return nil, err
	}
	listed := map[string]*listing{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		l := &listing{}
		if err := decoder.Decode(l); err != nil {
			return nil, err
		}
		switch {
		case l.Error != nil:
			return nil, unhandled("%s: %s", l.ImportPath, l.Error.Err)
		case l.Module != nil && l.Module.Main:
			return nil, unhandled("a module that the project requires imports its package %s", l.ImportPath)
		case l.Module == nil && !l.Standard:
			return nil, unhandled("the package %s is in no module", l.ImportPath)
		}
		listed[l.ImportPath] = l
	}
	return listed, nil
}

func (f *filler) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := gocmd.Command(ctx, f.dir, slices.Concat(f.env, []string{"PWD=" + f.dir}), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, unhandled("go %s: %v: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// dependency returns a package from the cache, and adds it if necessary. The content of a file cannot change: its path contains the version
// of the module, or the file belongs to the standard library of a Go version.
func (f *filler) dependency(goVersion string, listed map[string]*listing, l *listing) (*dependency, error) {
	resolve := func(imported string) string {
		if mapped := l.ImportMap[imported]; mapped != "" {
			return mapped
		}
		return imported
	}
	names := map[string]string{}
	for _, imported := range l.Imports {
		if other := listed[imported]; other != nil {
			names[imported] = other.Name
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %q %q %q %v %v", goVersion, l.ImportPath, l.Name, l.Dir, l.CompiledGoFiles, l.ImportMap, names))
	hash := hex.EncodeToString(sum[:16])
	d := &dependency{}
	if content, err := regular.Read(f.cache.stubIndex(hash)); err == nil && json.Unmarshal(content, d) == nil && d.Stub == hash && d.complete(f.cache) {
		return d, nil
	}
	sources := map[string][]byte{}
	for _, name := range l.CompiledGoFiles {
		if !filepath.IsAbs(name) { // files from cgo have absolute paths
			name = filepath.Join(l.Dir, name)
		}
		content, err := regular.Read(name)
		if err != nil {
			return nil, err
		}
		if base := filepath.Base(name); sources[base] != nil {
			return nil, unhandled("two files are called %s", base)
		} else {
			sources[base] = content
		}
	}
	files, imports, err := stub(sources, func(imported string) string {
		if name := names[resolve(imported)]; name != "" {
			return name
		}
		return path.Base(imported)
	})
	if err != nil {
		return nil, err
	}
	*d = dependency{Name: l.Name, Stub: hash, Files: map[string]int64{}, Imports: map[string]string{}}
	for _, imported := range imports {
		d.Imports[imported] = resolve(imported)
	}
	for name, content := range files {
		d.Files[name] = int64(len(content))
	}
	return d, f.cache.writeStub(d, files)
}

// writeStub writes all files of a dependency, or none.
func (c cache) writeStub(d *dependency, files map[string][]byte) error {
	if err := os.MkdirAll(c.stubs(), 0o700); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(c.stubs(), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	index, err := json.Marshal(d)
	if err != nil {
		return err
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(scratch, name), content, 0o600))
	}
	err = errors.Join(err, os.WriteFile(filepath.Join(scratch, filepath.Base(c.stubIndex(""))), index, 0o600))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(c.stubDir(d.Stub)); err != nil { // a damaged one
		return err
	}
	return os.Rename(scratch, c.stubDir(d.Stub))
}

// update returns the table of a module after adding packages to it.
func (f *filler) update(ctx context.Context, key string, ids []string) (*table, error) {
	unlock, err := f.cache.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t := f.cache.readTable(key, time.Now()) // another process may have written it
	if t == nil {
		t = &table{}
		if err := f.cache.prune(time.Now()); err != nil {
			return nil, err
		}
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		d := t.Packages[id]
		return d != nil && d.complete(f.cache)
	})
	if len(ids) == 0 && t.Go.Version != "" {
		return t, nil
	}
	if err := f.fill(ctx, t, ids); err != nil {
		return nil, err
	}
	return t, f.cache.writeTable(key, t)
}
