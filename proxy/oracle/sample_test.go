package oracle

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// sampleTables are requests to the API that both k8s.io/sample-apiserver and examples/wardle serve.
var sampleTables = []table{
	described, converted, validated, changed, unscoped,
	ofWardle(reads), ofWardle(lists), ofWardle(writes), ofWardle(patches), ofWardle(watches),
}

// skipped are rows that cannot be compared for these two.
var skipped = []string{
	"a flunder with a name that nobody checks", // one of them would keep an additional flunder, which is a validated one
}

// ofWardle returns the rows of a table that are sent to the group, and those that create namespaces for them.
func ofWardle(t table) table {
	out := table{name: t.name}
	for _, r := range t.rows {
		ours := strings.HasPrefix(r.target, wardle) || strings.HasPrefix(r.target, wardle2) || r.target == core+"/namespaces"
		if ours && !slices.Contains(skipped, r.name) {
			out.rows = append(out.rows, r)
		}
	}
	return out
}

// sampleDifferences lists all differences between examples/wardle and k8s.io/sample-apiserver.
var sampleDifferences = []intendedDifference{
	{
		rows: regexp.MustCompile(``),
		text: regexp.MustCompile(`(?m)^ *"generation": \d+,\n|\\+"generation\\+":\d+,`),
		why:  "an object has a generation, which upstream leaves out",
	},
	{
		rows: regexp.MustCompile(`^described/v1`),
		text: regexp.MustCompile(`"storageVersionHash": "[^"]*"`),
		why:  "flunders are stored in v1beta1, and upstream's in v1alpha1",
	},
	{
		rows: regexp.MustCompile(`^changed/(merge patch that is not valid|what it reads as afterwards$)`),
		text: regexp.MustCompile(`"spec": \{[^}]*\}`),
		why:  "an update that nobody validates is stored as it is, where v1alpha1 has no words for it",
	},
	{
		rows: regexp.MustCompile(`Table`),
		text: regexp.MustCompile(`"(columnDefinitions|cells)": \[[^\]]*\]|"rows": (null|\[\])`),
		why:  "references are printed in columns of their own, and no rows are an empty list",
	},
	{
		rows:   regexp.MustCompile(`^(validated|fischers)/a .*name (with|that is)`),
		status: http.StatusUnprocessableEntity,
		why:    "an object's name has to be that of a DNS subdomain, as most of Kubernetes' own have to be",
	},
	{
		rows: regexp.MustCompile(`^(described|fischers|reads|lists|writes|patches|watches)/`),
		text: regexp.MustCompile(`, application/vnd.kubernetes.protobuf(;stream=watch)?|` +
			`"application/vnd.kubernetes.protobuf(;stream=watch)?": \{\s*"schema": \{\s*"\$ref": "[^"]*"\s*\}\s*\},\s*`),
		why: "protobuf is not on offer, in which upstream cannot write its objects",
	},
	{
		rows:   regexp.MustCompile(`^(reads/a flunder(|'s metadata)|described/v1alpha1|watches/events) as protobuf(|, which it has not)$`),
		status: http.StatusNotAcceptable,
		why:    "nothing is written in protobuf, and be it metadata",
	},
	{
		rows:   regexp.MustCompile(`^reads/a flunder as protobuf or else JSON$`),
		status: http.StatusOK,
		why:    "a client that prefers protobuf gets JSON",
	},
	{
		rows:   regexp.MustCompile(`^writes/a flunder as protobuf$`),
		status: http.StatusUnsupportedMediaType,
		why:    "nothing is read in protobuf",
	},
	{
		rows: regexp.MustCompile(`^(fischers/a fischer in a namespace|reads/a flunder('s (status|head|options)| as (CBOR|HTML)| without a namespace)|` +
			`reads/a method that is not|writes/(a flunder(, answered as nothing known| at its own path)|all flunders at once|everything everywhere)|` +
			`patches/(merge patch (to all|of a status)|a kind of patch that is none|apply in CBOR)|watches/events as CBOR)`),
		text: regexp.MustCompile(`(?m)^Warning: 299 - "wardle.example.com/v1alpha1 .* is deprecated .*\n`),
		why:  "who uses a deprecated version is told so, also in a request that is not understood",
	},
	{
		rows: regexp.MustCompile(`^lists/one flunder's metadata where a list is$`),
		text: regexp.MustCompile(`\*(wardle|v1beta1)\.`),
		why:  "there are no types beside those of the versions, so an error names one of theirs",
	},
}

// TestSample sends the same requests to examples/wardle and to the published k8s.io/sample-apiserver, behind aggregation-proxy and
// behind kube-apiserver, and compares the responses. It also uses upstream's clients with both.
func TestSample(t *testing.T) {
	layers := map[string]func(*testing.T) *proxytest.ControlPlane{
		proxytest.AggregationProxy: func(t *testing.T) *proxytest.ControlPlane { return proxytest.Start(t) },
		proxytest.KubeAPIServer:    func(t *testing.T) *proxytest.ControlPlane { return kube.StartAPIServer(t).ControlPlane },
	}
	for layer, start := range layers {
		t.Run(layer, func(t *testing.T) {
			ours, upstream := newSide(t, start(t)), newSide(t, start(t))
			kube.Wardle().Start(t, ours.ControlPlane)
			kube.Sample().Start(t, upstream.ControlPlane)
			c := comparison{got: "examples/wardle", want: "sample-apiserver behind " + layer, tables: sampleTables, intended: sampleDifferences}
			c.run(t, ours, upstream)
			t.Run("clients", func(t *testing.T) { useClients(t, ours) })
			t.Run("clients of upstream", func(t *testing.T) { useClients(t, upstream) })
		})
	}
}
