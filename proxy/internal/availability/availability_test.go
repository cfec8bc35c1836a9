package availability_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/typed/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// These are the documented times.
const (
	killedWithin = 3 * time.Second
	hungWithin   = 7 * time.Second
	backWithin   = time.Second
)

// TestTimes kills, hangs and restores backends, while many other backends hang.
func TestTimes(t *testing.T) {
	const yes, no = apiregistrationv1.ConditionTrue, apiregistrationv1.ConditionFalse
	cp := proxytest.Start(t)
	hung := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
	hung.Register(t, cp)
	freeze(t, hung)
	for i := range 30 {
		service := hung.APIService("v1")
		service.Spec.Group = fmt.Sprintf("hung%d.example.com", i)
		service.Name = "v1." + service.Spec.Group
		cp.CreateAPIService(t, service)
	}
	for what, tt := range map[string]struct {
		end, restore func(*proxytest.Backend, testing.TB)
		within       time.Duration
	}{
		"killed": {func(b *proxytest.Backend, _ testing.TB) { b.Stop() }, (*proxytest.Backend).Start, killedWithin},
		"hung":   {func(b *proxytest.Backend, _ testing.TB) { b.Freeze() }, func(b *proxytest.Backend, _ testing.TB) { b.Thaw() }, hungWithin},
		"failing": {
			func(b *proxytest.Backend, _ testing.TB) {
				b.Handle(b.Path(), proxytest.Respond(http.StatusInternalServerError, nil, ""))
			},
			func(b *proxytest.Backend, _ testing.TB) { b.Handle(b.Path(), nil) }, killedWithin,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
			b.Register(t, cp)
			var away, back tries
			for range 3 {
				tt.end(b, t)
				away = append(away, becomes(t, cp, b, no))
				tt.restore(b, t)
				back = append(back, becomes(t, cp, b, yes))
			}
			away.within(t, tt.within)
			back.within(t, backWithin)
		})
	}
}

// TestNewAPIServiceIsQuicklyAvailable creates APIServices, some before their Services and some before their servers.
func TestNewAPIServiceIsQuicklyAvailable(t *testing.T) {
	const yes, quickly = apiregistrationv1.ConditionTrue, 500 * time.Millisecond
	cp := proxytest.Start(t)
	var served, started tries
	for range 3 {
		b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
		b.CreateAPIServices(t, cp)
		cp.WaitCondition(t, name(b), "ServiceNotFound", nil)
		b.CreateService(t, cp, external)
		served = append(served, becomes(t, cp, b, yes))
	}
	served.within(t, quickly)

	for range 5 {
		b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
		b.CreateService(t, cp, external)
		b.Stop()
		b.CreateAPIServices(t, cp)
		cp.WaitCondition(t, name(b), "FailedDiscoveryCheck", nil)
		b.Start(t)
		started = append(started, becomes(t, cp, b, yes))
	}
	started.within(t, backWithin)
}

// TestNoFlapping uses a backend that fails four of five probes, and all other requests.
func TestNoFlapping(t *testing.T) {
	cp := proxytest.Start(t)
	b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
	b.Register(t, cp)
	writes, _ := changes(t, cp, name(b))
	var gets atomic.Int64
	b.Handle(b.Path(), func(w http.ResponseWriter, r *http.Request) {
		if gets.Add(1)%5 != 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		b.Default(w, r)
	})
	b.Handle("things", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	client := cp.HTTPClient(t, "jane", "system:masters")
	const long = 10 * time.Second
	failed := 0
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		response, err := client.Get(cp.URL + b.Path("things"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			failed++
		}
	}
	t.Logf("%d requests failed, %d GETs of probes", failed, gets.Load())
	if failed < 100 {
		t.Errorf("only %d requests failed: this shows nothing", failed)
	}
	if written := writes.Load(); written != 0 {
		t.Errorf("the status changed %d times", written)
	}
	const perSecond = 10 * 5 // ten probes of five GETs each
	if probes, atMost := gets.Load(), int64(perSecond*(long/time.Second+1)); probes > atMost {
		t.Errorf("%d failed requests made for %d GETs, at most %d are wanted", failed, probes, atMost)
	}
}

// TestFailedRequestMeansARecheck checks that the first request to a dead backend starts a probe, so that later requests fail at
// once.
func TestFailedRequestMeansARecheck(t *testing.T) {
	cp := proxytest.Start(t)
	client := cp.HTTPClient(t, "jane", "system:masters")
	b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
	b.Register(t, cp)
	var noticed, back tries
	for range 5 {
		b.WaitServed(t, cp) // the layer learns of the status a moment later
		b.Stop()
		response, err := client.Get(cp.URL + b.Path("things"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		noticed = append(noticed, becomes(t, cp, b, apiregistrationv1.ConditionFalse))
		b.Start(t)
		back = append(back, becomes(t, cp, b, apiregistrationv1.ConditionTrue))
	}
	noticed.within(t, 700*time.Millisecond) // half of the time between probes
	back.within(t, backWithin)
}

// TestChurnLeavesNothing creates and deletes 200 APIServices under load. Some of their backends hang.
func TestChurnLeavesNothing(t *testing.T) {
	cp := proxytest.Start(t)
	b, hung := proxytest.StartBackend(t, cp, proxytest.BackendOptions{}), proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
	b.Register(t, cp)
	hung.CreateService(t, cp, external)
	freeze(t, hung)
	writes, _ := changes(t, cp, name(b))
	stop := load(t, cp, b)

	started := time.Now()
	services, names := createMany(t, cp, b, hung)
	proxytest.Eventually(t, "180 Available, 20 not", proxytest.Patience, func(ctx context.Context) error {
		return counted(ctx, cp, t, names, 180, 20)
	})
	t.Logf("200 were created and judged in %s", time.Since(started).Round(time.Millisecond))
	if running := monitors(t, cp); running != 201 {
		t.Errorf("%d monitors run, want 201", running)
	}
	var g errgroup.Group
	for name := range names {
		g.Go(func() error { return services.Delete(t.Context(), name, metav1.DeleteOptions{}) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	stop()
	hung.Thaw() // it must read to detect closed connections
	proxytest.Eventually(t, "goroutines, connections and metrics of what was deleted", 30*time.Second, func(context.Context) error {
		if running := monitors(t, cp); running != 1 {
			return fmt.Errorf("%d monitors run", running)
		}
		// kube-aggregator's discovery keeps one connection, over HTTP/2, for 90 s.
		if open := hung.OpenConnections(); open > 1 {
			return fmt.Errorf("%d connections to the hung backend", open)
		}
		for line := range strings.Lines(fetch(t, cp, "/metrics")) {
			if strings.Contains(line, "churn") {
				return fmt.Errorf("a metric of what is gone: %s", line)
			}
		}
		return nil
	})
	if written := writes.Load(); written != 0 {
		t.Errorf("the status of one that stayed changed %d times", written)
	}
}

// createMany creates 200 APIServices and returns their names. Every tenth belongs to the hung backend.
func createMany(t *testing.T, cp *proxytest.ControlPlane, b, hung *proxytest.Backend) (apiregistrationclient.APIServiceInterface, sets.Set[string]) {
	t.Helper()
	services := cp.Aggregator(t).ApiregistrationV1().APIServices()
	names := sets.New[string]()
	var g errgroup.Group
	g.SetLimit(20)
	for i := range 200 {
		backend := b
		if i%10 == 0 {
			backend = hung
		}
		service := backend.APIService("v1")
		service.Spec.Group = fmt.Sprintf("churn%d.example.com", i)
		service.Name = "v1." + service.Spec.Group
		names.Insert(service.Name)
		g.Go(func() error {
			_, err := services.Create(t.Context(), service, metav1.CreateOptions{})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return services, names
}
