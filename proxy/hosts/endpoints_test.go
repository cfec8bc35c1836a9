// Package hosts_test runs tests that need several machines. It simulates them as network namespaces.
package hosts_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestEndpointLost removes one of three hosts under load. Requests may fail for five seconds, but not later, and the APIService
// stays Available.
func TestEndpointLost(t *testing.T) {
	const allowed, after, enough, back = 5 * time.Second, 5 * time.Second, 2000, 15 * time.Second
	for name, tt := range map[string]struct {
		lose, find func(*host, *testing.T)
	}{
		"killed":    {func(h *host, _ *testing.T) { h.stop() }, (*host).start},
		"unplugged": {(*host).unplug, (*host).plugIn},
	} {
		t.Run(name, func(t *testing.T) {
			cp := proxytest.Start(t)
			b, hosts := register(t, cp, 3)
			l := startLoad(t, cp, b)
			l.balanced(t, hosts)

			lost := time.Now()
			tt.lose(hosts[0], t)
			gone := time.Now()
			sleep(t, allowed)
			failed, _ := l.since(lost)
			t.Logf("%d failed at first: %v", len(failed), sample(failed))
			for _, r := range failed {
				if r.upgrade && r.began.After(gone) { // each opens a new connection, so none needs to fail
					t.Errorf("an upgrade failed: %v", sample([]result{r}))
				}
			}
			settled := time.Now()
			sleep(t, after)
			l.answered(t, settled, enough)
			failed, answers := l.since(settled)
			if len(failed) > 0 {
				t.Errorf("%d requests failed later than %s: %v", len(failed), allowed, sample(failed))
			}
			if answers[hosts[0].name] > 0 {
				t.Errorf("%d answers came from the lost host", answers[hosts[0].name])
			}
			l.balanced(t, hosts[1:])

			tt.find(hosts[0], t)
			proxytest.Eventually(t, "answers from the host that is back", back, func(context.Context) error {
				if _, answers := l.since(time.Now().Add(-time.Second)); answers[hosts[0].name] == 0 {
					return fmt.Errorf("there are %v", answers)
				}
				return nil
			})
			service, err := cp.Aggregator(t).ApiregistrationV1().APIServices().Get(t.Context(), "v1."+b.Options.Group, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if available := service.Status.Conditions[0]; !available.LastTransitionTime.Time.Before(lost) {
				t.Errorf("it was not Available for a while: %+v", available)
			}
		})
	}
}

// TestEndpointRemoved removes one of three endpoints from the EndpointSlice under load. No request may fail.
func TestEndpointRemoved(t *testing.T) {
	cp := proxytest.Start(t)
	b, hosts := register(t, cp, 3)
	l := startLoad(t, cp, b)
	l.balanced(t, hosts)

	slices := cp.Client(t).DiscoveryV1().EndpointSlices(b.Options.Namespace)
	list, err := slices.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%d EndpointSlices: %v", len(list.Items), err)
	}
	removed := time.Now()
	list.Items[0].Endpoints = list.Items[0].Endpoints[1:]
	if _, err := slices.Update(t.Context(), &list.Items[0], metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	proxytest.Eventually(t, "a second without the endpoint", proxytest.Patience, func(context.Context) error {
		if _, answers := l.since(time.Now().Add(-time.Second)); answers[hosts[0].name] > 0 {
			return fmt.Errorf("there are %v", answers)
		}
		return nil
	})
	settled := time.Now()
	sleep(t, time.Second)
	hosts[0].stop() // a Pod also stops some time after its removal
	sleep(t, time.Second)
	if failed, _ := l.since(removed); len(failed) > 0 {
		t.Errorf("%d requests failed: %v", len(failed), sample(failed))
	}
	if _, answers := l.since(settled); answers[hosts[0].name] > 0 {
		t.Errorf("the removed endpoint was asked %d times", answers[hosts[0].name])
	}
	l.balanced(t, hosts[1:])
}

// register creates n hosts with the same backend, and an APIService for them.
func register(t *testing.T, cp *proxytest.ControlPlane, n int) (*proxytest.Backend, []*host) {
	t.Helper()
	namespace := cp.Namespace(t)
	b := &proxytest.Backend{
		Options:   proxytest.BackendOptions{Namespace: namespace, Service: "backend", Group: namespace + ".example.com", Versions: []string{"v1"}, Port: port},
		Authority: proxytest.NewAuthority(t, "backend"),
	}
	hosts := newHosts(t, n, b)
	var addresses []string
	for _, h := range hosts {
		addresses = append(addresses, h.address)
	}
	b.RegisterEndpoints(t, cp, addresses...)
	b.WaitServed(t, cp)
	condition := cp.WaitCondition(t, "v1."+b.Options.Group, "Passed", nil)
	if condition.Status != apiregistrationv1.ConditionTrue {
		t.Fatalf("the condition is %+v", condition)
	}
	return b, hosts
}

// result is the result of a request.
type result struct {
	began, ended time.Time
	host         string
	failure      string
	upgrade      bool
}

// load sends requests until the test ends.
type load struct {
	lock    sync.Mutex
	results []result
}

func startLoad(t *testing.T, cp *proxytest.ControlPlane, b *proxytest.Backend) *load {
	t.Helper()
	const clients, pause, upgrades = 8, 10 * time.Millisecond, 8 // one of this many requests is an upgrade
	l := &load{}
	client, upgrading := cp.HTTPClient(t, "jane", "system:masters"), cp.HTTPClient(t, "jane", "system:masters")
	transport := upgrading.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2, transport.DisableKeepAlives = false, true
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for i := 1; ctx.Err() == nil; i++ {
				if i%upgrades == 0 {
					l.add(ctx, ask(ctx, upgrading, cp.URL+b.Path("host"), true))
				} else {
					l.add(ctx, ask(ctx, client, cp.URL+b.Path("host"), false))
				}
				time.Sleep(pause)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return l
}

// ask requests the host's name, over HTTP or over an upgraded connection.
func ask(ctx context.Context, client *http.Client, url string, upgrade bool) (r result) {
	r.began, r.upgrade = time.Now(), upgrade
	defer func() { r.ended = time.Now() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		r.failure = err.Error()
		return r
	}
	want := http.StatusOK
	if upgrade {
		want, request.Header = http.StatusSwitchingProtocols, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"name"}}
	}
	response, err := client.Do(request)
	if err != nil {
		r.failure = err.Error()
		return r
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if r.host = string(body); err != nil || response.StatusCode != want {
		r.failure = fmt.Sprint(response.Status, " ", r.host, err)
	}
	return r
}

func (l *load) add(ctx context.Context, r result) {
	if ctx.Err() != nil {
		return // the load has been stopped
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.results = append(l.results, r)
}

// since returns the failures, and the number of responses by host, of requests that started after a time.
func (l *load) since(began time.Time) (failed []result, answers map[string]int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	answers = map[string]int{}
	for _, r := range l.results {
		switch {
		case r.began.Before(began):
		case r.failure != "":
			failed = append(failed, r)
		default:
			answers[r.host]++
		}
	}
	return failed, answers
}

// answered waits for the responses to a number of requests that started after a time.
func (l *load) answered(t *testing.T, began time.Time, enough int) {
	t.Helper()
	proxytest.Eventually(t, "requests", proxytest.Patience, func(context.Context) error {
		total := 0
		_, answers := l.since(began)
		for _, n := range answers {
			total += n
		}
		if total < enough {
			return fmt.Errorf("%d were answered, %d are wanted", total, enough)
		}
		return nil
	})
}

// balanced checks that each host gets its share, within a quarter, and that other hosts get no requests.
func (l *load) balanced(t *testing.T, hosts []*host) {
	t.Helper()
	started := time.Now()
	l.answered(t, started, 300*len(hosts))
	failed, answers := l.since(started)
	if len(failed) > 0 {
		t.Errorf("%d requests failed: %v", len(failed), sample(failed))
	}
	total := 0
	for _, n := range answers {
		total += n
	}
	for _, h := range hosts {
		if share := total / len(hosts); answers[h.name] < share*3/4 || answers[h.name] > share*5/4 {
			t.Errorf("%s answered %d of %d: %v", h.name, answers[h.name], total, answers)
		}
	}
	if len(answers) != len(hosts) {
		t.Errorf("answers came from %v", answers)
	}
}

// sample returns a few results, for messages.
func sample(results []result) []string {
	var lines []string
	for _, r := range results[:min(len(results), 3)] {
		lines = append(lines, fmt.Sprintf("%s, after %s", r.failure, r.ended.Sub(r.began).Round(time.Millisecond)))
	}
	return lines
}

// sleep waits for the duration that a test is about.
func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}
