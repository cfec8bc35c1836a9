package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

// resourceFlags are the flags of create resource.
type resourceFlags struct {
	group, version, kind   string
	plural, shape, answer  string
	types                  string
	shortNames, categories []string
	namespaced             bool
	status, scale          bool
	noController           bool
	allowReserved          bool
}

func (a *app) createResourceCommand() *cobra.Command {
	var flags changeFlags
	var r resourceFlags
	cmd := &cobra.Command{
		Use:   "resource --group GROUP --version VERSION --kind KIND",
		Short: "Create a resource: its types, strategy, controller, sample and test",
		Long: `resource creates a kind: its Go types, a strategy for validation, a controller, a sample and a test. You edit all of them. It
also creates the group and the version if they don't exist.

A resource has one of these shapes:

  stored   Objects are stored in etcd. You validate them.
  virtual  Your code returns the objects: they are computed, or stored elsewhere.
  review   Clients create a request and get an answer. Nothing is stored.
  parent   The resource has only subresources, for objects that another API serves.`,
		Example: `  builder create resource --group fruit --version v1alpha1 --kind Apple --short-names ap
  builder create resource --group fruit --version v1alpha1 --kind Orchard --namespaced=false --no-controller`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version", "kind"); err != nil {
				return err
			}
			return a.edit(cmd.Context(), flags, func(p *project.Project) (outcome, error) {
				p.AllowReserved = p.AllowReserved || r.allowReserved
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
	f.StringVar(&r.group, "group", "", "the API group, such as fruit, or fruit.example.org for a group of another domain")
	f.StringVar(&r.version, "version", "", "the version, such as v1alpha1")
	f.StringVar(&r.kind, "kind", "", "the kind, such as Apple")
	f.StringVar(&r.plural, "plural", "", "the plural name of the resource (default: the plural of the kind)")
	f.BoolVar(&r.namespaced, "namespaced", true, "whether objects are namespaced")
	f.StringSliceVar(&r.shortNames, "short-names", nil, "shorter names for kubectl, such as ap")
	f.StringSliceVar(&r.categories, "categories", nil, "categories for kubectl, such as all")
	f.StringVar(&r.shape, "shape", project.ShapeStored, "how the resource is served: "+strings.Join(project.Shapes(), ", "))
	f.StringVar(&r.answer, "answer", "", "the type of the answer of a review (default: the kind)")
	f.StringVar(&r.types, "types", "", "the package of another module with the Go types, such as k8s.io/metrics/pkg/apis/metrics/v1beta1 (default: create the types)")
	f.BoolVar(&r.status, "status", true, "whether objects have a status subresource (default: only with a controller or a scale subresource)")
	f.Lookup("status").DefValue = "" // it depends on other flags
	f.BoolVar(&r.scale, "scale", false, "whether objects have a scale subresource, for kubectl scale and autoscalers")
	f.BoolVar(&r.noController, "no-controller", false, "do not create a controller")
	addAllowReserved(cmd, &r.allowReserved)
	flags.add(a, cmd, true)
	return cmd
}

// declare returns the kind that the flags describe. If the kind exists, missing flags default to its declaration.
func (r *resourceFlags) declare(cmd *cobra.Command, p *project.Project, group string) (project.Kind, error) {
	kind, exists := p.Kind(group, r.kind)
	if !exists { // a controller needs a status to write
		stored := r.shape == project.ShapeStored
		controller := !r.noController && (stored || cmd.Flag("no-controller").Changed)
		kind = project.Kind{Name: r.kind, Shape: r.shape, Status: stored && controller && r.types == "" || r.scale, Controller: controller}
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
	set("types", func() { kind.TypesPackage = r.types })
	set("answer", func() { kind.Answer = r.answer })
	set("status", func() { kind.Status = r.status })
	set("scale", func() { kind.Scale = r.scale })
	set("no-controller", func() { kind.Controller = !r.noController })
	if kind.Scale && !kind.Status {
		return kind, usagef("--scale requires the status subresource: remove --status=false")
	}
	return kind, nil
}
