package oracle

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// maxAnswer is the maximum size of a response with all errors that are shown. Each is in the message and in the causes.
	maxAnswer = 80 << 10
	// cpuNoise is the CPU time, in seconds, that a server may use for other work meanwhile.
	cpuNoise = 0.3
)

// testHostile sends bodies that are expensive to validate, up to the maximum size, to the generated apiserver and to a CRD, and
// compares the CPU time.
func testHostile(t *testing.T, cluster *proxytest.ControlPlane, generatedServer served) {
	t.Helper()
	admin := cluster.HTTPClient(t, "hostile", "system:masters")
	kubeAPIServer := served{url: cluster.URL, client: admin}
	for name, body := range map[string]string{
		"16 KB of equal items":     equalItems(16 << 10),
		"80 KB, which are 20000":   equalItems(80 << 10),
		"3 MB of equal items":      equalItems(3<<20 - 1024),
		"3 MB of a string":         hostileApple(`"tags":["` + strings.Repeat("ä", (3<<20-1024)/2) + `"]`),
		"3 MB of control bytes":    hostileApple(`"tags":["` + strings.Repeat(`\u0001`, (3<<20-1024)/6) + `"]`),
		"3 MB of keys":             hostileApple(manyKeys(3<<20 - 1024)),
		"1 MB of nesting":          hostileApple(`"tags":` + strings.Repeat("[", 1<<20)),
		"3 MB for a short pattern": hostileApple(`"variety":"A` + strings.Repeat("b", 3<<20-1024) + `"`),
	} {
		t.Run(name, func(t *testing.T) {
			crd := cost(t, kubeAPIServer, admin, cluster.URL, custom, body)
			ours := cost(t, generatedServer, admin, cluster.URL, generated, body)
			t.Logf("a CRD: %+v; the generated apiserver: %+v", crd, ours)
			if ours.status != crd.status {
				t.Errorf("status %d, a CRD's %d", ours.status, crd.status)
			}
			if ours.bytes > maxAnswer {
				t.Errorf("the answer has %d bytes", ours.bytes)
			}
			if ours.cpu > 3*crd.cpu+cpuNoise {
				t.Errorf("%.2f s of CPU time, a CRD's %.2f s", ours.cpu, crd.cpu)
			}
		})
	}
}

// hostileCost contains the costs of a request.
type hostileCost struct {
	status, bytes int
	cpu           float64 // seconds
}

// cost posts a body, and returns the CPU time of the server.
func cost(t *testing.T, server served, client *http.Client, url string, resource schema.GroupVersionResource, body string) hostileCost {
	t.Helper()
	path := "/apis/" + resource.Group + "/" + resource.Version + "/namespaces/" + appleSpace + "/" + resource.Resource
	body = strings.Replace(body, "API_VERSION", resource.GroupVersion().String(), 1)
	before := cpuSeconds(t, server)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return hostileCost{response.StatusCode, int(n), cpuSeconds(t, server) - before}
}

// cpuSeconds returns the CPU time of a server so far.
func cpuSeconds(t *testing.T, server served) float64 {
	t.Helper()
	metrics, err := server.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(metrics)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); ok {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return seconds
		}
	}
	t.Fatal("no process_cpu_seconds_total among the metrics")
	return 0
}

// hostileApple returns an apple with a spec.
func hostileApple(spec string) string {
	return `{"apiVersion":"API_VERSION","kind":"Apple","metadata":{"name":"hostile"},"spec":{` + spec + `}}`
}

func equalItems(size int) string {
	return hostileApple(`"tags":["a"` + strings.Repeat(`,"a"`, size/4) + `]`)
}

// manyKeys returns an apple with many unknown fields.
func manyKeys(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size-20; i++ {
		b.WriteString(`"k` + strconv.Itoa(i) + `":0,`)
	}
	return strings.TrimSuffix(b.String(), ",")
}
