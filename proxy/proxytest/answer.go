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

// Answer is a response, read to its end.
type Answer struct {
	Status  int
	Header  http.Header
	Body    string
	Trailer http.Header
}

// Try sends a request for the path and query to the control plane, where failing is an outcome.
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

// ReadAnswer reads a response to its end and closes it. What came of it is returned with an error too.
func ReadAnswer(response *http.Response) (Answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(body), response.Trailer}, err
}

// Echo is what the backend says that it received.
func (a Answer) Echo(t testing.TB) Echo {
	t.Helper()
	var seen Echo
	if err := json.Unmarshal([]byte(a.Body), &seen); err != nil || a.Status != http.StatusOK {
		t.Fatalf("no echo but %d %q: %v", a.Status, a.Body, err)
	}
	return seen
}

// Contains tells whether a text is in the body.
func (a Answer) Contains(text string) bool { return strings.Contains(a.Body, text) }

// WantStatus wants a status, with whatever body.
func (a Answer) WantStatus(t testing.TB, status int) {
	t.Helper()
	if a.Status != status {
		t.Errorf("got %d %q, want %d", a.Status, a.Body, status)
	}
}

// Want wants a status and exactly this body.
func (a Answer) Want(t testing.TB, status int, body string) {
	t.Helper()
	if a.Status != status || a.Body != body {
		t.Errorf("got %d %q, want %d %q", a.Status, a.Body, status, body)
	}
}

// WantHeader wants a header with exactly these values; without any, that it is not there.
func (a Answer) WantHeader(t testing.TB, name string, values ...string) {
	t.Helper()
	WantHeader(t, a.Header, name, values...)
}

// WantHeader is Answer.WantHeader for a header of something else.
func WantHeader(t testing.TB, header http.Header, name string, values ...string) {
	t.Helper()
	if diff := cmp.Diff(values, header.Values(name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
