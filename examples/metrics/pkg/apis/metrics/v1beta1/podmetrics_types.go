package v1beta1

import metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

// PodMetrics is the schema for the pods API. The markers of its type in k8s.io/metrics/pkg/apis/metrics/v1beta1 apply here
// too, unless this comment has a marker of the same name.
//
// +genclient
// +resourceName=pods
// +kubebuilder:resource:path=pods,scope=Namespaced
type PodMetrics = metricsv1beta1.PodMetrics

// PodMetricsList contains a list of PodMetrics.
type PodMetricsList = metricsv1beta1.PodMetricsList
