package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/apiserver-builder/builder/generators/project"
)

// CopyVersion returns copies of the user's files of one version of a group for another version: its types, and the samples of its kinds. It
// omits conversions, and the markers for storage, deprecated and unserved versions, because they apply only to the old version.
func CopyVersion(root fs.FS, p *project.Project, group project.Group, from, to string) (Files, error) {
	out := Files{}
	dir := path.Join("pkg/apis", group.Package())
	sources, err := fs.Glob(root, path.Join(dir, from, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range sources {
		base := path.Base(name)
		if Owned(name) || strings.HasSuffix(base, "_test.go") {
			continue
		}
		target := path.Join(dir, to, base)
		if _, err := fs.Stat(root, target); base == "doc.go" && !errors.Is(err, fs.ErrNotExist) {
			continue // the version existed before it had kinds
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		copied, err := copyGo(name, source, from, to)
		if err != nil {
			return nil, err
		}
		if copied != nil {
			out[target] = copied
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no Go files to copy", path.Join(dir, from))
	}
	return out, copySamples(root, out, p.FullName(group), group.Package(), from, to)
}

// versionMarkers matches the markers that are not copied.
var versionMarkers = regexp.MustCompile(`(?m)^[ \t]*//[ \t]*\+(kubebuilder:(storageversion|deprecatedversion|unservedversion)|k8s:prerelease-lifecycle-gen)\b.*\n`)

// copyGo converts a Go file of one version to another. It returns nil if the file contains nothing to copy.
func copyGo(name string, source []byte, from, to string) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("copy of version %s: %w", from, err)
	}
	conversions, others := splitConversions(file)
	if len(conversions) > 0 && len(others) == 0 {
		return nil, nil
	}
	// Edit from the end, so that earlier offsets stay valid.
	at := func(pos token.Pos) int { return fset.Position(pos).Offset }
	for _, f := range slices.Backward(conversions) {
		start := f.Pos()
		if f.Doc != nil {
			start = f.Doc.Pos()
		}
		source = slices.Delete(source, at(start), at(f.End()))
	}
	end := at(file.Name.End())
	head, rest := source[:end], source[end:]
	head = regexp.MustCompile(`\b`+from+`\b`).ReplaceAll(head, []byte(to)) // the package clause, and in doc.go its comment
	source = versionMarkers.ReplaceAll(append(slices.Clone(head), rest...), nil)
	if len(conversions) == 0 {
		return source, nil
	}
	return withoutUnusedImports(name, source)
}

// splitConversions separates the functions that convert to another version from a file's other declarations, except imports.
func splitConversions(file *ast.File) (conversions []*ast.FuncDecl, others []ast.Decl) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && strings.HasPrefix(decl.Name.Name, "Convert_") {
				conversions = append(conversions, decl)
				continue
			}
		case *ast.GenDecl:
			if decl.Tok == token.IMPORT {
				continue
			}
		}
		others = append(others, decl)
	}
	return conversions, others
}

func withoutUnusedImports(name string, source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, spec := range slices.Clone(file.Imports) {
		importPath := strings.Trim(spec.Path.Value, `"`)
		if astutil.UsesImport(file, importPath) {
			continue
		}
		alias := ""
		if spec.Name != nil {
			alias = spec.Name.Name
		}
		astutil.DeleteNamedImport(fset, file, alias, importPath)
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, file); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// copySamples adds copies of the samples of one version's kinds to out.
func copySamples(root fs.FS, out Files, group, prefix, from, to string) error {
	samples, err := fs.Glob(root, "config/samples/"+prefix+"_"+from+"_*.yaml")
	if err != nil {
		return err
	}
	apiVersion := regexp.MustCompile(`(?m)^(apiVersion:\s*["']?` + regexp.QuoteMeta(group) + `/)` + from + `\b`)
	for _, name := range samples {
		sample, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		target := "config/samples/" + prefix + "_" + to + strings.TrimPrefix(path.Base(name), prefix+"_"+from)
		out[target] = apiVersion.ReplaceAll(sample, []byte("${1}"+to))
	}
	return nil
}
