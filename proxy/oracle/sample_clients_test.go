package oracle

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1alpha1"
	"k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1"
	applyv1alpha1 "k8s.io/sample-apiserver/pkg/generated/applyconfiguration/wardle/v1alpha1"
	applyv1beta1 "k8s.io/sample-apiserver/pkg/generated/applyconfiguration/wardle/v1beta1"
	"k8s.io/sample-apiserver/pkg/generated/clientset/versioned"
	"k8s.io/sample-apiserver/pkg/generated/informers/externalversions"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// useClients calls all methods of k8s.io/sample-apiserver's clients and informers.
func useClients(t *testing.T, s *side) {
	const namespace = "clients"
	core := s.Client(t).CoreV1()
	if _, err := core.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config := rest.CopyConfig(s.config)
	config.WarningHandler = rest.NoWarnings{} // for v1alpha1, a warning with each request
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	factory := externalversions.NewSharedInformerFactory(clientset, 0)
	informers := factory.Wardle()
	alpha := clientUse[*v1alpha1.Flunder, *v1alpha1.FlunderList, *applyv1alpha1.FlunderApplyConfiguration]{
		client:   clientset.WardleV1alpha1().Flunders(namespace),
		informer: informers.V1alpha1().Flunders().Informer(),
		object:   &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "alpha"}, Spec: v1alpha1.FlunderSpec{Reference: "a"}},
		change:   func(f *v1alpha1.Flunder) { f.Spec.ReferenceType = new(v1alpha1.FischerReferenceType) },
		apply:    applyv1alpha1.Flunder("alpha", namespace).WithSpec(applyv1alpha1.FlunderSpec().WithReference("b")),
		content:  func(f *v1alpha1.Flunder) any { return f.Spec },
		want: []any{
			v1alpha1.FlunderSpec{Reference: "a", ReferenceType: new(v1alpha1.FlunderReferenceType)},
			v1alpha1.FlunderSpec{Reference: "a", ReferenceType: new(v1alpha1.FischerReferenceType)},
			v1alpha1.FlunderSpec{Reference: "b", ReferenceType: new(v1alpha1.FischerReferenceType)},
		},
	}
	beta := clientUse[*v1beta1.Flunder, *v1beta1.FlunderList, *applyv1beta1.FlunderApplyConfiguration]{
		client:   clientset.WardleV1beta1().Flunders(namespace),
		informer: informers.V1beta1().Flunders().Informer(),
		object:   &v1beta1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: "beta"}, Spec: v1beta1.FlunderSpec{FlunderReference: "a", ReferenceType: v1beta1.FlunderReferenceType}},
		change: func(f *v1beta1.Flunder) {
			f.Spec = v1beta1.FlunderSpec{FischerReference: "a", ReferenceType: v1beta1.FischerReferenceType}
		},
		apply:   applyv1beta1.Flunder("beta", namespace).WithSpec(applyv1beta1.FlunderSpec().WithFischerReference("b")),
		content: func(f *v1beta1.Flunder) any { return f.Spec },
		want: []any{
			v1beta1.FlunderSpec{FlunderReference: "a", ReferenceType: v1beta1.FlunderReferenceType},
			v1beta1.FlunderSpec{FischerReference: "a", ReferenceType: v1beta1.FischerReferenceType},
			v1beta1.FlunderSpec{FischerReference: "b", ReferenceType: v1beta1.FischerReferenceType},
		},
	}
	fischers := clientUse[*v1alpha1.Fischer, *v1alpha1.FischerList, *applyv1alpha1.FischerApplyConfiguration]{
		client:   clientset.WardleV1alpha1().Fischers(),
		informer: informers.V1alpha1().Fischers().Informer(),
		object:   &v1alpha1.Fischer{ObjectMeta: metav1.ObjectMeta{Name: "fischer"}, DisallowedFlunders: []string{"x"}},
		change:   func(f *v1alpha1.Fischer) { f.DisallowedFlunders = []string{"x", "y"} },
		apply:    applyv1alpha1.Fischer("fischer").WithDisallowedFlunders("z"),
		content:  func(f *v1alpha1.Fischer) any { return f.DisallowedFlunders },
		want:     []any{[]string{"x"}, []string{"x", "y"}, []string{"z"}},
	}
	factory.StartWithContext(t.Context())
	t.Run("flunders of v1alpha1", alpha.test)
	t.Run("flunders of v1beta1", beta.test)
	t.Run("fischers", fischers.test)
}

// clientUse calls the client of objects T, with lists L and apply configurations A.
type clientUse[T anObject, L runtime.Object, A any] struct {
	client   client[T, L, A]
	informer cache.SharedIndexInformer
	object   T
	change   func(T)
	apply    A
	// content contains the fields of an object other than its metadata. want contains the fields after it has been created, updated
	// and applied.
	content func(T) any
	want    []any
}

type anObject interface {
	runtime.Object
	metav1.Object
}

// client is the interface of all generated clients.
type client[T, L, A any] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
	Patch(ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (T, error)
	Apply(context.Context, A, metav1.ApplyOptions) (T, error)
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (apiwatch.Interface, error)
	Delete(ctx context.Context, name string, options metav1.DeleteOptions) error
	DeleteCollection(context.Context, metav1.DeleteOptions, metav1.ListOptions) error
}

func (u clientUse[T, L, A]) test(t *testing.T) {
	ctx, name := t.Context(), u.object.GetName()
	selected := metav1.ListOptions{FieldSelector: "metadata.name=" + name}
	u.awaitSync(t)
	watcher, err := u.client.Watch(ctx, selected)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()

	created, err := u.client.Create(ctx, u.object, metav1.CreateOptions{})
	u.check(t, "created", created, err, u.want[0])
	u.change(created)
	updated, err := u.client.Update(ctx, created, metav1.UpdateOptions{})
	u.check(t, "updated", updated, err, u.want[1])
	patched, err := u.client.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata": {"labels": {"a": "b"}}}`), metav1.PatchOptions{})
	u.check(t, "patched", patched, err, u.want[1])
	if patched.GetLabels()["a"] != "b" {
		t.Errorf("patched: the labels are %v", patched.GetLabels())
	}
	applied, err := u.client.Apply(ctx, u.apply, metav1.ApplyOptions{FieldManager: "test", Force: true})
	u.check(t, "applied", applied, err, u.want[2])
	got, err := u.client.Get(ctx, name, metav1.GetOptions{})
	u.check(t, "got", got, err, u.want[2])
	if items := u.list(t, selected); len(items) != 1 || !equality.Semantic.DeepEqual(items[0], runtime.Object(got)) {
		t.Errorf("listed %v, want %v", items, got)
	}
	u.awaitCached(t, got)

	if err := u.client.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := u.client.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("deleted, and got: %v", err)
	}
	for _, want := range []apiwatch.EventType{apiwatch.Added, apiwatch.Modified, apiwatch.Modified, apiwatch.Modified, apiwatch.Deleted} {
		event := <-watcher.ResultChan()
		if seen, ok := event.Object.(T); event.Type != want || !ok || seen.GetUID() != created.GetUID() {
			t.Fatalf("watched %s %v, want %s %s", event.Type, event.Object, want, name)
		}
	}

	u.object.SetResourceVersion("")
	again, err := u.client.Create(ctx, u.object, metav1.CreateOptions{})
	u.check(t, "created again", again, err, u.want[0])
	if err := u.client.DeleteCollection(ctx, metav1.DeleteOptions{}, selected); err != nil {
		t.Error(err)
	}
	if items := u.list(t, selected); len(items) > 0 {
		t.Errorf("listed %v after all were deleted", items)
	}
}

// check compares an object of a response with the expected one.
func (u clientUse[T, L, A]) check(t *testing.T, what string, got T, err error, want any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, u.content(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (u clientUse[T, L, A]) list(t *testing.T, options metav1.ListOptions) []runtime.Object {
	t.Helper()
	list, err := u.client.List(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func (u clientUse[T, L, A]) awaitSync(t *testing.T) {
	t.Helper()
	proxytest.Eventually(t, "the informer", proxytest.Patience, func(context.Context) error {
		if !u.informer.HasSynced() {
			return fmt.Errorf("it has not synced")
		}
		return nil
	})
}

// awaitCached waits until the informer's cache contains the object.
func (u clientUse[T, L, A]) awaitCached(t *testing.T, want T) {
	t.Helper()
	key, err := cache.MetaNamespaceKeyFunc(want)
	if err != nil {
		t.Fatal(err)
	}
	proxytest.Eventually(t, "the informer", proxytest.Patience, func(context.Context) error {
		got, _, err := u.informer.GetStore().GetByKey(key)
		if err == nil && !equality.Semantic.DeepEqual(got, any(want)) {
			err = fmt.Errorf("it has %v, want %v", got, want)
		}
		return err
	})
}
