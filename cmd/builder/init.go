package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

func (a *app) initCommand() *cobra.Command {
	var flags changeFlags
	var domain, module, name, certificates string
	var allowReserved bool
	cmd := &cobra.Command{
		Use:     "init --domain DOMAIN --module MODULE",
		Short:   "Create a project in this folder",
		Long:    `init creates a project in this folder: an extension-apiserver and a controller manager, without an API group.`,
		Example: `  builder init --domain example.com --module example.com/shop`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "domain", "module"); err != nil {
				return err
			}
			if err := flags.check(); err != nil {
				return err
			}
			options := []project.Option{project.Certificates(certificates)}
			if allowReserved {
				options = append(options, project.AllowReserved)
			}
			wanted, err := project.New(name, domain, module, options...)
			if err != nil {
				return usageError{err}
			}
			dir, err := a.getwd()
			if err != nil {
				return err
			}
			if err := generators.CheckPath(dir); err != nil {
				return err
			}
			unlock, err := a.lock(cmd.Context(), dir)
			if err != nil {
				return err
			}
			defer unlock()
			p, err := initialize(dir, wanted)
			if err != nil {
				return err
			}
			if err := p.SetBuilder(a.version); err != nil {
				return err
			}
			result := outcome{next: "builder create resource --group GROUP --version v1alpha1 --kind KIND"}
			if err := generators.CheckGo(cmd.Context(), dir); flags.generate && err != nil {
				result.next = err.Error() + "; then " + result.next
			}
			return a.write(cmd.Context(), flags, dir, p, nil, result)
		},
	}
	cmd.Flags().StringVar(&domain, "domain", "", "the domain suffix of the project's API groups, such as example.com")
	cmd.Flags().StringVar(&module, "module", "", "the path of the project's Go module, such as example.com/shop")
	cmd.Flags().StringVar(&name, "name", "", "the name of the project's objects in a cluster (default: the last element of the module's path)")
	cmd.Flags().StringVar(&certificates, "certificates", project.CertificatesSelfManaged,
		"where the apiserver's certificate in a cluster comes from: "+strings.Join(project.CertificateOrigins(), ", "))
	cmd.Flags().BoolVar(&allowReserved, "allow-reserved-domain", false, "allow k8s.io and kubernetes.io, which belong to the Kubernetes project")
	flags.add(a, cmd, true)
	return cmd
}

// initialize returns the declaration to write. If one exists, it must have been created with the same flags.
func initialize(dir string, wanted *project.Project) (*project.Project, error) {
	was, err := project.Load(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wanted, scaffold.CheckFree(dir, wanted)
	case err != nil:
		return nil, err
	case was.Name != wanted.Name || was.Domain != wanted.Domain || was.Module != wanted.Module || was.CertificateOrigin() != wanted.CertificateOrigin():
		return nil, usagef("this folder already contains the project %s (domain %s, module %s, certificates %s): edit its PROJECT file, or use another folder",
			was.Name, was.Domain, was.Module, was.CertificateOrigin())
	}
	return was, nil
}
