// Package generators turns a project's declaration and its Go types into every file that follows from them. It puts the
// stages together: scaffold, codegen, wiring and manifests; each can be called alone, and none writes to the project.
package generators

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/manifests"
	"github.com/apiserver-builder/builder/generators/openapi"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/regular"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/generators/schema"
	"github.com/apiserver-builder/builder/generators/validation"
	"github.com/apiserver-builder/builder/generators/wiring"
)

// boilerplateName is the license header that a project may have for its generated files.
const boilerplateName = "hack/boilerplate.go.txt"

// Scaffold plans the files that follow from the declaration alone, and copies of the user's own. It needs neither Go nor a network.
func Scaffold(dir string, p *project.Project, copies scaffold.Files) (*scaffold.Plan, error) {
	files, err := scaffold.Render(p)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(validation.RulesFile))); err == nil {
		if err := requireCEL(files); err != nil {
			return nil, err
		}
	}
	return scaffold.NewPlan(regular.DirFS(dir), files, copies, false)
}

// Generate plans all files: those of Scaffold, and what is derived from the Go types, which need not be written yet. Errors in
// the user's code are positioned: file:line:column.
func Generate(ctx context.Context, dir string, p *project.Project, copies scaffold.Files) (*scaffold.Plan, error) {
	if err := check(ctx, dir); err != nil {
		return nil, err
	}
	files, err := scaffold.Render(p)
	if err != nil {
		return nil, err
	}
	plan, err := scaffold.NewPlan(regular.DirFS(dir), files, copies, false)
	if err != nil {
		return nil, err
	}
	from, done, err := sourceOf(ctx, dir, plan)
	if err != nil {
		return nil, err
	}
	defer done()
	derived, err := derive(ctx, from, p)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, derived)
	if _, ok := derived[validation.RulesFile]; ok {
		if err := requireCEL(files); err != nil {
			return nil, err
		}
	}
	return scaffold.NewPlan(regular.DirFS(dir), files, copies, true)
}

// derive makes what follows from the Go types and markers in a source.
func derive(ctx context.Context, from source, p *project.Project) (scaffold.Files, error) {
	boilerplate, err := regular.Read(filepath.Join(from.dir, filepath.FromSlash(boilerplateName)))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	// They all wait for the go command, so they wait together.
	var packages *codegen.Packages
	var schemas *schema.Schemas
	var roles map[string][]byte
	var loadErr, schemaErr, roleErr error
	var all sync.WaitGroup
	all.Go(func() {
		packages, loadErr = codegen.Load(ctx, codegen.Options{
			Dir: from.dir, Env: from.env, Module: p.Module, APIs: apis(p), Plurals: p.GoPlurals(), Boilerplate: boilerplate,
		})
	})
	all.Go(func() { schemas, schemaErr = schema.Read(ctx, from.dir, from.env, kinds(p)) })
	all.Go(func() { roles, roleErr = manifests.Role(ctx, from.dir, from.env, p.Name+"-controller-manager") })
	all.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := cmp.Or(loadErr, schemaErr, roleErr); err != nil {
		return nil, err
	}
	validators, err := validation.Generate(p.Module, kinds(p), packages, schemas)
	if err != nil {
		return nil, err
	}
	out, err := wiring.Generate(p, packages, len(validators) > 0)
	if err != nil {
		return nil, err
	}
	generated, err := packages.Generate(ctx)
	if err != nil {
		return nil, err
	}
	if generated[codegen.OpenAPIFile], err = openapi.Constrain(generated[codegen.OpenAPIFile], packages.Universe, schemas); err != nil {
		return nil, err
	}
	maps.Copy(out, generated)
	maps.Copy(out, validators)
	maps.Copy(out, roles)
	return out, nil
}

// kinds are the Go types of each kind in each version, and of what is POSTed to their subresources.
func kinds(p *project.Project) []types.Name {
	var out []types.Name
	for _, group := range p.Groups {
		for _, kind := range group.Kinds {
			for _, version := range kind.Versions {
				pkg := p.Module + "/pkg/apis/" + group.Package() + "/" + version
				out = append(out, types.Name{Package: pkg, Name: kind.Name})
				for _, name := range kind.Subresources {
					out = append(out, types.Name{Package: pkg, Name: kind.SubresourceType(name)})
				}
			}
		}
	}
	return out
}

// apis are the group versions that code is generated for: those that are declared.
func apis(p *project.Project) []codegen.API {
	var out []codegen.API
	for _, group := range p.Groups {
		dir := p.Module + "/pkg/apis/" + group.Package() + "/"
		for _, version := range group.Versions {
			api := codegen.API{Group: p.FullName(group), Version: version, Package: dir + version, Methods: methods(group)}
			for _, peer := range group.Peers(version) {
				api.Peers = append(api.Peers, dir+peer)
			}
			out = append(out, api)
		}
	}
	return out
}

// methods are the markers for the methods of typed clients that POST to subresources.
func methods(group project.Group) map[string][]string {
	out := map[string][]string{}
	for _, kind := range group.Kinds {
		for _, name := range kind.Subresources {
			request := kind.SubresourceType(name)
			out[kind.Name] = append(out[kind.Name], fmt.Sprintf("+genclient:method=%s,verb=create,subresource=%s,input=%s,result=%s",
				project.SubresourceMethod(name), name, request, request))
		}
	}
	return out
}
