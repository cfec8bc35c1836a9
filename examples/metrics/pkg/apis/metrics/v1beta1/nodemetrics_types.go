package v1beta1

import metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

// NodeMetrics is the schema for the nodes API. The markers of its type in k8s.io/metrics/pkg/apis/metrics/v1beta1 apply here
// too, unless this comment has a marker of the same name.
//
// +genclient
// +genclient:nonNamespaced
// +resourceName=nodes
// +kubebuilder:resource:path=nodes,scope=Cluster
type NodeMetrics = metricsv1beta1.NodeMetrics

// NodeMetricsList contains a list of NodeMetrics.
type NodeMetricsList = metricsv1beta1.NodeMetricsList
