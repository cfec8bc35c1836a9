// Package drain ends the responses to watches when the server that forwards them stops. Clients then see the end of the response,
// not a broken connection.
package drain

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"k8s.io/apiserver/pkg/endpoints/request"
)

// Watches tracks the responses to watches that are being forwarded. The zero value is ready to use.
type Watches struct {
	lock     sync.Mutex
	bodies   map[*body]struct{}
	stopping bool
	once     sync.Once
}

// Track makes the body of the response to a request end when the server stops. It only affects watches: the server does not signal
// its end to other requests.
func (w *Watches) Track(in *http.Request, response *http.Response) {
	signal := request.ServerShutdownSignalFrom(in.Context())
	if signal == nil || response.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	w.once.Do(func() {
		// All watches share a goroutine, which would otherwise be most of the cost of a watch.
		go func() {
			<-signal.ShuttingDown()
			w.end()
		}()
	})
	b := &body{ReadCloser: response.Body, of: w}
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.bodies == nil {
		w.bodies = map[*body]struct{}{}
	}
	w.bodies[b] = struct{}{}
	response.Body = b
	if w.stopping {
		b.ReadCloser.Close()
	}
}

// end closes all bodies, which wakes their readers.
func (w *Watches) end() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.stopping = true
	for b := range w.bodies {
		b.ReadCloser.Close()
	}
}

func (w *Watches) ended() bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.stopping
}

func (w *Watches) forget(b *body) {
	w.lock.Lock()
	defer w.lock.Unlock()
	delete(w.bodies, b)
}

// body is the body of a response that ends with the server.
type body struct {
	io.ReadCloser
	of *Watches
}

// Read returns EOF after the server has closed the body, instead of the error for a closed body.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.of.ended() {
		err = io.EOF
	}
	return n, err
}

// Close closes the response of the extension-apiserver.
func (b *body) Close() error {
	b.of.forget(b)
	return b.ReadCloser.Close()
}
