package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	fruitv1alpha1 "example.com/shop/pkg/apis/fruit/v1alpha1"
)

// +kubebuilder:rbac:groups=fruit.example.com,resources=apples,verbs=get;list;watch
// +kubebuilder:rbac:groups=fruit.example.com,resources=apples/status,verbs=update;patch

// AppleReconciler brings the world to what the spec of an Apple says.
type AppleReconciler struct {
	client.Client
}

// Reconcile is called whenever an Apple changes.
func (r *AppleReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var obj fruitv1alpha1.Apple
	if err := r.Get(ctx, req.NamespacedName, &obj); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}

	// Here is where the world is made to match obj.Spec.

	changed := meta.SetStatusCondition(&obj.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, ObservedGeneration: obj.Generation,
		Reason: "Reconciled", Message: "Everything is as the spec says.",
	})
	if !changed && obj.Status.ObservedGeneration == obj.Generation {
		return ctrl.Result{}, nil
	}
	obj.Status.ObservedGeneration = obj.Generation
	return ctrl.Result{}, r.Status().Update(ctx, &obj)
}

// SetupWithManager registers the reconciler.
func (r *AppleReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).For(&fruitv1alpha1.Apple{}).Complete(r)
}
