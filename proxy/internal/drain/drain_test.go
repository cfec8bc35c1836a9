package drain

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"k8s.io/apiserver/pkg/endpoints/request"
)

type signal chan struct{}

func (s signal) ShuttingDown() <-chan struct{} { return s }

// TestWatchesEndAndOthersContinue forwards two responses that do not end, one of them to a watch, and stops the server.
func TestWatchesEndAndOthersContinue(t *testing.T) {
	release := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "beginning")
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-release:
			io.WriteString(w, ", end")
		}
	}))
	defer backend.Close()
	to, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	var watches Watches
	stop := make(signal)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/watch" {
			r = r.WithContext(request.WithServerShutdownSignal(r.Context(), stop))
		}
		proxy := httputil.ReverseProxy{
			Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(to) },
			ModifyResponse: func(response *http.Response) error { watches.Track(r, response); return nil },
			FlushInterval:  -1,
		}
		proxy.ServeHTTP(w, r)
	}))
	front.EnableHTTP2 = true
	front.StartTLS()
	defer front.Close()

	get := func(path string) io.Reader {
		response, err := front.Client().Get(front.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response.Body
	}
	watch, other := get("/watch"), get("/other")
	close(stop)
	if got, err := io.ReadAll(watch); string(got) != "beginning" || err != nil {
		t.Errorf("the watch: %q, %v; want its clean end", got, err)
	}
	close(release)
	if got, err := io.ReadAll(other); string(got) != "beginning, end" || err != nil {
		t.Errorf("the other: %q, %v; want all of it", got, err)
	}
	if len(watches.bodies) > 0 {
		t.Errorf("%d bodies are still remembered", len(watches.bodies))
	}
	// A watch that starts while the server stops ends at once.
	if got, err := io.ReadAll(get("/watch")); err != nil {
		t.Errorf("a watch after the stop: %q, %v", got, err)
	}
}
