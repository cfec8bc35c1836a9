package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const (
	flunders = "/apis/" + group + "/" + version + "/namespaces/" + namespace + "/flunders"
	// This label distinguishes objects to list from those that are created.
	label                     = "bench"
	listedValue, createdValue = "listed", "created"
	listed                    = 500
	firstListed               = flunders + "/flunder-000"
	deleteCreated             = flunders + "?labelSelector=" + label + "%3D" + createdValue
	mergePatch, jsonMediaType = "application/merge-patch+json", "application/json"
)

// call is a request to any target.
type call struct {
	method, path, body string
	// status is the status of the response.
	status int
}

func getOne() call { return call{http.MethodGet, firstListed, "", http.StatusOK} }

func listAll() call { return call{http.MethodGet, flunders, "", http.StatusOK} }

func createFlunder(name, value string) call {
	body := fmt.Sprintf(`{"apiVersion":"%s/%s","kind":"Flunder","metadata":{"name":"%s","labels":{"%s":"%s"}},"spec":{"reference":"other"}}`,
		group, version, name, label, value)
	return call{http.MethodPost, flunders, body, http.StatusCreated}
}

func annotateFirst(value string) call {
	body := fmt.Sprintf(`{"metadata":{"annotations":{"bench":"%s"}}}`, value)
	return call{http.MethodPatch, firstListed, body, http.StatusOK}
}

func watchFrom(resourceVersion string) call {
	return call{http.MethodGet, flunders + "?watch=1&allowWatchBookmarks=true&resourceVersion=" + resourceVersion, "", http.StatusOK}
}

// send writes the response's body to w, and returns its size.
func (c call) send(ctx context.Context, client *http.Client, url string, w io.Writer) (int, error) {
	response, err := c.open(ctx, client, url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.Copy(w, response.Body)
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w", c.method, c.path, err)
	}
	return int(n), nil
}

// open returns a response with the right status. The caller closes its body.
func (c call) open(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, url+c.path, strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", jsonMediaType)
	switch c.method {
	case http.MethodPost:
		request.Header.Set("Content-Type", jsonMediaType)
	case http.MethodPatch:
		request.Header.Set("Content-Type", mergePatch)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != c.status || response.ProtoMajor != 2 {
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // read as much as there is
		return nil, fmt.Errorf("%s %s%s: %s over %s, want %d over HTTP/2:\n%s",
			c.method, url, c.path, response.Status, response.Proto, c.status, body)
	}
	return response, nil
}

// mustSend returns the response's body.
func (c call) mustSend(b *testing.B, client *http.Client, url string) string {
	b.Helper()
	var body bytes.Buffer
	if _, err := c.send(b.Context(), client, url, &body); err != nil {
		b.Fatal(err)
	}
	return body.String()
}

// createObjects creates the objects that are read, directly at the extension-apiserver.
func (s *setup) createObjects(b *testing.B) {
	b.Helper()
	client := s.clients(b)[0]
	for i := range listed {
		createFlunder(fmt.Sprintf("flunder-%03d", i), listedValue).mustSend(b, client, s.direct)
	}
}
