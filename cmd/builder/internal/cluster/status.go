package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// APIServices is the resource of the APIServices.
var APIServices = apiregistrationv1.SchemeGroupVersion.WithResource("apiservices")

// IsAPIService reports whether an object is an APIService.
func IsAPIService(object *unstructured.Unstructured) bool {
	return object.GetKind() == "APIService" && object.GroupVersionKind().Group == APIServices.Group
}

// APIServices returns the APIServices that match.
func (c *Cluster) APIServices(ctx context.Context, match func(*unstructured.Unstructured) bool) ([]*unstructured.Unstructured, error) {
	list, err := c.Dynamic.Resource(APIServices).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list APIServices: %w", err)
	}
	var found []*unstructured.Unstructured
	for i := range list.Items {
		if match(&list.Items[i]) {
			found = append(found, &list.Items[i])
		}
	}
	return found, nil
}

// Available returns an error with the reason and the message of the condition Available, unless its status is True.
func Available(apiService *unstructured.Unstructured) error {
	for _, condition := range Conditions(apiService) {
		if condition.Type != string(apiregistrationv1.Available) {
			continue
		}
		if condition.Status == metav1.ConditionTrue {
			return nil
		}
		return fmt.Errorf("%s: %s", condition.Reason, condition.Message)
	}
	return errors.New("it has no condition Available yet")
}

// Conditions returns the conditions in the status of an object.
func Conditions(object *unstructured.Unstructured) []metav1.Condition {
	entries, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var out []metav1.Condition
	for _, entry := range entries {
		fields, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		text := func(name string) string { value, _ := fields[name].(string); return value }
		out = append(out, metav1.Condition{
			Type: text("type"), Status: metav1.ConditionStatus(text("status")), Reason: text("reason"), Message: text("message"),
		})
	}
	return out
}

// Wait calls check at an interval until it returns nil. When ctx is done, Wait returns its cause. If this is because its time is over, Wait returns the
// last error of check instead.
func Wait(ctx context.Context, interval time.Duration, check func(context.Context) error) error {
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err // a later error would only report the end of ctx
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return last
			}
			return context.Cause(ctx)
		}
	}
}
