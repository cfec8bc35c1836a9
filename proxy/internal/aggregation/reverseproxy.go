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
	// flushAfter limits the delay of a part of a response of known length. Other responses are not delayed.
	flushAfter = 200 * time.Millisecond
	copyBuffer = 32 << 10
	redirected = "the backend attempted to redirect this request, which is not permitted"
)

var errSwitched = errors.New("the backend switched protocols without a request for an upgrade")

// corsHeaders are negotiated between a browser and this server. Headers of an extension-apiserver do not count.
var corsHeaders = []string{
	"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin",
}

// newReverseProxy returns a proxy for all exchanges. It finds each exchange in the context of the request.
func newReverseProxy() *httputil.ReverseProxy {
	var watches drain.Watches
	return &httputil.ReverseProxy{
		// Rewrite would drop the X-Forwarded headers, which kube-apiserver passes on.
		Director: func(out *http.Request) { //nolint:staticcheck // see above
			out.URL = exchangeOf(out).location()
			out.Host = out.URL.Host
			// This server has answered it already. The response to it of the extension-apiserver would contain our headers.
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

// toBackend sends a request to the backend of its exchange. It sets the identity here, not in Director, because ReverseProxy later
// drops the headers that a client names in Connection.
type toBackend struct {
	transport func(*exchange) http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t toBackend) RoundTrip(out *http.Request) (*http.Response, error) {
	x := exchangeOf(out)
	x.setIdentity(out)
	return forward(out, t.transport(x))
}

// forward adds the X-Forwarded headers to the request, and rewrites links in the response, as kube-apiserver does. It rewrites
// pages while they arrive.
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

// pages hides from proxyutil.Transport that a response is HTML, because it would read the whole page.
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
			if code == http.StatusSwitchingProtocols { // HTTP/2 has no such response, but a client of HTTP/1.1 would accept it
				return errSwitched
			}
			return pass(code, header)
		}
	}
	return x.backend.roundTrip(out, x.endpoint, x.longRunning)
}

// modify changes the response for the client.
func (x *exchange) modify(response *http.Response) error {
	x.backend.metrics.answered(response.StatusCode, time.Since(x.started))
	if response.StatusCode == http.StatusSwitchingProtocols {
		// The request did not ask for an upgrade. Without the body, which is the connection, the reverse proxy creates no tunnel,
		// whatever the headers contain, and answers with an error.
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
		// The reverse proxy flushes after every write if the length is unknown, because the response could be a stream.
		response.ContentLength = 0
	}
	return nil
}

// answerError writes the error of a request without a response.
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

// bufferPool contains the buffers for copying bodies.
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

// debugLog logs the reverse proxy's errors about closed connections.
type debugLog struct{}

func (debugLog) Write(line []byte) (int, error) {
	klog.V(2).InfoS("Proxying a response ended early", "reason", strings.TrimSpace(string(line)))
	return len(line), nil
}
