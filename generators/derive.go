package generators

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/roles"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
	"github.com/apiserver-builder/builder/generators/internal/apis/storages"
	"github.com/apiserver-builder/builder/generators/internal/checks"
	"github.com/apiserver-builder/builder/generators/internal/inprocess"
	"github.com/apiserver-builder/builder/generators/internal/openapi"
	"github.com/apiserver-builder/builder/generators/internal/rbac"
	"github.com/apiserver-builder/builder/generators/internal/server"
	"github.com/apiserver-builder/builder/generators/internal/upstream"
	"github.com/apiserver-builder/builder/generators/internal/validation"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/inputs"
	"github.com/apiserver-builder/builder/internal/regular"
)

// sources is the model of a project's Go code.
type sources struct {
	model *apis.Model
	// loaded means that the model is complete.
	loaded  bool
	schemas *schema.Schemas
	// reconcilers contains the reconcilers, and serverRoles the roles that the apiserver asks for.
	reconcilers roles.Reconcilers
	serverRoles []any
	// writes contains the methods of the kinds that are not stored, by folder.
	writes map[string]storages.Writes
}

// derive returns the files that depend on the Go types and markers in a source, or all errors in them. rendered contains the files that
// depend only on the declaration.
func derive(ctx context.Context, from source, p *project.Project, rendered scaffold.Files) (scaffold.Files, error) {
	read, problems, err := readSources(ctx, from, p)
	if err != nil {
		return nil, err
	}
	var validators *validation.Validators
	if read.schemas != nil {
		var found diagnostics.List
		validators, found = validation.Read(kinds(p), read.model, read.schemas)
		problems.Merge(found)
	}
	var wiring *server.Server
	if read.model.Universe != nil {
		var found diagnostics.List
		wiring, found = server.Read(p, read.model, read.reconcilers, read.writes)
		problems = append(problems, found...)
		problems = append(problems, checkTests(read.model, p, rendered)...)
	}
	if len(problems) > 0 {
		if read.loaded {
			problems.Merge(sketchClashes(read, wiring, rendered))
		}
		return nil, problems.Err()
	}
	validated, err := validators.Generate(p.Module)
	if err != nil {
		return nil, err
	}
	out, err := server.Generate(wiring, len(validated) > 0)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, validated)
	generated, err := upstream.Generate(ctx, read.model, out)
	if err != nil {
		return nil, err
	}
	if generated[upstream.OpenAPIFile], err = openapi.Constrain(generated[upstream.OpenAPIFile], read.model.Universe, read.schemas); err != nil {
		return nil, err
	}
	maps.Copy(out, generated)
	if err := server.TrackResources(out); err != nil {
		return nil, err
	}
	if err := checkOwned(read.model, rendered, out); err != nil {
		return nil, err
	}
	role, err := rbac.Generate(p.Name, read.reconcilers.Roles, read.serverRoles, serverFolders(p))
	maps.Copy(out, role)
	return out, err
}

// sketchClashes returns the names in hand-written files that generated code would declare too, for types with errors.
func sketchClashes(read *sources, wiring *server.Server, rendered scaffold.Files) diagnostics.List {
	var derived scaffold.Files
	err := inprocess.Quietly(func() (err error) {
		derived, err = server.Generate(wiring, false)
		return err
	})
	if err != nil {
		derived = scaffold.Files{}
	}
	maps.Copy(derived, upstream.Sketch(read.model))
	problems, err := read.model.CheckGenerated(derived, func(string) bool { return false })
	if err != nil {
		return nil
	}
	if found := (diagnostics.List)(nil); errors.As(checkOwned(read.model, rendered, derived), &found) {
		problems.Merge(found)
	}
	return apis.NameClashes(problems)
}

// serverFolders returns the folders of the apiserver's code.
func serverFolders(p *project.Project) []string { return roles.Server(len(p.Admission) > 0) }

// checkOwned reports identifiers in hand-written files that conflict with generated files, and errors in generated files.
func checkOwned(m *apis.Model, rendered, derived scaffold.Files) error {
	owned := maps.Clone(rendered)
	maps.Copy(owned, derived)
	maps.DeleteFunc(owned, func(name string, _ []byte) bool { return !scaffold.Owned(name) })
	beside := maps.Clone(owned)
	maps.DeleteFunc(beside, func(name string, _ []byte) bool {
		return strings.HasPrefix(name, apis.GeneratedDir+"/") || strings.HasPrefix(name, "pkg/apis/")
	})
	problems, err := apis.Clashes(m.Dir, beside)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		if problems, err = m.CheckDerived(owned); err != nil {
			return err
		}
	}
	return problems.Err()
}

// readSources reads the types and markers in a source. The list contains their errors from all readers.
func readSources(ctx context.Context, from source, p *project.Project) (*sources, diagnostics.List, error) {
	boilerplate, err := regular.Read(filepath.Join(from.dir, filepath.FromSlash(inputs.Boilerplate)))
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	// Run these concurrently, because each waits for the go command.
	var read sources
	var schemaProblems, roleProblems, serverProblems diagnostics.List
	var loadErr, schemaErr, roleErr, serverErr error
	var all sync.WaitGroup
	all.Go(func() {
		read.model, loadErr = apis.Load(ctx, apis.Options{
			Dir: from.dir, Env: from.env, Module: p.Module, APIs: groupVersions(p), Plurals: p.GoPlurals(), Boilerplate: boilerplate,
		})
	})
	all.Go(func() {
		read.schemas, schemaProblems, schemaErr = schema.Read(ctx, from.dir, from.env, p.Module, kinds(p))
	})
	all.Go(func() {
		read.reconcilers, roleProblems, roleErr = roles.ReadControllers(ctx, from.dir, from.env, rbac.Controllers(p.Name))
	})
	all.Go(func() {
		read.serverRoles, serverProblems, serverErr = roles.ReadServer(ctx, from.dir, from.env, rbac.Server(p.Name), serverFolders(p))
	})
	all.Wait()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	var problems diagnostics.List
	switch {
	case loadErr == nil:
		read.loaded = true
		problems = read.model.Problems
		problems.Merge(checks.Check(read.model))
		problems.Merge(schemaProblems)
	case errors.As(loadErr, &problems): // the errors of the other readers are consequences
		problems.Merge(checks.Markers(read.model))
		read.schemas, schemaErr = nil, nil
	}
	problems.Merge(roleProblems)
	problems.Merge(serverProblems)
	writes, storageProblems, err := storages.Read(from.dir, unstoredKinds(p))
	if err != nil {
		return nil, nil, err
	}
	read.writes = writes
	problems.Merge(storageProblems)
	if len(problems) > 0 {
		return &read, problems, nil
	}
	return &read, nil, errors.Join(loadErr, schemaErr, roleErr, serverErr)
}
