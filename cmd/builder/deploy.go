package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/apiserver-builder/builder/cmd/builder/internal/deploy"
	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// deployFlags are the flags of deploy and undeploy.
type deployFlags struct {
	kubeconfig, context, overlay string
	timeout                      time.Duration
}

func (f *deployFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "the kubeconfig of the cluster (default: that of kubectl)")
	cmd.Flags().StringVar(&f.context, "context", "", "the context in the kubeconfig (default: the current one)")
	cmd.Flags().StringVar(&f.overlay, "overlay", "dev", "the overlay, a folder in config/overlays")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait")
}

// options returns the options for the project in the current folder, and the address of the cluster.
func (f *deployFlags) options(ctx context.Context, a *app) (o deploy.Options, server string, err error) {
	dir, p, err := a.restored(ctx)
	if err != nil {
		return o, "", err
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context})
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		files := strings.Join(rules.GetLoadingPrecedence(), " or ")
		return o, "", fmt.Errorf("there is no cluster in %s: set --kubeconfig or KUBECONFIG to the kubeconfig of one", files)
	}
	if err != nil {
		return o, "", fmt.Errorf("kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return o, "", fmt.Errorf("kubeconfig: %w", err)
	}
	return deploy.Options{
		Dir: dir, Project: p.Name, Overlay: f.overlay, Config: config, Namespace: namespace, Timeout: f.timeout,
		Display: display.New(a.stderr, display.StyleOf(a.stderr, a.getenv).Terminal),
	}, config.Host, nil
}

func (a *app) deployCommand() *cobra.Command {
	var flags deployFlags
	var image string
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the project to a cluster",
		Long: `deploy applies an overlay of the project's manifests to a cluster, with server-side apply, and waits until all Deployments have rolled
out and all APIServices are available. If that takes too long, it reports what is not ready, and why. A second run changes what has changed, and
deletes the APIServices of versions that the project no longer has. Other objects that the manifests no longer have stay.

The cluster must be able to pull the image: see "builder image --help".`,
		Example: `  builder deploy --image example.com/team/shop:v0.1.0
  builder deploy --overlay production --context prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, server, err := flags.options(cmd.Context(), a)
			if err != nil {
				return err
			}
			options.Image = image
			result, err := deploy.Deploy(cmd.Context(), options)
			for _, name := range result.Removed {
				fmt.Fprintf(a.stdout, "deleted APIService %s, which the manifests no longer have\n", name)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "deployed to %s: %d objects, all ready\n", server, result.Objects)
			return err
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&image, "image", "", "the image of both programs (default: the one in config/base/kustomization.yaml)")
	return cmd
}

func (a *app) undeployCommand() *cobra.Command {
	var flags deployFlags
	cmd := &cobra.Command{
		Use:   "undeploy",
		Short: "Remove the project from a cluster",
		Long: `undeploy deletes the objects of an overlay from a cluster, and waits until they are gone. It deletes the APIServices first. While an APIService is
not available, no namespace of the cluster can be deleted. It works at any time: during an installation, after one that failed, and
while the apiserver is down. Objects in an etcd outside the cluster are kept.`,
		Example: `  builder undeploy --overlay production --context prod`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, server, err := flags.options(cmd.Context(), a)
			if err != nil {
				return err
			}
			n, err := deploy.Undeploy(cmd.Context(), options)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "removed from %s: %d objects\n", server, n)
			return err
		},
	}
	flags.add(cmd)
	return cmd
}
