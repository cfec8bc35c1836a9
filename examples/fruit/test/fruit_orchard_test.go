package test

import (
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
)

// TestFruitOrchard tests what only an Orchard does. The generated tests beside it cover what every kind does.
func TestFruitOrchard(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().Orchards()

	created, err := client.Create(t.Context(), &v1alpha1.Orchard{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
		Spec:       v1alpha1.OrchardSpec{Trees: 3},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), created.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Spec.Trees != 3 || got.Generation != 1 {
		t.Errorf("read back %+v", got)
	}
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestFruitOrchardScaleAdmission checks that a policy for orchards does not apply to their scale, and that a policy for the scale does.
func TestFruitOrchardScaleAdmission(t *testing.T) {
	s := subjectOf(t, "fruit.example.com", "Orchard")
	name := s.create(t, nil).GetName()
	scale := func(replicas, manager string) error {
		patch := []byte(`{"spec":{"replicas":` + replicas + `}}`)
		_, err := s.Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager}, "scale")
		return err
	}
	message := s.deny(t, admissionregistrationv1.Update, "orchards", "scaler", "false")
	eventually(t, func() error {
		_, err := s.dryUpdate(t, name, "scaler")
		return wantMessage(err, message)
	})
	if err := scale("4", "scaler"); err != nil {
		t.Error(err)
	}

	message = s.deny(t, admissionregistrationv1.Update, "orchards/scale", "autoscaler", "object.kind == 'Scale' && object.spec.replicas < 5")
	eventually(t, func() error { return wantMessage(scale("5", "autoscaler"), message) })
	if err := scale("4", "autoscaler"); err != nil {
		t.Error(err)
	}
}

// TestFruitOrchardWarnings checks that the client receives the warnings of the strategy, on create and on update.
func TestFruitOrchardWarnings(t *testing.T) {
	s := subjectOf(t, "fruit.example.com", "Orchard")
	client := newRESTClient(t)
	planted, bare := s.sample(t), s.sample(t)
	for object, trees := range map[*unstructured.Unstructured]int64{planted: 2, bare: 0} {
		if err := unstructured.SetNestedField(object.Object, trees, "spec", "trees"); err != nil {
			t.Fatal(err)
		}
	}
	name := s.create(t, nil).GetName()
	for _, test := range []struct {
		name    string
		request *rest.Request
		warned  bool
	}{
		{"create with trees", client.Post().AbsPath(s.path()).Body([]byte(marshal(t, planted))), false},
		{"create without trees", client.Post().AbsPath(s.path()).Body([]byte(marshal(t, bare))), true},
		{"update", client.Patch(types.MergePatchType).AbsPath(s.path(), name).Body([]byte(`{"spec":{"trees":0}}`)), true},
	} {
		result := test.request.Param("dryRun", metav1.DryRunAll).Do(t.Context())
		if err := result.Error(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		warned := slices.Contains(warningsOf(result), "spec.trees: an orchard without trees bears no fruit")
		if warned != test.warned {
			t.Errorf("%s: the warnings are %q", test.name, warningsOf(result))
		}
	}
}
