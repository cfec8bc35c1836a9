package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// leads reports whether the Lease belongs to the replica.
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

// furnished creates a namespace, and returns the time until the controllers have created its ServiceAccount.
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

// replicas starts proxies with the same certificates and etcd.
type replicas struct{ certs, etcd string }

// start starts a proxy with its own data folder. It returns nil, and fails the test, if the proxy does not become ready.
func (r replicas) start(t *testing.T, dir string) *process {
	p, err := launch(dir, "--cert-dir", r.certs, "--etcd-servers", r.etcd)
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

// two starts two proxies at the same time, which both try to create the certificates, and returns the leader first.
func (r replicas) two(t *testing.T) (leader, follower *process) {
	t.Helper()
	other := make(chan *process)
	go func() { other <- r.start(t, t.TempDir()) }()
	leader, follower = r.start(t, t.TempDir()), <-other
	if leader == nil || follower == nil {
		t.FailNow()
	}
	if !bytes.Equal(leader.config(t).CAData, follower.config(t).CAData) {
		t.Fatal("the replicas' certificates have different authorities")
	}
	if !leads(t, leader, leader) {
		leader, follower = follower, leader
	}
	return leader, follower
}

// TestReplicas runs two proxies with one etcd, kills the leader, starts it again, and stops the other one.
func TestReplicas(t *testing.T) {
	t.Parallel()
	_, etcd := externalEtcd(t)
	r := replicas{certs: filepath.Join(t.TempDir(), "shared", "pki"), etcd: etcd}
	leader, follower := r.two(t)

	// Both serve the same objects and accept the same credentials.
	namespace, _ := furnished(t, follower)
	newConfigMap(t, leader.client(t), namespace, metav1.ObjectMeta{Name: "kept"})
	kept := func(p *process, when string) {
		if _, err := p.client(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	kept(follower, "written through the other")
	user := token(t, leader.config(t), namespace, "default")
	user.Host = follower.url
	if _, err := clientFor(t, user).Discovery().ServerGroups(); err != nil {
		t.Errorf("a token of the other: %v", err)
	}

	if err := leader.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	leader.Wait()
	kept(follower, "without the other")
	_, took := furnished(t, follower)
	if t.Logf("after kill -9 of the leader controllers took %s", took.Round(time.Millisecond)); took > 30*time.Second {
		t.Error("that is too long")
	}
	if !leads(t, follower, follower) {
		t.Error("the Lease has another holder than the replica that is left")
	}

	back := r.start(t, leader.dir)
	if back == nil {
		t.FailNow()
	}
	kept(back, "after a restart")
	if err := follower.stop(); err != nil {
		t.Error(err)
	}
	_, took = furnished(t, back)
	if t.Logf("after an orderly end of the leader controllers took %s", took.Round(time.Millisecond)); took > 9*time.Second { // without a release, the Lease would last ten seconds
		t.Error("that is too long")
	}
	if err := back.stop(); err != nil {
		t.Error(err)
	}
	// kube-apiservers that start at the same time both create the Service kubernetes. The second one to do so logs the first error.
	// One that sees the Service before its IPAddress logs the second.
	expected := []string{"provided IP is already allocated", "for Service default/kubernetes is not allocated; repairing", `"logger":"etcd-client"`}
	for name, p := range map[string]*process{"the one that was left": follower, "the one that came back": back} {
		for line := range strings.Lines(p.stderr.String()) {
			if !slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(line, text) }) {
				t.Errorf("stderr of %s: %s", name, line)
			}
		}
	}
}
