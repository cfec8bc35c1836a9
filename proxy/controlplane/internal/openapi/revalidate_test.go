package openapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWithoutHash(t *testing.T) {
	for request, want := range map[string]string{
		"/openapi/v3/apis/a.example.com/v1?hash=A&b=c": "/openapi/v3/apis/a.example.com/v1?b=c",
		"/openapi/v3/apis/a.example.com/v1?hash=A":     "/openapi/v3/apis/a.example.com/v1",
		"/openapi/v3/apis/a.example.com/v1?timeout=1s": "/openapi/v3/apis/a.example.com/v1?timeout=1s",
		"/openapi/v3/api/v1?hash=A":                    "/openapi/v3/api/v1?hash=A",
		"/apis/a.example.com/v1/as?hash=A":             "/apis/a.example.com/v1/as?hash=A",
	} {
		var got string
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL.String() })
		withoutHash(next).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, request, nil))
		if got != want {
			t.Errorf("%s became %s, want %s", request, got, want)
		}
	}
}
