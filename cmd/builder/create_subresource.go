package main

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// subresourceFlags are the flags of create subresource.
type subresourceFlags struct {
	group, version, kind string
	project.Subresource
}

func (a *app) createSubresourceCommand() *cobra.Command {
	var flags changeFlags
	var s subresourceFlags
	cmd := &cobra.Command{
		Use:   "subresource --group GROUP --version VERSION --kind KIND --name NAME",
		Short: "Create a subresource with its types and a handler",
		Long: `subresource adds a URL below the objects of a kind, RESOURCE/NAME/SUBRESOURCE, with its own RBAC permissions. --verb selects
what a function that you write does:

  create  An action such as /approve: clients POST a typed request, and the function changes the object or rejects the request.
  update  An action that may be repeated, such as /start: as create, but clients PUT the request.
  get     A view of an object: the function answers with an object of another type. With --stream, it answers with bytes, such as
          a log. Clients pass options as query parameters.
  connect A connection, such as /proxy: the function handles requests with any of --methods, or passes them on to another server, with
          upgrades to WebSocket and SPDY. With --path, it handles every path below the subresource.

The types are part of every version of the kind. For the status and scale subresources, use the flags of "builder create resource".`,
		Example: `  builder create subresource --group fruit --version v1alpha1 --kind Apple --name approve
  builder create subresource --group fruit --version v1alpha1 --kind Apple --name log --verb get --stream
  builder create subresource --group fruit --version v1alpha1 --kind Apple --name proxy --verb connect --path`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version", "kind", "name"); err != nil {
				return err
			}
			return a.editAndCopy(cmd.Context(), flags, s.apply)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.group, "group", "", "the API group, such as fruit")
	f.StringVar(&s.version, "version", "", "a version of the kind, such as v1alpha1")
	f.StringVar(&s.kind, "kind", "", "the kind, such as Apple")
	f.StringVar(&s.Name, "name", "", "the name of the subresource, such as approve")
	f.StringVar(&s.Verb, "verb", project.VerbCreate, "what clients do with the subresource: create, get, update or connect")
	f.BoolVar(&s.Stream, "stream", false, "answer with a stream, instead of an object (with --verb get)")
	f.StringSliceVar(&s.Methods, "methods", nil, "the methods of HTTP (with --verb connect; default: GET,POST, or all with --path)")
	f.BoolVar(&s.Path, "path", false, "handle every path below the subresource too (with --verb connect)")
	flags.add(a, cmd, true)
	return cmd
}

// apply declares the subresource.
func (s *subresourceFlags) apply(root string, p *project.Project) (scaffold.Files, outcome, error) {
	if s.Verb == project.VerbConnect && len(s.Methods) == 0 {
		s.Methods = []string{http.MethodGet, http.MethodPost}
		if s.Path {
			s.Methods = project.AllMethods()
		}
	}
	group, err := p.GroupName(s.group)
	if err != nil {
		return nil, outcome{}, usageError{err}
	}
	if err := p.AddSubresource(group, s.version, s.kind, s.Subresource); err != nil {
		return nil, outcome{}, usageError{err}
	}
	g, _ := p.Group(group)
	kind, _ := g.Kind(s.kind)
	copies, err := scaffold.CopySubresource(p, g, kind, s.Subresource)
	if err != nil {
		return nil, outcome{}, err
	}
	for name := range copies {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err == nil { // the file belongs to the user, from an earlier run
			delete(copies, name)
		}
	}
	file := "pkg/registry/" + g.Package() + "/" + kind.Package() + "/" + s.Name + ".go"
	return copies, outcome{next: "edit " + file + ", then make test"}, nil
}
