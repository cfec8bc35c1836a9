package test

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
	"example.com/shop/pkg/generated/clientset/versioned/scheme"
)

// TestFruitAppleProxy tests how the subresource handles requests.
func TestFruitAppleProxy(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().RESTClient()

	name := createSample(t, "fruit.example.com", "Apple")

	for _, method := range []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} {
		got, err := client.Verb(method).Namespace(metav1.NamespaceDefault).Resource("apples").Name(name).SubResource("proxy").Suffix("some/path").
			VersionedParams(&v1alpha1.AppleProxyOptions{Text: "hello"}, scheme.ParameterCodec).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := method + " " + name + "/some/path" + ": \"hello\"\n"; string(got) != want && method != http.MethodHead {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
