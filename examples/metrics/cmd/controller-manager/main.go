// Command controller-manager runs the controllers of metrics.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	ctrl "sigs.k8s.io/controller-runtime"

	"example.com/metrics/internal/controller"
)

func main() {
	ctx := ctrl.SetupSignalHandler()
	os.Exit(cli.Run(controller.NewCommand(ctx, &controller.Options{})))
}
