// Package nodemetrics implements nodes.metrics.k8s.io, whose objects are not stored.
package nodemetrics

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"example.com/metrics/pkg/registry"
	"example.com/metrics/pkg/usage"
)

// Storage returns the usage of nodes.
type Storage struct {
	base
	nodes cache.SharedIndexInformer
	usage *usage.Collector
}

// Setup gets the nodes and their usage.
func (s *Storage) Setup(d *registry.Dependencies) error {
	s.nodes, s.usage = d.KubernetesInformers().Core().V1().Nodes().Informer(), &d.Usage
	return nil
}

// Get returns the usage of a node, or nil if it has not been measured twice.
func (s *Storage) Get(_ context.Context, name string) (*NodeMetrics, error) {
	return registry.GetFrom(s.nodes, "", name, s.measured)
}

// List returns the usage of all nodes.
func (s *Storage) List(context.Context) ([]NodeMetrics, error) {
	return registry.ListFrom(s.nodes, s.measured)
}

func (s *Storage) measured(node *corev1.Node) *NodeMetrics {
	out, _ := s.usage.Of(usage.Source{Node: node.Name})
	if out != nil {
		out.ObjectMeta = metav1.ObjectMeta{Name: node.Name, Labels: node.Labels, CreationTimestamp: node.CreationTimestamp}
	}
	return out
}
