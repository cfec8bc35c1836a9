package controller

import (
	"context"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	fruitv1alpha1 "example.com/shop/pkg/apis/fruit/v1alpha1"
)

// +kubebuilder:rbac:groups=fruit.example.com,resources=apples,verbs=get;list;watch;update
// +kubebuilder:rbac:groups=fruit.example.com,resources=apples/finalizers,verbs=update
// +kubebuilder:rbac:groups=fruit.example.com,resources=apples/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// AppleReconciler reconciles Apple objects. As an example, it keeps a ConfigMap for each of them.
type AppleReconciler struct {
	client.Client
	recorder events.EventRecorder
}

// Reconcile moves the actual state toward the spec of an Apple. It is called after each change of the object or its
// ConfigMap, and again after an error, so it must be idempotent.
func (r *AppleReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var obj fruitv1alpha1.Apple
	if err := r.Get(ctx, req.NamespacedName, &obj); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}

	// The finalizer delays the deletion of the object until the controller has cleaned up.
	const finalizer = "fruit.example.com/apple"
	if !obj.DeletionTimestamp.IsZero() {
		// The garbage collector deletes the ConfigMap. Delete here what is outside the cluster.
		if controllerutil.RemoveFinalizer(&obj, finalizer) {
			return ctrl.Result{}, client.IgnoreNotFound(r.Update(ctx, &obj))
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(&obj, finalizer) {
		if err := r.Update(ctx, &obj); err != nil {
			return ctrl.Result{}, err
		}
	}

	// This ConfigMap is an example. Replace it with the objects that obj.Spec describes.
	key := metav1.ObjectMeta{Namespace: obj.Namespace, Name: "apple-" + obj.Name}
	configMap := &corev1.ConfigMap{ObjectMeta: key}
	operation, err := controllerutil.CreateOrUpdate(ctx, r.Client, configMap, func() error {
		configMap.Data = map[string]string{"generation": strconv.FormatInt(obj.Generation, 10)}
		return controllerutil.SetControllerReference(&obj, configMap, r.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	if operation != controllerutil.OperationResultNone {
		r.recorder.Eventf(&obj, configMap, corev1.EventTypeNormal, "Reconciled", "Reconcile", "ConfigMap %s %s", configMap.Name, operation)
	}

	// A patch replaces all conditions, so it must fail if another client has changed one.
	patch := client.MergeFromWithOptions(obj.DeepCopy(), client.MergeFromWithOptimisticLock{})
	changed := meta.SetStatusCondition(&obj.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, ObservedGeneration: obj.Generation,
		Reason: "Reconciled", Message: "Reconciled successfully",
	})
	if changed {
		if err := r.Status().Patch(ctx, &obj, patch); err != nil {
			return ctrl.Result{}, err
		}
	}

	// Reconcile again after some time, because no watch reports changes outside the cluster.
	return ctrl.Result{RequeueAfter: 10 * time.Minute}, nil
}

// SetupWithManager registers the reconciler.
func (r *AppleReconciler) SetupWithManager(mgr ctrl.Manager) error {
	r.recorder = mgr.GetEventRecorder("apple-controller")
	return ctrl.NewControllerManagedBy(mgr).
		For(&fruitv1alpha1.Apple{}).
		Owns(&corev1.ConfigMap{}).
		Complete(r)
}
