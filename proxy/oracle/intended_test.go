package oracle

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// intendedDifference describes exactly one difference.
type intendedDifference struct {
	// rows are the names of the affected rows. text is the text in their responses that may differ.
	rows, text *regexp.Regexp
	// status is used instead of text. It is our status, whatever the other's is. Nothing else in these responses is compared.
	status int
	why    string
}

// intendedDifferences lists all differences between aggregation-proxy and kube-apiserver.
var intendedDifferences = []intendedDifference{
	{
		rows: regexp.MustCompile(`^discovery/(all paths|liveness in detail|readiness in detail)$`),
		text: regexp.MustCompile(`(?m)^.*poststarthook/start-aggregation-proxy-controllers\b.*\n`),
		why:  "the controllers, another process in a cluster, are a hook here, and hooks have checks",
	},
	{
		rows: regexp.MustCompile(`^(headers|identities|malformed|apiservices|watches)/`),
		text: regexp.MustCompile(`(?m)^ "Proto": "HTTP/.*\n|^  "Accept-Encoding": \[\n   "gzip"\n  \],\n|^Vary: Accept-Encoding\n`),
		why:  "requests go to extension-apiservers over several connections of HTTP/1.1 rather than one of HTTP/2, and nobody compresses on the way what the client wants plain",
	},
	{
		rows: regexp.MustCompile(`^headers/an answer in chunks|^watches/events as protobuf$`),
		text: regexp.MustCompile(`(?m)^Content-Length: present\n`),
		why:  "whether a short answer is sent with its length or in chunks depends on when it is flushed, which is not the same",
	},
	{
		rows: regexp.MustCompile(`^headers/a trailer`),
		text: regexp.MustCompile(`(?m)X-Sum: 4\n`),
		why:  "trailers reach the client, which kube-apiserver announces and then loses in its filter for timeouts",
	},
	{
		rows: regexp.MustCompile(`^headers/a body when it is wanted$`),
		text: regexp.MustCompile(`(?m)^Content-Type: .*\n`),
		why:  "after 100 Continue, kube-apiserver's answer lacks the backend's Content-Type",
	},
	{
		rows:   regexp.MustCompile(`^identities/altered, `),
		status: http.StatusForbidden,
		why:    "an identity that HTTP alters is refused; kube-apiserver sends it, and HTTP/1.1 and upgrades alter it, or answers that the backend is unavailable",
	},
	{
		rows: regexp.MustCompile(`^identities/an extra key in upper case$`),
		text: regexp.MustCompile(`"X-Remote-Extra-(S|%53)copes"`),
		why:  "an extra key keeps its case, which kube-apiserver loses in the name of the header",
	},
	{
		rows: regexp.MustCompile(`^`),
		text: regexp.MustCompile(`(?m)^Warning: .* are stored here and never run: .*\n`),
		why:  "whoever creates a workload is told that it will not run",
	},
	{
		rows: regexp.MustCompile(`^openapi/v3's documents`),
		text: regexp.MustCompile(`hash=[0-9A-F]{128}`),
		why:  "a document's hash stands for the programs that it is built of, rather than for its content: so it need not be built to be listed",
	},
}

// intended removes the intended differences from both responses, and returns their reasons.
func intended(differences []intendedDifference, row, got, want string) (gotRest, wantRest string, why []string) {
	for _, d := range differences {
		if got == want || !d.rows.MatchString(row) {
			continue
		}
		var g, w string
		switch {
		case d.status == 0:
			g, w = d.text.ReplaceAllString(got, ""), d.text.ReplaceAllString(want, "")
		case !strings.Contains(got[:strings.Index(got, "\n")+1], fmt.Sprintf(" %d\n", d.status)):
			continue
		}
		if g != got || w != want {
			got, want, why = g, w, append(why, d.why)
		}
	}
	return got, want, why
}
