package availability

import (
	"context"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
)

// localPort matches the local address in an error of package net, which differs at every probe.
var localPort = regexp.MustCompile(`\S+->`)

// write writes the condition, unless the APIService has the same one or has changed since the check. If another replica writes at
// the same time, write reads the APIService again.
func (m *monitor) write(ctx context.Context, checked *apiregistrationv1.APIService, condition apiregistrationv1.APIServiceCondition) error {
	client := m.config.Client.APIServices()
	current := checked
	if m.written.Status != condition.Status || m.written.Reason != condition.Reason {
		current = nil // the informer may not know the previous write yet
	}
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if current == nil {
			live, err := client.Get(ctx, checked.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if !sameAPIService(live, checked) {
				return nil // the informer will report the change
			}
			current = live
		}
		updated := current.DeepCopy()
		helper.SetAPIServiceCondition(updated, condition)
		m.countState(updated)
		before := helper.GetAPIServiceConditionByType(current, apiregistrationv1.Available)
		if !m.worthWriting(before, condition) {
			return nil
		}
		_, err := client.UpdateStatus(ctx, updated, metav1.UpdateOptions{})
		if err != nil {
			current = nil
			return err
		}
		klog.V(1).InfoS("Availability of an APIService changed", "name", m.name, "status", condition.Status, "reason", condition.Reason, "message", condition.Message)
		m.countTransition(current, updated)
		return nil
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	m.written = condition
	return nil
}

// worthWriting limits writes of a status whose error only changes its text, or on which replicas disagree. Replicas and endpoints
// fail in different ways, and all watchers get every write.
func (m *monitor) worthWriting(before *apiregistrationv1.APIServiceCondition, after apiregistrationv1.APIServiceCondition) bool {
	if before == nil || before.Status != after.Status || before.Reason != after.Reason {
		found := m.written.Status != after.Status || m.written.Reason != after.Reason
		return before == nil || found || m.disputes.TryAccept()
	}
	const withoutPort = "->"
	if localPort.ReplaceAllString(before.Message, withoutPort) == localPort.ReplaceAllString(after.Message, withoutPort) {
		return false
	}
	return after.Reason != failedDiscoveryCheck || m.messages.TryAccept()
}

func (m *monitor) countState(apiService *apiregistrationv1.APIService) {
	if m.config.Metrics != nil {
		m.config.Metrics.SetUnavailableGauge(apiService)
	}
}

func (m *monitor) countTransition(before, after *apiregistrationv1.APIService) {
	if m.config.Metrics != nil {
		m.config.Metrics.SetUnavailableCounter(before, after)
	}
}
