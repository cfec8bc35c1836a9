// Package apiserver implements the extension-apiserver of this project.
package apiserver

import (
	"context"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"

	"example.com/metrics/pkg/registry"
	"example.com/metrics/pkg/usage"
)

// Options are the settings of the apiserver.
type Options struct {
	base
	interval time.Duration
	kubelet  rest.TLSClientConfig
}

// NewOptions returns the default settings.
func NewOptions() *Options { return &Options{base: newBase("/registry"), interval: time.Minute} }

// AddFlags adds the flags.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.base.AddFlags(flags)
	flags.DurationVar(&o.interval, "metric-resolution", o.interval, "the time between two measurements")
	flags.StringVar(&o.kubelet.CAFile, "kubelet-certificate-authority", "", "the file with the CAs of the kubelets' certificates (default: those of the system)")
	flags.BoolVar(&o.kubelet.Insecure, "kubelet-insecure-tls", false, "do not verify the kubelets' certificates")
}

// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=nodes/metrics,verbs=get

// Dependencies starts to measure.
func (o *Options) Dependencies(ctx context.Context, d *registry.Dependencies) error {
	config := d.Config()
	config.Insecure, config.CAFile, config.CAData, config.ServerName = o.kubelet.Insecure, o.kubelet.CAFile, nil, ""
	go d.Usage.Run(ctx, o.interval, d.KubernetesInformers().Core().V1().Nodes().Lister(), usage.Kubelets(config))
	return nil
}
