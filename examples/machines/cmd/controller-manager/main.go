// Command controller-manager runs the controllers of machines.
package main

import (
	"errors"
	"flag"
	"os"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"example.com/machines/internal/controller"
)

func main() {
	metrics := flag.String("metrics-bind-address", "0", "the address to serve metrics on; 0 disables them")
	probes := flag.String("health-probe-bind-address", ":8081", "the address to serve /healthz and /readyz on")
	elect := flag.Bool("leader-elect", false, "run the controllers only while this process is the leader")
	options := &controller.Options{}
	options.AddFlags(flag.CommandLine)
	klog.InitFlags(nil)
	flag.Parse()
	ctrl.SetLogger(klog.Background())

	if err := run(options, *metrics, *probes, *elect); err != nil {
		klog.ErrorS(err, "The controller manager failed")
		os.Exit(1)
	}
}

func run(options *controller.Options, metrics, probes string, elect bool) error {
	scheme, err := controller.NewScheme()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: metrics},
		HealthProbeBindAddress: probes,
		LeaderElection:         elect,
		LeaderElectionID:       "machines-controller-manager",
		// The process exits when Start returns, so the lease can be released at once.
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(options.AddToManager(mgr), mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}
