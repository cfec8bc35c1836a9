package test

import (
	"bufio"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
	"example.com/shop/pkg/generated/clientset/versioned/scheme"
)

// TestFruitAppleLog tests what the subresource sends.
func TestFruitAppleLog(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().RESTClient()

	name := createSample(t, "fruit.example.com", "Apple")

	options := &v1alpha1.AppleLogOptions{Follow: true, TailLines: new(int64(1))}
	stream, err := client.Get().Namespace(metav1.NamespaceDefault).Resource("apples").Name(name).SubResource("log").
		VersionedParams(options, scheme.ParameterCodec).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	lines := bufio.NewScanner(stream)
	for _, want := range []string{"created", "now", "now"} {
		if !lines.Scan() {
			t.Fatalf("the stream ended (%v), want a line that begins with %q", lines.Err(), want)
		}
		if !strings.HasPrefix(lines.Text(), want) {
			t.Errorf("got the line %q, want one that begins with %q", lines.Text(), want)
		}
	}
}
