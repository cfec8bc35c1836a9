package faults_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestKilledProxy kills the proxy repeatedly during writes. After each restart, all acknowledged writes must be there, and
// extension-apiservers must be served.
func TestKilledProxy(t *testing.T) {
	t.Parallel()
	const kills = 3
	args := []string{"--data-dir", filepath.Join(t.TempDir(), "data"), "--secure-port", strconv.Itoa(proxytest.FreePort(t))}
	s := newSuite(t, args...)
	b := s.backend(t, proxytest.BackendOptions{})
	w := &writers{namespace: s.Namespace(t), possible: map[string][]string{}}
	for i := range kills {
		w.writeUntilKilled(t, s, i)
		restarted := time.Now()
		s = newSuite(t, args...)
		ready := time.Since(restarted)
		b.WaitServed(t, s.ControlPlane)
		if err := s.exchange(t.Context(), s.client, b.Path("things")); err != nil {
			t.Error(err)
		}
		t.Logf("ready %s after the restart, and the extension-apiserver served after %s",
			ready.Round(time.Millisecond), time.Since(restarted).Round(time.Millisecond))
		s.inTime(t, "to serve an extension-apiserver again", restarted)
		w.compare(t, s)
	}
}

// writers write ConfigMaps, and record acknowledged writes.
type writers struct {
	namespace    string
	acknowledged atomic.Int64
	killed       atomic.Bool

	lock sync.Mutex
	// possible contains the possible values of each ConfigMap: one, or two if a write is not acknowledged. "" means that it does not
	// exist.
	possible map[string][]string
}

// writeUntilKilled writes for a while, and kills the proxy during a write.
func (w *writers) writeUntilKilled(t *testing.T, s *suite, round int) {
	t.Helper()
	const writing, enough = 6, 300
	w.killed.Store(false)
	w.acknowledged.Store(0)
	configMaps := s.Client(t).CoreV1().ConfigMaps(w.namespace)
	var running sync.WaitGroup
	for i := range writing {
		running.Go(func() {
			for n := 0; !w.killed.Load(); n++ {
				name := fmt.Sprintf("round-%d-writer-%d-%d", round, i, n)
				if err := w.write(t.Context(), configMaps, name, n%3 == 0); err != nil && !w.killed.Load() {
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	proxytest.Eventually(t, "acknowledged writes", proxytest.Patience, func(context.Context) error {
		return atLeast(enough, int(w.acknowledged.Load()))
	})
	w.killed.Store(true)
	s.Kill(t)
	running.Wait()
	t.Logf("killed after %d acknowledged writes", w.acknowledged.Load())
}

// write creates and updates a ConfigMap, and deletes it unless it must stay.
func (w *writers) write(ctx context.Context, configMaps typedcorev1.ConfigMapInterface, name string, stays bool) error {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := w.change(name, "created", func() (err error) {
		object.Data = map[string]string{"value": "created"}
		object, err = configMaps.Create(ctx, object, metav1.CreateOptions{})
		return err
	}); err != nil {
		return err
	}
	if err := w.change(name, "updated", func() error {
		object.Data = map[string]string{"value": "updated"}
		_, err := configMaps.Update(ctx, object, metav1.UpdateOptions{})
		return err
	}); err != nil || stays {
		return err
	}
	return w.change(name, "", func() error { return configMaps.Delete(ctx, name, metav1.DeleteOptions{}) })
}

// change performs a write that gives the ConfigMap this value, if it succeeds.
func (w *writers) change(name, value string, do func() error) error {
	set := func(values ...string) {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.possible[name] = values
	}
	w.lock.Lock()
	before := w.possible[name]
	w.lock.Unlock()
	if before == nil {
		before = []string{""}
	}
	set(append(slices.Clone(before), value)...)
	err := do()
	if err == nil {
		set(value)
		w.acknowledged.Add(1)
	}
	return err
}

// compare checks that the ConfigMaps match the acknowledged writes.
func (w *writers) compare(t *testing.T, s *suite) {
	t.Helper()
	list, err := s.Client(t).CoreV1().ConfigMaps(w.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, object := range list.Items {
		found[object.Name] = object.Data["value"]
	}
	unknown := 0
	for name, values := range w.possible {
		if !slices.Contains(values, found[name]) {
			t.Errorf("ConfigMap %s is %q, acknowledged was %q", name, found[name], values)
		}
		if len(values) > 1 {
			unknown++
			w.possible[name] = []string{found[name]}
		}
	}
	t.Logf("%d objects are as they were acknowledged, of which %d were being written", len(w.possible), unknown)
}
