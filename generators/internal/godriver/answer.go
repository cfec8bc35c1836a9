package godriver

import (
	"context"
	"go/build"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/tools/go/packages"
)

// A query answers one request.
type query struct {
	module    *mainModule
	cache     cache
	table     *table
	build     build.Context
	tag       string
	rootsOnly bool

	packages map[string]*packages.Package
	visiting map[string]bool
	missing  []string
}

// answer returns the response of the go command to a request, or the reason why it is unknown.
func answer(ctx context.Context, c cache, r Request) (*packages.DriverResponse, error) {
	m, err := findModule(r)
	if err != nil {
		return nil, err
	}
	roots, err := m.importPaths(r)
	if err != nil {
		return nil, err
	}
	f := &filler{cache: c, dir: m.dir, env: r.Env, tag: r.Tag}
	q := &query{module: m, cache: c, tag: r.Tag, rootsOnly: r.RootsOnly}
	if q.table = c.readTable(m.key, time.Now()); q.table == nil {
		if q.table, err = f.update(ctx, m.key, slices.DeleteFunc(slices.Clone(roots), m.owns)); err != nil {
			return nil, err
		}
	}
	response, err := q.answer(roots)
	if err != nil || response != nil {
		return response, err
	}
	if q.table, err = f.update(ctx, m.key, q.missing); err != nil {
		return nil, err
	}
	if response, err = q.answer(roots); err == nil && response == nil {
		err = unhandled("the go command did not describe %s", strings.Join(q.missing, ", "))
	}
	return response, err
}

// owns reports whether a package belongs to the main module.
func (m *mainModule) owns(id string) bool { return within(id, m.path) }

// importPaths returns the import paths of the requested packages.
func (m *mainModule) importPaths(r Request) ([]string, error) {
	var ids []string
	for _, pattern := range r.Patterns {
		id := pattern
		if rest, ok := strings.CutPrefix(pattern, "./"); ok {
			below, err := filepath.Rel(m.dir, filepath.Join(r.Dir, filepath.FromSlash(rest)))
			if err != nil || below != "." && !filepath.IsLocal(below) {
				return nil, unhandled("%s is outside of the module", pattern)
			}
			id = path.Join(m.path, filepath.ToSlash(below))
		}
		if strings.Contains(id, "...") || module.CheckImportPath(id) != nil || slices.Contains([]string{"all", "cmd", "main", "std", "tool", "work"}, id) {
			return nil, unhandled("the pattern %s may stand for several packages", pattern)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// answer returns nil if the table lacks packages, which q.missing then lists.
func (q *query) answer(roots []string) (*packages.DriverResponse, error) {
	q.packages, q.visiting, q.missing = map[string]*packages.Package{}, map[string]bool{}, nil
	g := &q.table.Go
	q.build = build.Context{
		GOROOT: g.Root, GOOS: g.OS, GOARCH: g.Arch, CgoEnabled: g.Cgo, Compiler: "gc",
		BuildTags: []string{q.tag}, ToolTags: g.ToolTags, ReleaseTags: g.ReleaseTags,
	}
	for _, root := range roots {
		if err := q.visit(root); err != nil {
			return nil, err
		}
	}
	if len(q.missing) > 0 {
		return nil, nil
	}
	response := &packages.DriverResponse{Compiler: "gc", Arch: g.Arch, Roots: roots, GoVersion: len(g.ReleaseTags)} // one for each release since go1.1
	for _, id := range slices.Sorted(maps.Keys(q.packages)) {
		response.Packages = append(response.Packages, q.packages[id])
	}
	return response, nil
}

// visit adds a package and all its imports.
func (q *query) visit(id string) error {
	if q.visiting[id] {
		return unhandled("%s imports itself", id)
	}
	if q.packages[id] != nil {
		return nil
	}
	q.visiting[id] = true
	defer delete(q.visiting, id)
	p, err := q.describe(id)
	if p == nil || err != nil {
		return err
	}
	q.packages[id] = p
	if q.rootsOnly {
		p.Imports = nil
		return nil
	}
	for _, imported := range p.Imports {
		if err := q.visit(imported.ID); err != nil {
			return err
		}
		if other := q.packages[imported.ID]; other != nil && other.Name == "main" {
			return unhandled("%s imports %s, which is a program", id, imported.ID)
		}
	}
	return nil
}

// describe returns a package. If the table lacks it, describe returns nil and adds it to q.missing.
func (q *query) describe(id string) (*packages.Package, error) {
	if id == "unsafe" { // it has no stub
		return newPackage(id, id, []string{filepath.Join(q.table.Go.Root, "src", "unsafe", "unsafe.go")}, nil), nil
	}
	if q.module.owns(id) {
		return q.describeOwn(id)
	}
	d := q.table.Packages[id]
	if d == nil || !d.complete(q.cache) {
		q.missing = append(q.missing, id)
		return nil, nil
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(d.Files)) {
		files = append(files, filepath.Join(q.cache.stubDir(d.Stub), name))
	}
	return newPackage(id, d.Name, files, d.Imports), nil
}

func newPackage(id, name string, files []string, imports map[string]string) *packages.Package {
	p := &packages.Package{ID: id, PkgPath: id, Name: name, GoFiles: files, CompiledGoFiles: files, Imports: map[string]*packages.Package{}}
	for written, imported := range imports {
		p.Imports[written] = &packages.Package{ID: imported}
	}
	return p
}
