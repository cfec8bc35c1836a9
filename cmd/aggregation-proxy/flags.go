package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/pflag"

	"github.com/apiserver-builder/builder/proxy"
)

const intro = `Run the Kubernetes aggregation layer on this machine, without a cluster.

aggregation-proxy is a kube-apiserver's aggregation layer and control plane in one process, with etcd embedded, for an
extension-apiserver to be registered with, used and tested. When it is ready it prints one line,
"ready: https://127.0.0.1:PORT", and the data directory holds
  kubeconfig   a cluster-admin's, for kubectl and for extension-apiservers
  pki/         certificates and keys
  etcd.url     where etcd listens; clients show pki/etcd-client.crt and trust pki/etcd-ca.crt
and, for the next start, all that was written. SIGTERM and Ctrl-C end it in order.

Usage:
  aggregation-proxy --data-dir DIR [flags]

Example:
  aggregation-proxy --data-dir .builder &
  kubectl --kubeconfig .builder/kubeconfig get apiservices

Flags:
`

// command is what the command line asks for.
type command struct {
	options        proxy.Options
	exitWithParent bool
	verbosity      int
	help, version  bool
	flagUsages     string
}

// parse reads the command line. Cobra would add the global flags of the Kubernetes packages linked in.
func parse(args []string) (command, error) {
	var c command
	flags := pflag.NewFlagSet("aggregation-proxy", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVar(&c.options.DataDir, "data-dir", "", "folder for all state: kubeconfig, certificates, etcd's data; made when missing (required)")
	flags.IntVar(&c.options.SecurePort, "secure-port", 0, "port to serve on; 0 takes the last run's if free, else any free one")
	flags.StringVar(&c.options.BindAddress, "bind-address", "127.0.0.1", "IP address to serve on")
	flags.StringSliceVar(&c.options.Etcd.Servers, "etcd-servers", nil, "URLs of an etcd to use instead of the embedded one")
	flags.StringVar(&c.options.Etcd.CAFile, "etcd-cafile", "", "certificate authority of --etcd-servers")
	flags.StringVar(&c.options.Etcd.CertFile, "etcd-certfile", "", "client certificate for --etcd-servers")
	flags.StringVar(&c.options.Etcd.KeyFile, "etcd-keyfile", "", "key of --etcd-certfile")
	flags.BoolVar(&c.options.UnsafeNoFsync, "unsafe-no-fsync", false, "don't wait for the disk: quicker, for data that may be lost, as in tests")
	flags.BoolVar(&c.exitWithParent, "exit-with-parent", false, "end when the process that started this one ends")
	flags.IntVarP(&c.verbosity, "v", "v", 0, "log level: 0 for errors only, 1 and above as kube-apiserver's")
	flags.BoolVar(&c.version, "version", false, "print the version and exit")
	flags.BoolVarP(&c.help, "help", "h", false, "print this and exit")
	c.flagUsages = flags.FlagUsages()
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.help || c.version {
		return c, nil
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if c.verbosity < 0 {
		return c, errors.New("-v must not be negative")
	}
	return c, c.options.Validate()
}

func version() string {
	own := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		own = info.Main.Version
	}
	return fmt.Sprintf("aggregation-proxy %s (Kubernetes %s)", own, proxy.KubernetesVersion())
}
