package main

import (
	"context"
	"testing"
)

// TestErrorsAreHiddenBeforeTheEnd checks that errors are hidden before kube-apiserver begins to shut down.
func TestErrorsAreHiddenBeforeTheEnd(t *testing.T) {
	l, err := newLogs(logOptions{format: textFormat})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		ctx, end := context.WithCancel(t.Context())
		run, stop := l.hideErrorsFirst(ctx)
		l.showErrorsUntil(run)
		go end()
		<-run.Done()
		if got := l.text.Lookup("stderrthreshold").Value.String(); got != "3" {
			t.Fatalf("the threshold is %s when the end begins, want 3, which is FATAL", got)
		}
		stop()
	}
}
