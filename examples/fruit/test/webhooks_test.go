package test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/apis/fruit/v1beta1"
)

// The webhooks receive the updates by these two field managers. The validating webhook denies those by the second one.
const (
	hooked  = "hooked"
	refused = "refused-by-webhook"
)

// TestFruitAppleWebhooks approves an apple in v1alpha1, with a mutating and a validating webhook that are registered for v1beta1.
func TestFruitAppleWebhooks(t *testing.T) {
	hooks := startWebhooks(t)
	name, clientset, get := newAppleInOrchard(t)
	s := subjectOf(t, "fruit.example.com", "Apple")
	for _, manager := range []string{hooked, refused} {
		eventually(t, func() error {
			updated, err := s.dryUpdate(t, name, manager)
			switch {
			case manager == refused:
				return wantMessage(err, "denied by the test")
			case err == nil && updated.GetLabels()["hooked"] == "":
				return errors.New("the webhooks are not in force")
			}
			return err
		})
	}
	approve := func(manager string) error {
		request := &v1alpha1.AppleApprove{Spec: v1alpha1.AppleApproveSpec{Reason: "it is ripe"}}
		_, err := clientset.FruitV1alpha1().Apples(metav1.NamespaceDefault).Approve(t.Context(), name, request, metav1.CreateOptions{FieldManager: manager})
		return err
	}
	if err := wantMessage(approve(refused), "denied by the test"); err != nil {
		t.Error(err)
	}
	if apple := get(); meta.IsStatusConditionTrue(apple.Status.Conditions, "Approved") || apple.Labels["hooked"] != "" {
		t.Errorf("the apple was changed in spite of a webhook: %+v", apple)
	}
	if err := approve(hooked); err != nil {
		t.Fatal(err)
	}
	if apple := get(); !meta.IsStatusConditionTrue(apple.Status.Conditions, "Approved") || apple.Labels["hooked"] != "true" {
		t.Errorf("the apple is not as the webhook wants it: %+v", apple)
	}

	last := hooks.last()
	if last.Name != name || last.Operation != admissionv1.Update || last.SubResource != "" || last.Kind.Version != "v1beta1" ||
		last.RequestKind.Version != "v1alpha1" || last.UserInfo.Username == "" || last.DryRun == nil || *last.DryRun {
		t.Errorf("the validating webhook saw %+v", last)
	}
	var object, old v1beta1.Apple
	if err := errors.Join(json.Unmarshal(last.Object.Raw, &object), json.Unmarshal(last.OldObject.Raw, &old)); err != nil {
		t.Fatal(err)
	}
	if !meta.IsStatusConditionTrue(object.Status.Conditions, "Approved") || object.Labels["hooked"] != "true" ||
		meta.IsStatusConditionTrue(old.Status.Conditions, "Approved") {
		t.Errorf("the validating webhook got the object %+v and the old object %+v", object, old)
	}
}

// webhooks are a mutating webhook, which adds a label, and a validating one, which remembers what it saw.
type webhooks struct {
	lock sync.Mutex
	seen *admissionv1.AdmissionRequest
}

func (h *webhooks) last() admissionv1.AdmissionRequest {
	h.lock.Lock()
	defer h.lock.Unlock()
	return *h.seen
}

func (h *webhooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var options metav1.UpdateOptions
	if err := json.Unmarshal(review.Request.Options.Raw, &options); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response := &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	switch {
	case r.URL.Path == "/mutate":
		patch := admissionv1.PatchTypeJSONPatch
		response.PatchType, response.Patch = &patch, []byte(`[{"op":"add","path":"/metadata/labels","value":{"hooked":"true"}}]`)
	case options.FieldManager == refused:
		response.Allowed, response.Result = false, &metav1.Status{Message: "denied by the test"}
	default:
		h.lock.Lock()
		h.seen = review.Request
		h.lock.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
}

// startWebhooks registers the webhooks for updates of apples by the field managers hooked and refused, until the test ends.
func startWebhooks(t *testing.T) *webhooks {
	t.Helper()
	hooks := &webhooks{}
	base, certificate := serveTLS(t, hooks)
	clientConfig := func(path string) admissionregistrationv1.WebhookClientConfig {
		url := base + path
		return admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: certificate}
	}
	none, name := admissionregistrationv1.SideEffectClassNone, "apples.webhook.example.com"
	rules := []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"fruit.example.com"}, APIVersions: []string{"v1beta1"}, Resources: []string{"apples"}},
	}}
	conditions := []admissionregistrationv1.MatchCondition{{
		Name:       "manager",
		Expression: `has(request.options.fieldManager) && request.options.fieldManager in ["` + hooked + `", "` + refused + `"]`,
	}}
	client := kubernetesClient(t).AdmissionregistrationV1()
	mutating, err := client.MutatingWebhookConfigurations().Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: name, ClientConfig: clientConfig("/mutate"), Rules: rules, MatchConditions: conditions, SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.MutatingWebhookConfigurations().Delete(context.Background(), mutating.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	validating, err := client.ValidatingWebhookConfigurations().Create(t.Context(), &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: name, ClientConfig: clientConfig("/validate"), Rules: rules, MatchConditions: conditions, SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.ValidatingWebhookConfigurations().Delete(context.Background(), validating.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return hooks
}

// serveTLS serves on this machine until the test ends, with a self-signed certificate.
func serveTLS(t *testing.T, handler http.Handler) (url string, certificate []byte) {
	t.Helper()
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, certificate
}
