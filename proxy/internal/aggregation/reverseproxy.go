package aggregation

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"time"

	proxyutil "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/klog/v2"

	"github.com/apiserver-builder/builder/proxy/internal/drain"
)

const (
	// flushAfter is how long a part of a response of known length may wait for more; others don't wait at all.
	flushAfter = 200 * time.Millisecond
	copyBuffer = 32 << 10
	redirected = "the backend attempted to redirect this request, which is not permitted"
)

var errSwitched = errors.New("the backend switched protocols, which nobody asked for")

// corsHeaders are between a browser and this server: an extension-apiserver has no say in them.
var corsHeaders = []string{
	"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin",
}

// newReverseProxy serves all exchanges: each finds its own way by the exchange in its context.
func newReverseProxy() *httputil.ReverseProxy {
	var watches drain.Watches
	return &httputil.ReverseProxy{
		// Not Rewrite, which drops the X-Forwarded headers that kube-apiserver hands on.
		Director: func(out *http.Request) { //nolint:staticcheck // see above
			out.URL = exchangeOf(out).location()
			out.Host = out.URL.Host
			// This server has answered it, and an answer from behind would take our headers with it.
			out.Header.Del("Expect")
		},
		Transport: toBackend{func(x *exchange) http.RoundTripper { return x }},
		ModifyResponse: func(response *http.Response) error {
			x := exchangeOf(response.Request)
			if x.longRunning {
				watches.Track(x.in, response)
			}
			return x.modify(response)
		},
		ErrorHandler:  answerError,
		FlushInterval: flushAfter,
		BufferPool:    &bufferPool{},
		ErrorLog:      log.New(debugLog{}, "", 0),
	}
}

func exchangeOf(out *http.Request) *exchange {
	return out.Context().Value(exchangeKey{}).(*exchange)
}

// toBackend brings a request to the exchange's backend. Here and not in the Director, because a client can name headers
// in Connection that are dropped after it.
type toBackend struct {
	transport func(*exchange) http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t toBackend) RoundTrip(out *http.Request) (*http.Response, error) {
	x := exchangeOf(out)
	x.setIdentity(out)
	return forward(out, t.transport(x))
}

// forward adds the X-Forwarded headers to the request, and rewrites links in the answer, as kube-apiserver does for all it
// proxies, but pages as they come.
func forward(out *http.Request, next http.RoundTripper) (*http.Response, error) {
	host := out.URL.Host
	hidden := pages{RoundTripper: next}
	stock := proxyutil.Transport{Scheme: "https", Host: host, RoundTripper: &hidden}
	response, err := stock.RoundTrip(out)
	if err != nil || hidden.contentType == nil {
		return response, err
	}
	response.Header["Content-Type"] = hidden.contentType
	if response.Header.Get("Location") != "" {
		return response, nil
	}
	err = rewritePage(response, func(link *url.URL) string {
		elsewhere := link.Host != "" && link.Host != out.URL.Host && link.Host != out.Host
		if !elsewhere && strings.HasPrefix(link.Path, "/") {
			link.Scheme, link.Host = "https", host
		}
		return link.String()
	})
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// pages hides from proxyutil.Transport that an answer is HTML, which it would read whole.
type pages struct {
	http.RoundTripper
	contentType []string
}

// RoundTrip implements http.RoundTripper.
func (p *pages) RoundTrip(out *http.Request) (*http.Response, error) {
	response, err := p.RoundTripper.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(kind) == "text/html" {
		p.contentType = response.Header["Content-Type"]
		response.Header.Del("Content-Type")
	}
	return response, nil
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(out.Context()); trace != nil {
		pass := trace.Got1xxResponse
		trace.Got1xxResponse = func(code int, header textproto.MIMEHeader) error {
			if code == http.StatusSwitchingProtocols { // HTTP/2 has no such thing, but to a client of HTTP/1.1 it would be one
				return errSwitched
			}
			return pass(code, header)
		}
	}
	return x.backend.roundTrip(out, x.endpoint, x.longRunning)
}

// modify keeps from the client what isn't for it.
func (x *exchange) modify(response *http.Response) error {
	x.backend.metrics.answered(response.StatusCode, time.Since(x.started))
	if response.StatusCode == http.StatusSwitchingProtocols {
		// Upgrades don't come this way: nobody asked for it. Without its body, which is the connection, there is no tunnel,
		// whatever the headers say, and the reverse proxy answers that.
		response.Body.Close()
		response.Body = http.NoBody
		return nil
	}
	if code := response.StatusCode; code >= 300 && code <= 399 && response.Header.Get("Location") != "" {
		response.Body.Close()
		*response = http.Response{
			StatusCode:    http.StatusBadGateway,
			Status:        fmt.Sprintf("%d %s", http.StatusBadGateway, http.StatusText(http.StatusBadGateway)),
			Body:          io.NopCloser(strings.NewReader(redirected)),
			ContentLength: int64(len(redirected)),
		}
		return nil
	}
	for _, name := range corsHeaders {
		delete(response.Header, name)
	}
	if response.ContentLength < 0 && !x.longRunning {
		// All that the reverse proxy takes from it is whether to flush after every write, for what may be a stream.
		response.ContentLength = 0
	}
	return nil
}

// answerError tells the client that no response came.
func answerError(w http.ResponseWriter, out *http.Request, err error) {
	x := exchangeOf(out)
	x.backend.metrics.failed()
	if x.overdue() {
		failLate(w, x.in)
		return
	}
	if x.in.Context().Err() == nil {
		klog.V(1).InfoS("A request did not reach the extension-apiserver", "apiService", x.backend.name, "method", out.Method, "path", x.in.URL.Path, "err", err)
	}
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// bufferPool lends the memory that bodies are copied through.
type bufferPool struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (p *bufferPool) Get() []byte {
	if buffer, ok := p.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, copyBuffer)
}

// Put implements httputil.BufferPool.
func (p *bufferPool) Put(buffer []byte) { p.pool.Put(&buffer) }

// debugLog is for the reverse proxy's complaints of clients and servers that hang up.
type debugLog struct{}

func (debugLog) Write(line []byte) (int, error) {
	klog.V(2).InfoS("Proxying a response ended early", "reason", strings.TrimSpace(string(line)))
	return len(line), nil
}
