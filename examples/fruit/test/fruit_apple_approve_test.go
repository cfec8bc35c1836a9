package test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/apis/fruit/v1beta1"
	"example.com/shop/pkg/generated/clientset/versioned"
)

// newApple creates a sample apple, and returns its name, a clientset, and a function that gets the apple.
func newApple(t *testing.T) (name string, clientset versioned.Interface, get func() *v1beta1.Apple) {
	t.Helper()
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	name = createSample(t, "fruit.example.com", "Apple")
	return name, clientset, func() *v1beta1.Apple {
		apple, err := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return apple
	}
}

// newAppleInOrchard is like newApple, with an apple whose orchard exists, so that it can be approved.
func newAppleInOrchard(t *testing.T) (name string, clientset versioned.Interface, get func() *v1beta1.Apple) {
	t.Helper()
	name, clientset, get = newApple(t)
	north := &v1alpha1.Orchard{ObjectMeta: metav1.ObjectMeta{Name: "north"}}
	if _, err := clientset.FruitV1alpha1().Orchards().Create(t.Context(), north, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	patch := []byte(`{"spec":{"orchard":"north"}}`)
	if _, err := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault).Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	eventually(t, func() error { // Approve reads the orchard from a cache
		_, err := client.Approve(t.Context(), name, &v1beta1.AppleApprove{}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	})
	return name, clientset, get
}

func TestFruitAppleApprove(t *testing.T) {
	name, clientset, get := newAppleInOrchard(t)
	client := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	before := get()
	request := &v1beta1.AppleApprove{Spec: v1beta1.AppleApproveSpec{Reason: "it is ripe"}}
	response, err := client.Approve(t.Context(), name, request, metav1.CreateOptions{FieldManager: "inspector"})
	if err != nil {
		t.Fatal(err)
	}
	if response.Name != name || response.Status.Message != name+" is approved" || response.ManagedFields != nil {
		t.Errorf("got %+v", response)
	}
	wantApproval(t, get(), "it is ripe", "inspector", "fruit.example.com/v1beta1")
	if get().Generation != before.Generation {
		t.Errorf("generation %d after a change of the status, want %d", get().Generation, before.Generation)
	}

	// The older version has the same subresource. Without a field manager in the options, the name of the client program is used.
	older := &v1alpha1.AppleApprove{Spec: v1alpha1.AppleApproveSpec{Reason: "it is sweet"}}
	if _, err := clientset.FruitV1alpha1().Apples(metav1.NamespaceDefault).Approve(t.Context(), name, older, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	wantApproval(t, get(), "it is sweet", filepath.Base(os.Args[0]), "fruit.example.com/v1alpha1")
}

// wantApproval checks that an apple is approved for the given reason, by the given field manager in the given version.
func wantApproval(t *testing.T, apple *v1beta1.Apple, reason, manager, version string) {
	t.Helper()
	condition := meta.FindStatusCondition(apple.Status.Conditions, "Approved")
	if condition == nil || condition.Message != reason || condition.ObservedGeneration != apple.Generation {
		t.Errorf("the apple's condition is %+v", condition)
	}
	for _, entry := range apple.ManagedFields {
		if entry.Manager == manager && entry.Subresource == "approve" && entry.APIVersion == version {
			return
		}
	}
	t.Errorf("%s is not among the managers: %+v", manager, apple.ManagedFields)
}

// TestFruitAppleApproveRefused checks that rejected requests and dry runs approve nothing.
func TestFruitAppleApproveRefused(t *testing.T) {
	name, clientset, _ := newApple(t)
	client := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	request := &v1beta1.AppleApprove{Spec: v1beta1.AppleApproveSpec{Reason: "it is ripe"}}
	for _, orchard := range []string{"", "atlantis"} {
		patch := fmt.Appendf(nil, `{"spec":{"orchard":%q}}`, orchard)
		if _, err := client.Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Approve(t.Context(), name, request, metav1.CreateOptions{}); !apierrors.IsBadRequest(err) {
			t.Errorf("an apple in the orchard %q: %v, want a bad request", orchard, err)
		}
	}
	name, clientset, get := newAppleInOrchard(t)
	client = clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	stale := request.DeepCopy()
	stale.ResourceVersion = "1"
	if _, err := client.Approve(t.Context(), name, stale, metav1.CreateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("a request with an old resourceVersion: %v, want a conflict", err)
	}
	response, err := client.Approve(t.Context(), name, request, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil || response.Status.Message != name+" is approved" {
		t.Errorf("dry run: %v, %v", response, err)
	}
	if meta.IsStatusConditionTrue(get().Status.Conditions, "Approved") {
		t.Error("the apple is approved")
	}
}

// TestFruitAppleApproveMeanwhile approves an apple while others write it. No write is lost, and nobody gets a conflict.
func TestFruitAppleApproveMeanwhile(t *testing.T) {
	name, clientset, get := newAppleInOrchard(t)
	client := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	const writers = 8
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			request := &v1beta1.AppleApprove{Spec: v1beta1.AppleApproveSpec{Reason: "it is ripe"}}
			if _, err := client.Approve(t.Context(), name, request, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			patch := fmt.Appendf(nil, `{"metadata":{"labels":{"writer-%d":"done"}}}`, i)
			if _, err := client.Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	apple := get()
	if len(apple.Labels) < writers || !meta.IsStatusConditionTrue(apple.Status.Conditions, "Approved") {
		t.Errorf("labels %v and conditions %v, want a label of each writer and an approval", apple.Labels, apple.Status.Conditions)
	}
}

// TestFruitAppleApproveAdmission approves an apple with a request in each version, under policies for the stored version.
func TestFruitAppleApproveAdmission(t *testing.T) {
	for version, approve := range map[string]func(versioned.Interface, string, metav1.CreateOptions) error{
		"v1alpha1": func(client versioned.Interface, name string, options metav1.CreateOptions) error {
			_, err := client.FruitV1alpha1().Apples(metav1.NamespaceDefault).Approve(t.Context(), name, &v1alpha1.AppleApprove{}, options)
			return err
		},
		"v1beta1": func(client versioned.Interface, name string, options metav1.CreateOptions) error {
			_, err := client.FruitV1beta1().Apples(metav1.NamespaceDefault).Approve(t.Context(), name, &v1beta1.AppleApprove{}, options)
			return err
		},
	} {
		t.Run(version, func(t *testing.T) {
			name, clientset, _ := newAppleInOrchard(t)
			testAdmission(t, "fruit.example.com", "Apple", "approve", name, func(manager string) error {
				return approve(clientset, name, metav1.CreateOptions{FieldManager: manager})
			})
		})
	}
}

// TestFruitAppleApproveUnderPolicy checks that a policy can deny the change that the approval makes to an apple.
func TestFruitAppleApproveUnderPolicy(t *testing.T) {
	approved, clientset, _ := newAppleInOrchard(t)
	client := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault)
	approve := func(name string) error {
		_, err := client.Approve(t.Context(), name, &v1beta1.AppleApprove{}, metav1.CreateOptions{FieldManager: "under-policy"})
		return err
	}
	if err := approve(approved); err != nil {
		t.Fatal(err)
	}
	s := subjectOf(t, "fruit.example.com", "Apple")
	message := s.deny(t, admissionregistrationv1.Update, "apples", "under-policy",
		`!has(object.status.conditions) || !object.status.conditions.exists(c, c.type == "Approved")`)
	eventually(t, func() error {
		_, err := s.dryUpdate(t, approved, "under-policy")
		return wantMessage(err, message)
	})

	name, _, get := newAppleInOrchard(t)
	before := get()
	if _, err := s.dryUpdate(t, name, "under-policy"); err != nil {
		t.Errorf("an update of an apple that is not approved: %v", err)
	}
	if err := wantMessage(approve(name), message); err != nil {
		t.Error(err)
	}
	if meta.IsStatusConditionTrue(get().Status.Conditions, "Approved") || get().Generation != before.Generation {
		t.Error("the apple is approved")
	}
}
