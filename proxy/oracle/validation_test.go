package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	applesSent = 500
	appleSpace = "default"
)

var (
	generated = schema.GroupVersionResource{Group: "fruit.example.com", Version: "v1beta1", Resource: "apples"}
	custom    = schema.GroupVersionResource{Group: "custom-fruit.example.com", Version: "v1beta1", Resource: "apples"}
)

// TestValidation sends the same apples to the generated apiserver and to a CRD that controller-tools generates from the same Go types.
// Both must accept and refuse the same apples, with errors for the same fields.
func TestValidation(t *testing.T) {
	cluster := kube.StartAPIServer(t).ControlPlane
	kubectl := newKubectl(t, cluster)
	examples[0].apply(t, kubectl)
	server := examples[0].serve(t, cluster, kubectl)
	config := cluster.Config(t)
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	define(t, client)
	s := &sender{client: client, etcd: etcdClient(t, cluster)}

	met, accepted := map[string]int{}, 0
	for i, c := range appleCases(applesSent) {
		name := fmt.Sprintf("apple-%03d", i)
		want, got := s.send(t, custom, name, c), s.send(t, generated, name, c)
		if got.accepted {
			accepted++
		}
		if cmp.Equal(want, got, cmp.AllowUnexported(verdict{})) {
			continue
		}
		if why := c.excuse(want, got); why != "" {
			met[why]++
			continue
		}
		text, _ := json.Marshal(map[string]any{"old": c.old, "in": c.in, "subresource": c.subresource})
		t.Errorf("case %d: a CRD says %+v, the generated apiserver %+v, of %s", i, want, got, text)
	}
	t.Logf("%d of %d accepted; differences by reason: %v", accepted, applesSent, met)
	for _, d := range appleDifferences {
		if met[d.why] == 0 {
			t.Errorf("no case differs because %s", d.why)
		}
	}
	testHostile(t, cluster, server)
	if accepted < applesSent/5 || accepted > applesSent*4/5 {
		t.Errorf("%d of %d were accepted: the cases are too much alike", accepted, applesSent)
	}
}

// define creates the CRD and waits until it is served.
func define(t *testing.T, client dynamic.Interface) {
	t.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(kube.CustomApple(t, custom.Group))
	if err != nil {
		t.Fatal(err)
	}
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	if _, err := definitions.Create(t.Context(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	proxytest.Eventually(t, "the custom resource", proxytest.Patience, func(ctx context.Context) error {
		_, err := client.Resource(custom).Namespace(appleSpace).List(ctx, metav1.ListOptions{})
		return err
	})
}

// sender sends apples.
type sender struct {
	client dynamic.Interface
	etcd   *clientv3.Client
}

// verdict is the result of a write. fields contains the fields with errors.
type verdict struct {
	accepted bool
	fields   []string
}

// send creates an apple. If there is an old one, it stores that without validation, and updates it.
func (s *sender) send(t *testing.T, resource schema.GroupVersionResource, name string, c appleCase) verdict {
	t.Helper()
	apples := s.client.Resource(resource).Namespace(appleSpace)
	object := func(content map[string]any) *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(content)}
		u.SetAPIVersion(resource.GroupVersion().String())
		u.SetKind("Apple")
		u.SetName(name)
		u.SetNamespace(appleSpace)
		return u
	}
	in := object(c.in)
	if c.old == nil {
		_, err := apples.Create(t.Context(), in, metav1.CreateOptions{})
		return s.verdict(t, err)
	}
	old := object(c.old)
	old.SetUID("1b4df9b5-4a3e-4c5f-8f2e-" + "0123456789ab")
	old.SetGeneration(1)
	old.SetCreationTimestamp(metav1.Now())
	text, err := old.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.etcd.Put(t.Context(), "/registry/"+resource.Group+"/"+resource.Resource+"/"+appleSpace+"/"+name, string(text)); err != nil {
		t.Fatal(err)
	}
	stored, err := apples.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in.SetResourceVersion(stored.GetResourceVersion())
	_, err = apples.Update(t.Context(), in, metav1.UpdateOptions{}, c.subresource...)
	return s.verdict(t, err)
}

func (s *sender) verdict(t *testing.T, err error) verdict {
	t.Helper()
	if err == nil {
		return verdict{accepted: true}
	}
	var status *apierrors.StatusError
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) {
		t.Fatal(err)
	}
	var out verdict
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Field != "<nil>" { // the list of errors was cut
			out.fields = append(out.fields, cause.Field)
		}
	}
	slices.Sort(out.fields)
	out.fields = slices.Compact(out.fields)
	return out
}
