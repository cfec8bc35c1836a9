package test

import (
	"bufio"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/machines/pkg/apis/subresources/v1"
	"example.com/machines/pkg/generated/clientset/versioned"
	"example.com/machines/pkg/generated/clientset/versioned/scheme"
)

// TestSubresourcesMachineLog reads the log of a machine, to its end and beyond.
func TestSubresourcesMachineLog(t *testing.T) {
	if err := setMachine(t.Context(), "logging", agent().URL, nil); err != nil {
		t.Fatal(err)
	}
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := clientset.SubresourcesV1().RESTClient().Get().Namespace(metav1.NamespaceDefault).Resource("machines").Name("logging").SubResource("log").
		VersionedParams(&v1.MachineLogOptions{Follow: true, TailLines: new(int64(1))}, scheme.ParameterCodec).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	lines := bufio.NewScanner(stream)
	for _, want := range []string{"login:", "line 1", "line 2"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("got the line %q (%v), want %q", lines.Text(), lines.Err(), want)
		}
	}
}
