package main

import (
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/regular"
)

// versionFlags are the flags of create version.
type versionFlags struct {
	group, version, from string
	storage              bool
}

func (a *app) createVersionCommand() *cobra.Command {
	var flags changeFlags
	var v versionFlags
	cmd := &cobra.Command{
		Use:   "version --group GROUP --version VERSION [--from VERSION [--storage]]",
		Short: "Create a version of an API group, copied from another or empty",
		Long: `version creates a version of an API group, and the group if it does not exist. With --from, it copies the types and samples of
another version and serves the same kinds. Objects are converted between the two; if you change a field in one version, you write its
conversion. With --storage, objects are stored in the new version. No file that you have edited is changed.`,
		Example: `  builder create version --group fruit --version v1beta1 --from v1alpha1 --storage
  builder create version --group fruit --version v1alpha1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version"); err != nil {
				return err
			}
			if v.storage && v.from == "" {
				return usagef("--storage requires --from: a version without kinds has no objects to store")
			}
			return a.editAndCopy(cmd.Context(), flags, v.apply)
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.group, "group", "", "the API group, such as fruit")
	f.StringVar(&v.version, "version", "", "the version, such as v1beta1")
	f.StringVar(&v.from, "from", "", "the version to copy, such as v1alpha1 (default: create a version without kinds)")
	f.BoolVar(&v.storage, "storage", false, "store objects in the new version")
	flags.add(a, cmd, true)
	return cmd
}

// apply declares the version.
func (v *versionFlags) apply(root string, p *project.Project) (scaffold.Files, outcome, error) {
	name, err := p.GroupName(v.group)
	if err != nil {
		return nil, outcome{}, usageError{err}
	}
	if v.from == "" {
		if err := p.AddVersion(name, v.version); err != nil {
			return nil, outcome{}, usageError{err}
		}
		return nil, outcome{next: nextResource(name, v.version)}, nil
	}
	if err := p.CopyVersion(name, v.from, v.version, v.storage); err != nil {
		return nil, outcome{}, usageError{err}
	}
	group, _ := p.Group(name)
	copies, err := scaffold.CopyVersion(regular.DirFS(root), p, group, v.from, v.version)
	return copies, outcome{next: "make test, then change the types in pkg/apis/" + group.Package() + "/" + v.version}, err
}
