package proxytest

import (
	"io"
	"maps"
	"net/http"
	"time"
)

// Echo is a Backend's default response: the request that it received.
type Echo struct {
	Method, Host, Proto, RemoteAddr string
	// Target is the path and query in the request line.
	Target string
	Header http.Header
	// Peer is the common name in the verified client certificate.
	Peer string `json:",omitempty"`
	// Body is the beginning of the body. Length is the length of the whole body.
	Body   string `json:",omitempty"`
	Length int64  `json:",omitempty"`
}

func echo(w http.ResponseWriter, r *http.Request) {
	const beginning = 1 << 16
	said := Echo{Method: r.Method, Host: r.Host, Proto: r.Proto, RemoteAddr: r.RemoteAddr, Target: r.RequestURI, Header: r.Header}
	if len(r.TLS.PeerCertificates) > 0 {
		said.Peer = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, beginning))
	rest, restErr := io.Copy(io.Discard, r.Body)
	if err != nil || restErr != nil {
		http.Error(w, "the body did not arrive", http.StatusBadRequest)
		return
	}
	said.Body, said.Length = string(body), int64(len(body))+rest
	writeJSON(w, "application/json", said)
}

// Respond returns a handler that responds with the status, headers and body.
func Respond(status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // some statuses do not allow a body
	}
}

// Hang waits without a response until the client cancels the request or the backend stops.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// After returns a handler that waits and then calls next.
func After(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(d):
			next(w, r)
		}
	}
}

// CloseMidBody sends less than its Content-Length.
func CloseMidBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, "only the beginning")
	_ = http.NewResponseController(w).Flush()
}

// Stream returns a handler that sends each chunk at once, as for a watch, until the channel is closed, the client disconnects or
// the backend stops.
func Stream(chunks <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		flush := http.NewResponseController(w).Flush
		w.Header().Set("Content-Type", "application/json")
		_ = flush()
		for {
			select {
			case <-r.Context().Done():
				return
			case chunk, ok := <-chunks:
				if !ok {
					return
				}
				_, _ = io.WriteString(w, chunk)
				_ = flush()
			}
		}
	}
}
