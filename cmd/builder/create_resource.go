package main

import (
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

// resourceFlags are the flags of create resource.
type resourceFlags struct {
	group, version, kind   string
	plural, shape          string
	shortNames, categories []string
	namespaced             bool
	status, scale          bool
	noController           bool
}

func (a *app) createResourceCommand() *cobra.Command {
	var flags changeFlags
	var r resourceFlags
	cmd := &cobra.Command{
		Use:   "resource --group GROUP --version VERSION --kind KIND",
		Short: "Create a resource: its types, strategy, controller, sample and test",
		Long: `resource creates a kind of object and what serves it: the Go types to edit, the strategy that decides what happens to an
object on its way into storage, a controller, a sample and a test. A missing group or version is created too.`,
		Example: `  builder create resource --group fruit --version v1alpha1 --kind Apple --short-names ap
  builder create resource --group fruit --version v1alpha1 --kind Orchard --namespaced=false --no-controller`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version", "kind"); err != nil {
				return err
			}
			return a.edit(cmd.Context(), flags, func(p *project.Project) (outcome, error) {
				group, err := p.GroupName(r.group)
				if err != nil {
					return outcome{}, usageError{err}
				}
				kind, err := r.declare(cmd, p, group)
				if err != nil {
					return outcome{}, err
				}
				_, exists := p.Kind(group, r.kind)
				if err := p.AddKind(group, r.version, kind); err != nil {
					return outcome{}, usageError{err}
				}
				result := outcome{next: "make run"}
				if added, _ := p.Kind(group, r.kind); !exists && !cmd.Flag("plural").Changed {
					result.plural = added.Resource()
				}
				return result, nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.group, "group", "", "the API group, such as fruit")
	f.StringVar(&r.version, "version", "", "the version, such as v1alpha1")
	f.StringVar(&r.kind, "kind", "", "the kind, such as Apple")
	f.StringVar(&r.plural, "plural", "", "the resource's name in URLs (default: the plural of the kind's last word)")
	f.BoolVar(&r.namespaced, "namespaced", true, "whether objects live in a namespace")
	f.StringSliceVar(&r.shortNames, "short-names", nil, "shorter names for kubectl, such as ap")
	f.StringSliceVar(&r.categories, "categories", nil, "categories for kubectl, such as all")
	f.StringVar(&r.shape, "shape", project.ShapeStored, "how objects are served; stored is the only shape of this release")
	f.BoolVar(&r.status, "status", true, "whether objects have a status subresource (default: if they have a controller or a scale)")
	f.BoolVar(&r.scale, "scale", false, "whether objects have a scale subresource, for kubectl scale and autoscalers")
	f.BoolVar(&r.noController, "no-controller", false, "create no controller for the kind")
	flags.add(cmd, true)
	return cmd
}

// declare returns the kind as the flags describe it. For a kind that exists, a flag that was not given stands for what is
// declared.
func (r *resourceFlags) declare(cmd *cobra.Command, p *project.Project, group string) (project.Kind, error) {
	kind, exists := p.Kind(group, r.kind)
	if !exists { // the status is what a controller writes
		kind = project.Kind{Name: r.kind, Shape: project.ShapeStored, Status: !r.noController || r.scale, Controller: !r.noController}
	}
	set := func(name string, apply func()) {
		if cmd.Flag(name).Changed {
			apply()
		}
	}
	set("plural", func() { kind.Plural = r.plural })
	set("namespaced", func() { kind.ClusterScoped = !r.namespaced })
	set("short-names", func() { kind.ShortNames = r.shortNames })
	set("categories", func() { kind.Categories = r.categories })
	set("shape", func() { kind.Shape = r.shape })
	set("status", func() { kind.Status = r.status })
	set("scale", func() { kind.Scale = r.scale })
	set("no-controller", func() { kind.Controller = !r.noController })
	if kind.Scale && !kind.Status {
		return kind, usagef("--scale needs a status, which says how many replicas there are: leave --status=false out")
	}
	return kind, nil
}
