// Package drain ends the answers that extension-apiservers would go on with for ever, watches, when the server that passes
// them on stops: their clients then see the end of the answer, and not a connection that breaks.
package drain

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"k8s.io/apiserver/pkg/endpoints/request"
)

// Watches are the answers to watches that are being passed on. The zero value is ready to use.
type Watches struct {
	lock     sync.Mutex
	bodies   map[*body]struct{}
	stopping bool
	once     sync.Once
}

// Track has the body of an extension-apiserver's response to in end when the server stops. Those of requests that the
// server does not signal the stop to, anything but watches, are left alone.
func (w *Watches) Track(in *http.Request, response *http.Response) {
	signal := request.ServerShutdownSignalFrom(in.Context())
	if signal == nil || response.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	w.once.Do(func() {
		// One for all: a goroutine for each would be most of what a watch costs.
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

// end closes all bodies, which wakes who reads them.
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

// body is a response's that ends with the server.
type body struct {
	io.ReadCloser
	of *Watches
}

// Read returns the end of the body, rather than the error of reading a closed one, once the server stops.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.of.ended() {
		err = io.EOF
	}
	return n, err
}

// Close ends what the extension-apiserver sends.
func (b *body) Close() error {
	b.of.forget(b)
	return b.ReadCloser.Close()
}
