// Package generators generates a project's files from its declaration and its Go types. It runs all stages; none of them writes to the
// project.
package generators

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/storages"
	"github.com/apiserver-builder/builder/generators/internal/conversion"
	"github.com/apiserver-builder/builder/generators/internal/validation"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/regular"
	"github.com/apiserver-builder/builder/internal/scratch"
)

// MissingConversionsFile is the name of the file in an API package with stubs for the conversions that the user has to write.
const MissingConversionsFile = conversion.MissingFile

// Scaffold plans the files that depend only on the declaration, and copies of the user's files. It needs neither Go nor a network.
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

// Generate plans all files: those of Scaffold, and those that depend on the Go types, which may not be written yet. Errors in the user's
// code have the position file:line:column.
func Generate(ctx context.Context, dir string, p *project.Project, copies scaffold.Files) (*scaffold.Plan, error) {
	settings, err := check(ctx, dir)
	if err != nil {
		return nil, err
	}
	scratch.Sweep()
	files, err := scaffold.Render(p)
	if err != nil {
		return nil, err
	}
	plan, err := scaffold.NewPlan(regular.DirFS(dir), files, copies, false)
	if err != nil {
		return nil, err
	}
	from, done, err := sourceOf(dir, plan, settings)
	if err != nil {
		return nil, err
	}
	defer done()
	derived, err := derive(ctx, from, p, files)
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

// kinds returns the Go types of each kind in each version, and of the objects and options of their subresources.
func kinds(p *project.Project) []types.Name {
	var out []types.Name
	for _, group := range p.Groups {
		for _, kind := range group.Kinds {
			for _, version := range kind.Versions {
				pkg := p.Module + "/pkg/apis/" + group.Package() + "/" + version
				out = append(out, types.Name{Package: pkg, Name: kind.Name})
				if kind.Answer != "" {
					out = append(out, types.Name{Package: pkg, Name: kind.Answer})
				}
				for _, s := range kind.Subresources {
					for _, name := range s.Objects(kind) {
						out = append(out, types.Name{Package: pkg, Name: name})
					}
				}
			}
		}
	}
	return out
}

// unstoredKinds returns the kinds that are not stored.
func unstoredKinds(p *project.Project) []storages.Kind {
	var out []storages.Kind
	for _, group := range p.Groups {
		for _, kind := range group.Kinds {
			if kind.Shape != project.ShapeStored {
				out = append(out, storages.Kind{Kind: kind, Folder: group.RegistryFolder(kind)})
			}
		}
	}
	return out
}

// groupVersions returns the declared group versions, for which code is generated.
func groupVersions(p *project.Project) []apis.API {
	var out []apis.API
	for _, group := range p.Groups {
		dir := p.Module + "/pkg/apis/" + group.Package() + "/"
		for _, version := range group.Versions {
			api := apis.API{Group: p.FullName(group), Version: version, Package: dir + version, Methods: methods(group)}
			for _, kind := range group.Kinds {
				if slices.Contains(kind.Versions, version) {
					api.Kinds, api.Objects = append(api.Kinds, kind.Name), append(api.Objects, kind.Types()...)
					if kind.Shape != project.ShapeStored {
						api.Unstored = append(api.Unstored, kind.Name)
					}
					for _, s := range kind.Subresources {
						api.Objects = append(api.Objects, s.Objects(kind)...)
					}
				}
			}
			for _, peer := range group.Peers(version) {
				api.Peers = append(api.Peers, dir+peer)
			}
			out = append(out, api)
		}
	}
	return out
}

// methods returns the markers for the methods of typed clients that send objects to subresources, or get them, and for those of reviews
// whose answers have another type.
func methods(group project.Group) map[string][]string {
	out := map[string][]string{}
	for _, kind := range group.Kinds {
		if kind.Answer != "" {
			out[kind.Name] = append(out[kind.Name], "+genclient:method=Create,verb=create,result="+kind.Answer)
		}
		for _, s := range kind.Subresources {
			if !s.HasObject() {
				continue
			}
			object, input := kind.SubresourceType(s.Name), ""
			if s.Verb != project.VerbGet {
				input = ",input=" + object
			}
			out[kind.Name] = append(out[kind.Name], fmt.Sprintf("+genclient:method=%s,verb=%s,subresource=%s%s,result=%s",
				project.SubresourceMethod(s.Name), s.Verb, s.Name, input, object))
		}
	}
	return out
}
