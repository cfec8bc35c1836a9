package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// subresourceFlags are the flags of create subresource.
type subresourceFlags struct{ group, version, kind, name string }

func (a *app) createSubresourceCommand() *cobra.Command {
	var flags changeFlags
	var s subresourceFlags
	cmd := &cobra.Command{
		Use:   "subresource --group GROUP --version VERSION --kind KIND --name NAME",
		Short: "Create a subresource with a request type and a handler",
		Long: `subresource adds an action such as /approve to a kind, with its own RBAC permissions. Clients POST a typed request to
RESOURCE/NAME/SUBRESOURCE, and a function that you write changes the object or rejects the request. The request's types are part
of every version of the kind. For the status and scale subresources, use the flags of "builder create resource".`,
		Example: `  builder create subresource --group fruit --version v1alpha1 --kind Apple --name approve`,
		Args:    noArgs,
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
	f.StringVar(&s.name, "name", "", "the name of the subresource, such as approve")
	flags.add(a, cmd, true)
	return cmd
}

// apply declares the subresource.
func (s *subresourceFlags) apply(root string, p *project.Project) (scaffold.Files, outcome, error) {
	group, err := p.GroupName(s.group)
	if err != nil {
		return nil, outcome{}, usageError{err}
	}
	if err := p.AddSubresource(group, s.version, s.kind, s.name); err != nil {
		return nil, outcome{}, usageError{err}
	}
	g, _ := p.Group(group)
	kind, _ := g.Kind(s.kind)
	copies, err := scaffold.CopySubresource(p, g, kind, s.name)
	if err != nil {
		return nil, outcome{}, err
	}
	for name := range copies {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err == nil { // the file belongs to the user, from an earlier run
			delete(copies, name)
		}
	}
	file := "pkg/registry/" + g.Package() + "/" + kind.Package() + "/" + s.name + ".go"
	return copies, outcome{next: "edit " + file + ", then make test"}, nil
}
