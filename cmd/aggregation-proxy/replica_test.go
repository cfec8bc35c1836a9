package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// leads tells whether the replica's controllers run, by the Lease.
func leads(t *testing.T, ask, replica *process) bool {
	t.Helper()
	holder := ""
	eventually(t, "a leader", func(ctx context.Context) error {
		lease, err := ask.client(t).CoordinationV1().Leases("kube-system").Get(ctx, "aggregation-proxy-controllers", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" {
			return fmt.Errorf("nobody leads: %+v", lease.Spec)
		}
		holder = *lease.Spec.HolderIdentity
		return nil
	})
	return strings.Contains(holder, replica.url[strings.LastIndex(replica.url, ":"):]+"_")
}

// furnished makes a namespace and returns how long it takes the controllers to give it its ServiceAccount.
func furnished(t *testing.T, p *process) (string, time.Duration) {
	t.Helper()
	client := p.client(t)
	namespace, began := newNamespace(t, client), time.Now()
	eventually(t, "default ServiceAccount", func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	return namespace, time.Since(began)
}

// TestReplicas runs two proxies on one etcd, kills the one whose controllers run, starts it again, and stops the other.
func TestReplicas(t *testing.T) {
	t.Parallel()
	_, etcd := externalEtcd(t)
	certs := filepath.Join(t.TempDir(), "shared", "pki")
	replica := func(dir string) *process {
		p, err := launch(dir, "--cert-dir", certs, "--etcd-servers", etcd)
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() {
			if p.ProcessState == nil {
				p.Process.Kill()
				p.Wait()
			}
		})
		return p
	}
	dir := t.TempDir()
	other := make(chan *process)
	go func() { other <- replica(t.TempDir()) }() // both want to make the certificates
	leader, follower := replica(dir), <-other
	if leader == nil || follower == nil {
		t.FailNow()
	}
	if !bytes.Equal(leader.config(t).CAData, follower.config(t).CAData) {
		t.Fatal("the replicas' certificates have different authorities")
	}
	if !leads(t, leader, leader) {
		leader, follower, dir = follower, leader, follower.dir
	}

	// What one writes, the other has; whom one knows, the other knows.
	namespace, took := furnished(t, follower)
	newConfigMap(t, leader.client(t), namespace, metav1.ObjectMeta{Name: "kept"})
	if _, err := follower.client(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	user := token(t, leader.config(t), namespace, "default")
	user.Host = follower.url
	if _, err := clientFor(t, user).Discovery().ServerGroups(); err != nil {
		t.Errorf("a token of the other: %v", err)
	}
	t.Logf("controllers took %s", took.Round(time.Millisecond))

	if err := leader.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	leader.Wait()
	if _, err := follower.client(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("without the other: %v", err)
	}
	_, took = furnished(t, follower)
	if t.Logf("after kill -9 of the leader controllers took %s", took.Round(time.Millisecond)); took > 20*time.Second {
		t.Errorf("after kill -9 of the leader controllers took %s", took)
	}
	if !leads(t, follower, follower) {
		t.Error("the Lease has another holder than the replica that is left")
	}

	back := replica(dir)
	if back == nil {
		t.FailNow()
	}
	if _, err := back.client(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if err := follower.stop(); err != nil {
		t.Error(err)
	}
	if _, took = furnished(t, back); took > 5*time.Second {
		t.Errorf("after an orderly end of the leader controllers took %s", took)
	}
	t.Logf("after an orderly end of the leader controllers took %s", took.Round(time.Millisecond))
	if err := back.stop(); err != nil {
		t.Error(err)
	}
	for name, p := range map[string]*process{"the one that was left": follower, "the one that came back": back} {
		if p.stderr.Len() > 0 {
			t.Errorf("stderr of %s: %s", name, p.stderr)
		}
	}
}
