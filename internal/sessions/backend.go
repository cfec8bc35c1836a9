package sessions

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	// echoProtocol is the protocol of SPDY sessions.
	echoProtocol = "echo"
	// watchInterval is the time between two bytes of a watch.
	watchInterval = 500 * time.Millisecond
)

// A backend is a server that a project passes requests on to. It sends back what it receives in sessions.
type backend struct {
	net.Listener
	lock        sync.Mutex
	connections []net.Conn
}

func startBackend() (*backend, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{Listener: listener}
	mux := http.NewServeMux()
	mux.Handle("/base/websocket", websocket.Handler(func(ws *websocket.Conn) {
		ws.PayloadType = websocket.BinaryFrame
		_, _ = io.Copy(ws, ws)
	}))
	mux.HandleFunc("/base/spdy", echoSPDY)
	mux.HandleFunc("/base/watch", sendBytes)
	mux.HandleFunc("/", describe)
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(b) }()
	return b, nil
}

// Accept implements net.Listener.
func (b *backend) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err == nil {
		b.lock.Lock()
		defer b.lock.Unlock()
		b.connections = append(b.connections, conn)
	}
	return conn, err
}

// kill ends the backend and all of its connections.
func (b *backend) kill() {
	_ = b.Close()
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, conn := range b.connections {
		_ = conn.Close()
	}
}

// describe answers with the request and the names of its headers, one a line.
func describe(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintln(w, r.Method, r.RequestURI)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		_, _ = fmt.Fprintln(w, name)
	}
}

// sendBytes sends a byte at a time until the client disconnects.
func sendBytes(w http.ResponseWriter, r *http.Request) {
	controller := http.NewResponseController(w)
	for {
		_, _ = w.Write([]byte("."))
		_ = controller.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(watchInterval):
		}
	}
}

// echoSPDY sends back what it receives in each stream.
func echoSPDY(w http.ResponseWriter, r *http.Request) {
	if _, err := httpstream.Handshake(r, w, []string{echoProtocol}); err != nil {
		return
	}
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, replied <-chan struct{}) error {
		go func() {
			<-replied
			_, _ = io.Copy(stream, stream)
		}()
		return nil
	})
	if conn == nil {
		return
	}
	defer conn.Close()
	<-conn.CloseChan()
}
