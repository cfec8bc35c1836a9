package godriver

import (
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// describeOwn describes a package of the project. Packages for which the go command would report errors are left to it.
func (q *query) describeOwn(id string) (*packages.Package, error) {
	rel := strings.TrimPrefix(strings.TrimPrefix(id, q.module.path), "/")
	dir := filepath.Join(q.module.dir, filepath.FromSlash(rel))
	for parent := dir; parent != q.module.dir; parent = filepath.Dir(parent) {
		if exists(filepath.Join(parent, "go.mod")) {
			return nil, unhandled("%s is in a separate module", id)
		}
	}
	scanned, err := q.build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	other := slices.Concat(scanned.CgoFiles, scanned.CFiles, scanned.CXXFiles, scanned.MFiles, scanned.HFiles, scanned.FFiles,
		scanned.SFiles, scanned.SwigFiles, scanned.SwigCXXFiles, scanned.SysoFiles)
	switch {
	case len(scanned.GoFiles) == 0:
		return nil, unhandled("%s has no Go files but tests", id)
	case len(other) > 0:
		return nil, unhandled("%s has %s", id, other[0])
	case len(scanned.EmbedPatterns) > 0:
		return nil, unhandled("%s embeds files", id)
	case len(scanned.Directives) > 0:
		return nil, unhandled("%s has %s", id, scanned.Directives[0].Text)
	}
	if err := checkCase(id, slices.Concat(scanned.GoFiles, scanned.IgnoredGoFiles, scanned.TestGoFiles, scanned.XTestGoFiles)); err != nil {
		return nil, err
	}
	imports := map[string]string{}
	for _, imported := range scanned.Imports {
		if err := q.mayImport(id, imported); err != nil {
			return nil, err
		}
		imports[imported] = imported
	}
	p := newPackage(id, scanned.Name, absolute(dir, scanned.GoFiles), imports)
	p.IgnoredFiles = absolute(dir, scanned.IgnoredGoFiles)
	return p, nil
}

// mayImport returns an error for imports that the go command rejects.
func (q *query) mayImport(id, imported string) error {
	for _, reserved := range []string{"vendor", "C"} {
		if slices.Contains(strings.Split(imported, "/"), reserved) {
			return unhandled("%s imports %s", id, imported)
		}
	}
	if strings.HasPrefix(imported, ".") || strings.HasPrefix(imported, "/") {
		return unhandled("%s imports the relative path %s", id, imported)
	}
	elements := strings.Split(imported, "/")
	for i := len(elements) - 1; i >= 0; i-- {
		if elements[i] == "internal" {
			if parent := strings.Join(elements[:i], "/"); parent == "" || !within(id, parent) {
				return unhandled("%s imports %s", id, imported)
			}
			break
		}
	}
	return nil
}

// checkCase returns an error if file names differ only in case.
func checkCase(id string, names []string) error {
	folded := map[string]bool{}
	for _, name := range names {
		name = strings.ToLower(name)
		if folded[name] {
			return unhandled("%s has two files called %s", id, name)
		}
		folded[name] = true
	}
	return nil
}

func absolute(dir string, names []string) []string {
	var out []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		out = append(out, filepath.Join(dir, name))
	}
	return out
}
