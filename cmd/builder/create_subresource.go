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
		Short: "Create a subresource of a kind: a typed request and a function that answers it",
		Long: `subresource creates a subresource of a kind, for what is neither a change of the spec nor of the status, or not everybody's to
do: a client POSTs a typed request to RESOURCE/NAME/SUBRESOURCE, and a function of yours changes the object, or refuses. The request
has types of its own in every version of the kind. A status and a scale are flags of "builder create resource".`,
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
	f.StringVar(&s.name, "name", "", "the end of the subresource's URL, such as approve")
	flags.add(cmd, true)
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
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err == nil { // the user's, from another time
			delete(copies, name)
		}
	}
	file := "pkg/registry/" + g.Package() + "/" + kind.Package() + "/" + s.name + ".go"
	return copies, outcome{next: "edit " + file + ", then make test"}, nil
}
