package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// waitingPods returns an error that describes why Pods in the namespaces of the Deployments do not run, or nil.
func (c *cluster) waitingPods(ctx context.Context, objects []*unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	namespaces := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			namespaces[object.GetNamespace()] = true
		}
	}
	var reasons []error
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		reasons = append(reasons, c.waitingPodsIn(ctx, namespace))
	}
	return errors.Join(reasons...)
}

func (c *cluster) waitingPodsIn(ctx context.Context, namespace string) error {
	list, err := c.dynamic.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var reasons []error
	for _, item := range list.Items {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &pod); err != nil {
			return err
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				reasons = append(reasons, fmt.Errorf("pod %s: %s", pod.Name, condition.Message))
			}
		}
		for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if why := waiting(container.State); why != "" {
				reasons = append(reasons, fmt.Errorf("pod %s: container %s: %s", pod.Name, container.Name, why))
			}
		}
	}
	return errors.Join(reasons...)
}

// waiting describes why a container does not run, or returns "".
func waiting(state corev1.ContainerState) string {
	switch {
	case state.Waiting != nil && state.Waiting.Message != "":
		return state.Waiting.Reason + ": " + state.Waiting.Message
	case state.Waiting != nil:
		return state.Waiting.Reason
	case state.Terminated != nil:
		return fmt.Sprintf("%s: exit code %d", state.Terminated.Reason, state.Terminated.ExitCode)
	}
	return ""
}
