package test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const (
	objects  = 10000
	watchers = 1000
	window   = 20 * time.Second
)

// A cost contains the resources that the apiserver needed in the window.
type cost struct {
	cpu, memory float64 // microseconds for each event, and MiB
	events      int64
}

// TestVirtualWatch compares the watches of a virtual and a stored kind, each with the same objects and changes.
func TestVirtualWatch(t *testing.T) {
	virtual := measure(t, "pears", strconv.Itoa(objects), func(*testing.T, context.Context, dynamic.ResourceInterface) {})
	stored := measure(t, "apples", "0", changeStored)
	for name, c := range map[string]cost{"virtual": virtual, "stored": stored} {
		fmt.Printf("%s: %d events, %.2f microseconds of CPU for each, %.0f MiB\n", name, c.events, c.cpu, c.memory)
	}
	fmt.Printf("ratio virtual-watch-cpu %.2f\n", virtual.cpu/stored.cpu)
	fmt.Printf("ratio virtual-watch-memory %.2f\n", virtual.memory/stored.memory)
}

// measure starts an apiserver, with watchers of all objects of a resource.
func measure(t *testing.T, resource, pears string, change func(*testing.T, context.Context, dynamic.ResourceInterface)) cost {
	t.Helper()
	t.Setenv("BENCH_PEARS", pears)
	port := freePort(t)
	server := startReplica(t, port)
	client := replicaClient(t, port).Resource(schema.GroupVersionResource{Group: "fruit.example.com", Version: "v1", Resource: resource}).Namespace(metav1.NamespaceDefault)
	if pears == "0" {
		create(t, client)
	}
	list, err := client.List(t.Context(), metav1.ListOptions{ResourceVersion: "0"})
	if err != nil || len(list.Items) != objects {
		t.Fatalf("%d objects, %v", len(list.Items), err)
	}
	account, err := serviceAccountConfig(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	direct := replicaConfig(port)
	direct.BearerToken = account.BearerToken
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var events atomic.Int64
	var started atomic.Bool
	errors := make(chan error, watchers)
	for range watchers {
		httpClient, err := rest.HTTPClientFor(direct)
		if err != nil {
			t.Fatal(err)
		}
		response := open(t, ctx, httpClient, direct.Host+"/apis/fruit.example.com/v1/"+resource+"?watch=true&resourceVersion="+list.GetResourceVersion())
		all.Go(func() {
			defer response.Body.Close()
			if err := follow(response, &events, &started); err != nil && ctx.Err() == nil {
				errors <- err
			}
		})
	}
	all.Go(func() { change(t, ctx, client) })
	time.Sleep(10 * time.Second)
	started.Store(true)
	cpu, before := cpuOf(t, server.Process.Pid), events.Load()
	time.Sleep(window)
	c := cost{memory: memoryOf(t, server.Process.Pid), events: events.Load() - before}
	c.cpu = (cpuOf(t, server.Process.Pid) - cpu) * 1e6 / float64(c.events)
	cancel()
	all.Wait()
	close(errors)
	for err := range errors {
		t.Error(err)
	}
	if c.events == 0 {
		t.Fatal("no events")
	}
	stopReplica(t, server)
	return c
}

func open(t *testing.T, ctx context.Context, client *http.Client, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	return response
}

// follow counts the events of a watch. The message of each is the number of the change. Once started, each number must occur once, and
// resourceVersions must increase. A virtual kind's server reads several objects at the same time, so it may find a change of another
// object a moment earlier. Before that, it compares the first lists, which does not tell in which order objects have changed.
func follow(response *http.Response, events *atomic.Int64, started *atomic.Bool) error {
	lines := bufio.NewReaderSize(response.Body, 1<<16)
	first, next, version, missing := 0, 0, 0, map[int]bool{}
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return err
		}
		events.Add(1)
		if !started.Load() {
			continue
		}
		n, newer := number(line, `"message":"`), number(line, `"resourceVersion":"`)
		if next == 0 {
			first, next = n, n+1
			continue
		}
		for ; next < n; next++ {
			missing[next] = true
		}
		switch {
		case n == next:
			next++
		case missing[n]:
			delete(missing, n)
		case n >= first:
			return fmt.Errorf("change %d came twice", n)
		}
		for late := range missing {
			if late < n-100 {
				return fmt.Errorf("change %d did not come before change %d", late, n)
			}
		}
		if newer <= version {
			return fmt.Errorf("resourceVersion %d came after %d", newer, version)
		}
		version = newer
	}
}

// number returns the number after a text in a line.
func number(line []byte, after string) int {
	_, rest, _ := bytes.Cut(line, []byte(after))
	digits, _, _ := bytes.Cut(rest, []byte(`"`))
	n, _ := strconv.Atoi(string(digits))
	return n
}

// create creates the objects that are stored.
func create(t *testing.T, client dynamic.ResourceInterface) {
	t.Helper()
	var all sync.WaitGroup
	next := make(chan int)
	for range 10 {
		all.Go(func() {
			for i := range next {
				object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "fruit.example.com/v1", "kind": "Apple", "spec": map[string]any{}}}
				object.SetName(fmt.Sprintf("fruit-%05d", i))
				object.SetLabels(map[string]string{"bench": "true"})
				if _, err := client.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range objects {
		next <- i
	}
	close(next)
	all.Wait()
}

// changeStored changes an object every hundredth of a second.
func changeStored(t *testing.T, ctx context.Context, client dynamic.ResourceInterface) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			patch := fmt.Appendf(nil, `{"spec":{"message":"%d"}}`, n)
			if _, err := client.Patch(ctx, fmt.Sprintf("fruit-%05d", n%objects), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}
}

// cpuOf returns the CPU time of a process in seconds.
func cpuOf(t *testing.T, pid int) float64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// memoryOf returns the resident memory of a process in MiB.
func memoryOf(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}
