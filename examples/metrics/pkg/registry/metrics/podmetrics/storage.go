// Package podmetrics implements pods.metrics.k8s.io, whose objects are not stored.
package podmetrics

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"example.com/metrics/pkg/registry"
	"example.com/metrics/pkg/usage"
)

// Storage returns the usage of pods.
type Storage struct {
	base
	pods  cache.SharedIndexInformer
	usage *usage.Collector
}

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch

// Setup gets the pods and the usage of their containers.
func (s *Storage) Setup(d *registry.Dependencies) error {
	s.pods, s.usage = d.KubernetesInformers().Core().V1().Pods().Informer(), &d.Usage
	return nil
}

// Get returns the usage of a running pod, or nil if one of its containers has not been measured twice.
func (s *Storage) Get(_ context.Context, namespace, name string) (*PodMetrics, error) {
	return registry.GetFrom(s.pods, namespace, name, s.measured)
}

// List returns the usage of all running pods in all namespaces.
func (s *Storage) List(context.Context) ([]PodMetrics, error) {
	return registry.ListFrom(s.pods, s.measured)
}

func (s *Storage) measured(pod *corev1.Pod) *PodMetrics {
	out := &PodMetrics{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: pod.CreationTimestamp}}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		used, known := s.usage.Of(usage.Source{Node: pod.Spec.NodeName, Namespace: pod.Namespace, Pod: pod.Name, Container: container.Name})
		if !known { // it has ended, or not started
			continue
		}
		if used == nil {
			return nil
		}
		if out.Containers == nil || used.Timestamp.Before(&out.Timestamp) {
			out.Timestamp, out.Window = used.Timestamp, used.Window
		}
		out.Containers = append(out.Containers, metricsv1beta1.ContainerMetrics{Name: container.Name, Usage: used.Usage})
	}
	if out.Containers == nil || pod.Status.Phase != corev1.PodRunning {
		return nil
	}
	return out
}
