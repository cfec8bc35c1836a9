package oracle

import "regexp"

// An intendedDifference is a difference that is meant to be, and is no other than this one.
type intendedDifference struct {
	// rows are the names of those concerned. In their answers, text is what may differ.
	rows, text *regexp.Regexp
	why        string
}

// intendedDifferences are all there are.
var intendedDifferences = []intendedDifference{
	{
		rows: regexp.MustCompile(`^discovery/(all paths|liveness in detail|readiness in detail)$`),
		text: regexp.MustCompile(`(?m)^.*poststarthook/(start-aggregation-proxy-controllers|aggregation-proxy-remote-apiservices|apiservice-status-remote-available-controller)\b.*\n`),
		why:  "the controllers, another process in a cluster, are a hook here, as is our availability controller instead of kube-apiserver's; all hooks have checks",
	},
	{
		rows: regexp.MustCompile(`^(headers|malformed|apiservices|watches)/`),
		text: regexp.MustCompile(`(?m)^ "Proto": "HTTP/.*\n|^  "Accept-Encoding": \[\n   "gzip"\n  \],\n|^Vary: Accept-Encoding\n`),
		why:  "requests go to extension-apiservers over several connections of HTTP/1.1 rather than one of HTTP/2, and nobody compresses on the way what the client wants plain",
	},
	{
		rows: regexp.MustCompile(`^openapi/v3's documents`),
		text: regexp.MustCompile(`hash=[0-9A-F]{128}`),
		why:  "a document's hash stands for the programs that it is built of, rather than for its content: so it need not be built to be listed",
	},
}

// intended takes what is meant to differ in the row out of both answers, and tells by which entry.
func intended(row, got, want string) (string, string, string) {
	for _, d := range intendedDifferences {
		if d.rows.MatchString(row) {
			return d.text.ReplaceAllString(got, ""), d.text.ReplaceAllString(want, ""), d.why
		}
	}
	return got, want, ""
}
