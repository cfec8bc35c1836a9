package apple

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approve handles a POST request to the subresource approve. It approves an apple if its orchard exists.
func (s *Strategy) Approve(_ context.Context, obj *Apple, request *AppleApprove) error {
	if _, err := s.orchards.Get(obj.Spec.Orchard); apierrors.IsNotFound(err) {
		return apierrors.NewBadRequest(fmt.Sprintf("the orchard %q does not exist", obj.Spec.Orchard))
	} else if err != nil {
		return err
	}
	meta.SetStatusCondition(&obj.Status.Conditions, metav1.Condition{
		Type: "Approved", Status: metav1.ConditionTrue, ObservedGeneration: obj.Generation,
		Reason: "Approved", Message: request.Spec.Reason,
	})
	request.Status.Message = obj.Name + " is approved"
	return nil
}
