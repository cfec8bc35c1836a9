// Package roles reads the RBAC rules that a project's reconcilers and its apiserver need.
package roles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
	"sigs.k8s.io/controller-tools/pkg/genall"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
	"sigs.k8s.io/controller-tools/pkg/rbac"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
	"github.com/apiserver-builder/builder/generators/internal/godriver"
	"github.com/apiserver-builder/builder/internal/regular"
	"k8s.io/gengo/v2"
)

// Controllers is the folder of the reconcilers.
const Controllers = "internal/controller"

// Server returns the folders of the apiserver's code, with or without admission plugins. Those below them count too.
func Server(plugins bool) []string {
	if plugins {
		return []string{"pkg/admission", "pkg/registry", "pkg/apiserver"}
	}
	return []string{"pkg/registry", "pkg/apiserver"}
}

// marker is the text that a file with a rule contains.
const marker = "+kubebuilder:rbac"

// noOptions and errNoBase are the errors of the type Options, on which the generated command depends.
const noOptions = "no type Options: declare \"type Options struct{ base }\" in this folder, because the controller manager reads its settings from it"

var errNoBase = errors.New("the type Options does not embed base: add it as the first field, and if Options has a method AddFlags, call o.base.AddFlags(flags) in it")

// Reconcilers is the model of the reconcilers.
type Reconcilers struct {
	// Roles contains the Roles and ClusterRoles for their markers.
	Roles []any
	// Fields contains the fields that generated code sets, by struct type.
	Fields map[string]Fields
	// options is the type Options.
	options *ast.TypeSpec
}

// ReadControllers reads the reconcilers in the project's folder dir. The ClusterRole has the given name. If env is nil, the go command gets the
// environment of this process.
func ReadControllers(ctx context.Context, dir string, env []string, name string) (Reconcilers, diagnostics.List, error) {
	var problems diagnostics.List
	if own, err := hasSources(dir); err != nil || !own {
		problems.Add(token.Position{Filename: Controllers}, noOptions)
		return Reconcilers{}, problems, err
	}
	roots, err := loadAll(ctx, dir, env, Controllers)
	if err != nil {
		return Reconcilers{}, nil, err
	}
	read := Reconcilers{Fields: map[string]Fields{}}
	for _, root := range roots {
		for _, file := range root.Syntax {
			read.add(file)
		}
		if read.options != nil && !embedsBase(read.options) {
			root.AddError(loader.ErrFromNode(errNoBase, read.options))
		}
	}
	read.Roles, problems, err = generate(dir, roots, name)
	if read.options == nil && len(problems) == 0 {
		problems.Add(token.Position{Filename: Controllers}, noOptions)
	}
	return read, problems, err
}

// ReadServer returns the Roles and ClusterRoles for the +kubebuilder:rbac markers of the apiserver's code in folders, with
// the arguments of ReadControllers. It loads only the packages with markers.
func ReadServer(ctx context.Context, dir string, env []string, name string, folders []string) ([]any, diagnostics.List, error) {
	var marked []string
	for _, root := range folders {
		found, err := foldersWithMarkers(dir, root)
		if err != nil {
			return nil, nil, err
		}
		marked = append(marked, found...)
	}
	roots, err := loadAll(ctx, dir, env, marked...)
	if err != nil {
		return nil, nil, err
	}
	return generate(dir, roots, name)
}

// loadAll loads the packages in folders of the project, with their syntax.
func loadAll(ctx context.Context, dir string, env []string, folders ...string) ([]*loader.Package, error) {
	var roots []*loader.Package
	for _, folder := range folders {
		loaded, err := load(ctx, filepath.Join(dir, filepath.FromSlash(folder)), env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		roots = append(roots, loaded...)
	}
	for _, root := range roots {
		root.NeedSyntax()
	}
	return roots, nil
}

// generate returns the Roles and ClusterRoles for the markers in packages.
func generate(dir string, roots []*loader.Package, name string) ([]any, diagnostics.List, error) {
	for _, root := range roots {
		for _, file := range root.Syntax {
			detachComments(file)
		}
	}
	registry := &markers.Registry{}
	if err := (rbac.Generator{}).RegisterMarkers(registry); err != nil {
		return nil, nil, err
	}
	generation := &genall.GenerationContext{Collector: &markers.Collector{Registry: registry}, Roots: roots}
	roles, err := rbac.GenerateRoles(generation, name)
	if err != nil {
		return nil, nil, fmt.Errorf("roles: %w", err)
	}
	return roles, schema.Problems(dir, roots), nil
}

func load(ctx context.Context, folder string, env []string) ([]*loader.Package, error) {
	const pattern = "./." // the loader turns any other pattern into this one
	request := godriver.Request{Dir: folder, Env: env, Tag: gengo.StdBuildTag, Patterns: []string{pattern}, RootsOnly: true}
	return godriver.Load(ctx, request, func(env []string) ([]*loader.Package, error) {
		return loader.LoadRootsWithConfig(&packages.Config{Context: ctx, Dir: folder, Env: env}, pattern)
	})
}

// detachComments makes doc comments free-standing. controller-tools ignores rules in the doc comment of a type or function.
func detachComments(file *ast.File) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			d.Doc = nil
		case *ast.GenDecl:
			d.Doc = nil
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					t.Doc = nil
				}
			}
		}
	}
}

// hasSources reports whether the folder of the reconcilers contains hand-written Go files. The role does not depend on generated files.
func hasSources(dir string) (bool, error) {
	names, err := fs.Glob(regular.DirFS(dir), Controllers+"/*.go")
	return slices.ContainsFunc(names, handWritten), err
}

func handWritten(name string) bool {
	return path.Ext(name) == ".go" && !strings.HasPrefix(path.Base(name), "zz_generated.") && !strings.HasSuffix(name, "_test.go")
}

// foldersWithMarkers returns the folders at and below root whose hand-written Go files contain markers, sorted.
func foldersWithMarkers(dir, root string) ([]string, error) {
	var folders []string
	err := fs.WalkDir(regular.DirFS(dir), root, func(name string, entry fs.DirEntry, err error) error {
		if name == root && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || !handWritten(name) {
			return err
		}
		content, err := regular.Read(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if folder := path.Dir(name); bytes.Contains(content, []byte(marker)) && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
		return nil
	})
	return folders, err
}
