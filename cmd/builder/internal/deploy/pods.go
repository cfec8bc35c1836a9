package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// podProblems returns an error that describes why Pods in the namespaces of the workloads are not ready, or nil.
func (d *deployment) podProblems(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	namespaces := map[string]bool{}
	for _, object := range d.objects {
		if isWorkload(object) {
			namespaces[object.GetNamespace()] = true
		}
	}
	var problems []error
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		problems = append(problems, d.podProblemsIn(ctx, namespace))
	}
	return errors.Join(problems...)
}

func (d *deployment) podProblemsIn(ctx context.Context, namespace string) error {
	var pods corev1.PodList
	if err := d.list(ctx, "pods", namespace, "", &pods); err != nil {
		return err
	}
	var events corev1.EventList
	eventsErr := d.list(ctx, "events", namespace, "type="+corev1.EventTypeWarning, &events) // without Events, the Pods still show much
	newest := newestEvents(events.Items)
	var problems []error
	for _, pod := range pods.Items {
		for _, problem := range problemsOf(&pod, newest[pod.UID]) {
			problems = append(problems, fmt.Errorf("pod %s: %s", pod.Name, problem))
		}
	}
	return errors.Join(append(problems, eventsErr)...)
}

// list reads the objects of a core resource.
func (d *deployment) list(ctx context.Context, resource, namespace, fields string, into any) error {
	list, err := d.Dynamic.Resource(corev1.SchemeGroupVersion.WithResource(resource)).Namespace(namespace).
		List(ctx, metav1.ListOptions{FieldSelector: fields})
	if err != nil {
		return fmt.Errorf("list %s in namespace %s: %w", resource, namespace, err)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(list.UnstructuredContent(), into)
}

// newestEvents returns the newest Event of each object.
func newestEvents(events []corev1.Event) map[types.UID]*corev1.Event {
	newest := map[types.UID]*corev1.Event{}
	for i := range events {
		event := &events[i]
		if other := newest[event.InvolvedObject.UID]; other == nil || timeOf(event).After(timeOf(other)) {
			newest[event.InvolvedObject.UID] = event
		}
	}
	return newest
}

// timeOf returns when an Event last happened. Components set different fields.
func timeOf(event *corev1.Event) time.Time {
	last := event.CreationTimestamp.Time
	times := []time.Time{event.EventTime.Time, event.LastTimestamp.Time}
	if event.Series != nil {
		times = append(times, event.Series.LastObservedTime.Time)
	}
	for _, other := range times {
		if other.After(last) {
			last = other
		}
	}
	return last
}

// problemsOf describes why a Pod is not ready. The newest Warning of the Pod may be nil. The result is empty if the Pod is ready, has finished, or is
// being deleted.
func problemsOf(pod *corev1.Pod, warning *corev1.Event) []string {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded {
		return nil
	}
	var problems []string
	for _, condition := range pod.Status.Conditions {
		switch {
		case condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue:
			return nil
		case condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse:
			problems = append(problems, condition.Message)
		}
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if why := unreadyBecause(container); why != "" {
			problems = append(problems, fmt.Sprintf("container %s: %s", container.Name, why))
		}
	}
	if warning != nil {
		problems = append(problems, described(warning.Reason, warning.Message))
	}
	return problems
}

// unreadyBecause describes why a container is not ready, or returns "".
func unreadyBecause(container corev1.ContainerStatus) string {
	state, why := container.State, ""
	switch {
	case state.Waiting != nil:
		why = described(state.Waiting.Reason, state.Waiting.Message)
	case state.Terminated != nil && state.Terminated.ExitCode != 0:
		return terminated(state.Terminated)
	case state.Running != nil && !container.Ready:
		why = "running, but not ready"
	}
	if last := container.LastTerminationState.Terminated; why != "" && last != nil {
		why += "; before: " + terminated(last)
	}
	return why
}

func terminated(state *corev1.ContainerStateTerminated) string {
	return described(fmt.Sprintf("%s (exit code %d)", state.Reason, state.ExitCode), state.Message)
}

// described returns a reason with its message, which may be empty.
func described(reason, message string) string {
	if message = strings.TrimSpace(message); message == "" {
		return reason
	}
	return reason + ": " + message
}
