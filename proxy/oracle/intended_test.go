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
		text: regexp.MustCompile(`(?m)^.*poststarthook/start-aggregation-proxy-controllers.*\n`),
		why:  "the controllers are a process of their own in a cluster, and hooks here, which have checks as all hooks do",
	},
	{
		rows: regexp.MustCompile(`^openapi/v3's documents`),
		text: regexp.MustCompile(`hash=[0-9A-F]{128}`),
		why:  "a document's hash stands for the programs that it is built of, rather than for its content: so it need not be built to be listed",
	},
}

// intended takes what is meant to differ in the row out of both answers, and tells by which entry.
func intended(row, got, want string) (string, string, *intendedDifference) {
	for i, d := range intendedDifferences {
		if d.rows.MatchString(row) {
			return d.text.ReplaceAllString(got, ""), d.text.ReplaceAllString(want, ""), &intendedDifferences[i]
		}
	}
	return got, want, nil
}
