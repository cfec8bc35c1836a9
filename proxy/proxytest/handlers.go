package proxytest

import (
	"io"
	"maps"
	"net/http"
	"time"
)

// Echo is how a Backend answers by default: what it received.
type Echo struct {
	Method, Host, Proto, RemoteAddr string
	// Target is the request's path and query as they came.
	Target string
	Header http.Header
	// Peer is the common name in the verified certificate of the client.
	Peer string `json:",omitempty"`
	// Body is its beginning, Length all of it.
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

// Respond answers with the status, headers and body.
func Respond(status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // some statuses have none
	}
}

// Hang does not answer until the client gives up or the backend stops.
func Hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// After hangs for the duration, and then does what next does.
func After(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(d):
			next(w, r)
		}
	}
}

// CloseMidBody promises more than it sends.
func CloseMidBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, "only the beginning")
	_ = http.NewResponseController(w).Flush()
}

// Stream sends the chunks as they come, each at once, until the channel is closed, the client goes or the backend stops:
// as a watch does.
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
