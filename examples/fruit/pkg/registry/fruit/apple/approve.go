package apple

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approve answers what is POSTed to the subresource approve: an apple whose orchard is known is approved.
func (Strategy) Approve(_ context.Context, obj *Apple, request *AppleApprove) error {
	if obj.Spec.Orchard == "" {
		return apierrors.NewBadRequest("an apple of an unknown orchard can't be approved")
	}
	meta.SetStatusCondition(&obj.Status.Conditions, metav1.Condition{
		Type: "Approved", Status: metav1.ConditionTrue, ObservedGeneration: obj.Generation,
		Reason: "Approved", Message: request.Spec.Reason,
	})
	request.Status.Message = obj.Name + " is approved"
	return nil
}
