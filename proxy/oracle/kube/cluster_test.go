package kube_test

import (
	"context"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestClusterIsWhole checks the release, and that the controllers work.
func TestClusterIsWhole(t *testing.T) {
	cluster := kube.Start(t)
	t.Logf("kube-apiserver and etcd were ready in %s", cluster.ReadyIn)
	client := cluster.Client(t)
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.GitVersion != "v1.37.1" || version.Minor != "37" {
		t.Errorf("version %+v, want v1.37.1", version)
	}
	namespace := cluster.Namespace(t)
	accounts := client.CoreV1().ServiceAccounts(namespace)
	proxytest.Eventually(t, "the default ServiceAccount", proxytest.Patience, func(ctx context.Context) error {
		_, err := accounts.Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err := client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	proxytest.Eventually(t, "the end of a namespace", proxytest.Patience, func(ctx context.Context) error {
		if _, err := client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("want not found, got %v", err)
		}
		return nil
	})
}
