package machine

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/machines/pkg/registry"
)

// Start requests that a machine runs. Its controller does the rest.
func (p *Parent) Start(ctx context.Context, machine *Machine, request *MachineStart) error {
	var options metav1.PatchOptions
	if registry.IsDryRun(ctx) {
		options.DryRun = []string{metav1.DryRunAll}
	}
	patch := fmt.Appendf(nil, `{"spec":{"running":true,"paused":%t}}`, request.Spec.Paused)
	_, err := p.client.Resource(machines).Namespace(machine.Namespace).Patch(ctx, machine.Name, types.MergePatchType, patch, options)
	return err
}
