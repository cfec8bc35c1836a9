package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/apiserver-builder/builder/proxy/controlplane"
)

const intro = `Run the Kubernetes aggregation layer on this machine, without a cluster.

aggregation-proxy runs kube-apiserver, with its aggregation layer, and etcd in one process. Use it to develop and test
extension-apiservers. When it is ready, it prints one line, "ready: https://127.0.0.1:PORT". The data directory then
contains:
  kubeconfig   the kubeconfig of a cluster administrator, for kubectl and extension-apiservers
  pki/         certificates and keys
  etcd.url     the URL of etcd; clients use the certificate pki/etcd-client.crt, and trust pki/etcd-ca.crt

It also contains etcd's data, which the next start uses again. Logs go to standard error. On SIGTERM or Ctrl-C, the
process ends watches, and gives other requests 4 s to finish. A second signal ends it immediately.

Usage:
  aggregation-proxy --data-dir DIR [flags]

Examples:
  # Start it, and send a request.
  aggregation-proxy --data-dir .builder &
  kubectl --kubeconfig .builder/kubeconfig get apiservices

  # Write an audit log.
  aggregation-proxy --data-dir .builder --audit-policy-file policy.yaml --audit-log-path audit.log

  # Run two replicas with your own etcd.
  aggregation-proxy --data-dir one --cert-dir pki --etcd-servers http://127.0.0.1:2379 &
  aggregation-proxy --data-dir two --cert-dir pki --etcd-servers http://127.0.0.1:2379 &
`

// command contains the values of the command line.
type command struct {
	options        controlplane.Options
	exitWithParent bool
	logs           logOptions
	help, version  bool
	usage          string
}

// parse parses the command line. Cobra would add the global flags of Kubernetes' packages.
func parse(args []string) (command, error) {
	c := command{options: controlplane.NewOptions(), logs: logOptions{format: textFormat}}
	sections := c.flags()
	flags := pflag.NewFlagSet("aggregation-proxy", pflag.ContinueOnError)
	flags.Usage = func() {}
	for _, name := range sections.Order {
		flags.AddFlagSet(sections.FlagSets[name])
	}
	c.usage = usage(sections)
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.help || c.version {
		return c, nil
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return c, errors.Join(c.logs.validate(), c.options.Validate())
}

func (c *command) flags() cliflag.NamedFlagSets {
	var sections cliflag.NamedFlagSets
	c.options.AddFlags(&sections)
	logs := sections.FlagSet("Logs")
	logs.IntVarP(&c.logs.verbosity, "v", "v", 0, "log `level`: 0 for errors, 1 for changes, 3 for requests, higher for kube-apiserver's details")
	logs.StringVar(&c.logs.format, "logging-format", textFormat, "`format` of the log: text, json")
	process := sections.FlagSet("Process")
	process.BoolVar(&c.exitWithParent, "exit-with-parent", false, "exit when the parent process exits")
	process.BoolVar(&c.version, "version", false, "print the version and exit")
	process.BoolVarP(&c.help, "help", "h", false, "print this help and exit")
	return sections
}

func usage(sections cliflag.NamedFlagSets) string {
	var b strings.Builder
	for _, name := range sections.Order {
		flags := sections.FlagSets[name]
		flags.SortFlags = false
		fmt.Fprintf(&b, "\n%s:\n%s", name, flags.FlagUsagesWrapped(helpColumns))
	}
	return b.String()
}

// helpColumns is the width of the help.
const helpColumns = 120

func version() string {
	own := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		own = info.Main.Version
	}
	return fmt.Sprintf("aggregation-proxy %s (Kubernetes %s)", own, controlplane.KubernetesVersion())
}
