// Command controller-manager runs the controllers of wardle.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	ctrl "sigs.k8s.io/controller-runtime"

	"example.com/wardle/internal/controller"
)

func main() {
	ctx := ctrl.SetupSignalHandler()
	os.Exit(cli.Run(controller.NewCommand(ctx, &controller.Options{})))
}
