package proxytest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Answer is a response whose body has been read.
type Answer struct {
	Status  int
	Header  http.Header
	Body    string
	Trailer http.Header
}

// Try sends a request for the path and query to the control plane. It returns errors, for tests that expect them.
func (cp *ControlPlane) Try(ctx context.Context, client *http.Client, method, target string, header http.Header, body io.Reader) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, cp.URL+target, body)
	if err != nil {
		return Answer{}, err
	}
	if header != nil {
		request.Header = header.Clone()
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	return ReadAnswer(response)
}

// ReadAnswer reads and closes a response. If reading fails, it also returns the part that it has read.
func ReadAnswer(response *http.Response) (Answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(body), response.Trailer}, err
}

// Echo decodes the request that the backend received.
func (a Answer) Echo(t testing.TB) Echo {
	t.Helper()
	var seen Echo
	if err := json.Unmarshal([]byte(a.Body), &seen); err != nil || a.Status != http.StatusOK {
		t.Fatalf("no echo but %d %q: %v", a.Status, a.Body, err)
	}
	return seen
}

// Contains reports whether the body contains a text.
func (a Answer) Contains(text string) bool { return strings.Contains(a.Body, text) }

// WantStatus checks the status.
func (a Answer) WantStatus(t testing.TB, status int) {
	t.Helper()
	if a.Status != status {
		t.Errorf("got %d %q, want %d", a.Status, a.Body, status)
	}
}

// Want checks the status and the body.
func (a Answer) Want(t testing.TB, status int, body string) {
	t.Helper()
	if a.Status != status || a.Body != body {
		t.Errorf("got %d %q, want %d %q", a.Status, a.Body, status, body)
	}
}

// WantHeader checks the values of a header. Without values, the header must be missing.
func (a Answer) WantHeader(t testing.TB, name string, values ...string) {
	t.Helper()
	WantHeader(t, a.Header, name, values...)
}

// WantHeader checks the values of a header, like Answer.WantHeader.
func WantHeader(t testing.TB, header http.Header, name string, values ...string) {
	t.Helper()
	if diff := cmp.Diff(values, header.Values(name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
