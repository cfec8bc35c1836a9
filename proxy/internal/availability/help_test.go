package availability_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// external is the Service of a backend on this machine.
var external = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}

func name(b *proxytest.Backend) string { return b.Options.Versions[0] + "." + b.Options.Group }

// freeze makes a backend hang until the test ends.
func freeze(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	b.Freeze()
	t.Cleanup(b.Thaw) // stopping it takes a TLS close
}

// becomes waits for the condition, and returns the duration of the wait.
func becomes(t *testing.T, cp *proxytest.ControlPlane, b *proxytest.Backend, status apiregistrationv1.ConditionStatus) time.Duration {
	t.Helper()
	started := time.Now()
	condition := cp.WaitCondition(t, name(b), "", func(c apiregistrationv1.APIServiceCondition) bool { return c.Status == status })
	took := time.Since(started)
	t.Logf("%s after %s: %s", status, took.Round(time.Millisecond), condition.Message)
	if want := map[bool]string{true: "Passed", false: "FailedDiscoveryCheck"}[status == apiregistrationv1.ConditionTrue]; condition.Reason != want {
		t.Errorf("the reason is %s, want %s", condition.Reason, want)
	}
	return took
}

// busy is the additional time on a busy machine.
const busy = 5 * time.Second

// tries are the durations of several attempts.
type tries []time.Duration

// within checks the limit of a duration. Other load on the machine can make attempts longer, but not shorter, so the shortest one
// counts.
func (took tries) within(t *testing.T, limit time.Duration) {
	t.Helper()
	if best, worst := slices.Min(took), slices.Max(took); best > limit || worst > limit+busy {
		t.Errorf("it took between %s and %s, and may take %s", best, worst, limit)
	}
}

// changes counts the writes of an APIService's status until the test ends, and how many of them change Available.
func changes(t *testing.T, cp *proxytest.ControlPlane, name string) (writes, flips *atomic.Int64) {
	t.Helper()
	services := cp.Aggregator(t).ApiregistrationV1().APIServices()
	current, err := services.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := services.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + name, ResourceVersion: current.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	writes, flips = new(atomic.Int64), new(atomic.Int64)
	available := helper.IsAPIServiceConditionTrue(current, apiregistrationv1.Available)
	go func() {
		for event := range w.ResultChan() {
			service, ok := event.Object.(*apiregistrationv1.APIService)
			if event.Type != watch.Modified || !ok {
				continue
			}
			writes.Add(1)
			if now := helper.IsAPIServiceConditionTrue(service, apiregistrationv1.Available); now != available {
				available = now
				flips.Add(1)
			}
		}
	}()
	return writes, flips
}

// load sends requests to the backend until callOff is called, and checks that they succeed.
func load(t *testing.T, cp *proxytest.ControlPlane, b *proxytest.Backend) (callOff func()) {
	t.Helper()
	client := cp.HTTPClient(t, "jane", "system:masters")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var sent atomic.Int64
	for range 4 {
		running.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, cp.URL+b.Path("things"), nil)
				if err != nil {
					t.Error(err)
					return
				}
				response, err := client.Do(request)
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				_, _ = io.Copy(io.Discard, response.Body) // the request may have been canceled
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					t.Errorf("GET things: %s", response.Status)
					return
				}
				sent.Add(1)
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
		t.Logf("%d requests meanwhile", sent.Load())
	}
}

// counted returns an error unless the given numbers of the named APIServices are Available, and unavailable.
func counted(ctx context.Context, cp *proxytest.ControlPlane, t *testing.T, names sets.Set[string], available, unavailable int) error {
	list, err := cp.Aggregator(t).ApiregistrationV1().APIServices().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	found := map[apiregistrationv1.ConditionStatus]int{}
	for i := range list.Items {
		if condition := helper.GetAPIServiceConditionByType(&list.Items[i], apiregistrationv1.Available); condition != nil && names.Has(list.Items[i].Name) {
			found[condition.Status]++
		}
	}
	if found[apiregistrationv1.ConditionTrue] != available || found[apiregistrationv1.ConditionFalse] != unavailable {
		return fmt.Errorf("there are %v", found)
	}
	return nil
}

// monitors returns the number of APIServices that the control plane probes.
func monitors(t *testing.T, cp *proxytest.ControlPlane) int {
	t.Helper()
	return strings.Count(fetch(t, cp, "/debug/pprof/goroutine?debug=2"), "availability.(*monitor).run(")
}

func fetch(t *testing.T, cp *proxytest.ControlPlane, path string) string {
	t.Helper()
	body, err := cp.Client(t).Discovery().RESTClient().Get().RequestURI(path).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
