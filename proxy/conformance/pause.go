package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// pauseTime is the time for which a backend does nothing. It is longer than the detection of a lost host.
	pauseTime = 10 * time.Second
	// moreThanBuffers is more than all buffers on the way to a backend contain, so that the sender has to wait.
	moreThanBuffers = 32 << 20
)

// pause checks that requests continue after a backend has paused.
func (s *suite) pause(t *testing.T) {
	run(t, "an_upload_outlives_a_pause", s.uploadPaused)
	run(t, "a_tunnel_outlives_a_pause", s.tunnelPaused)
	for name, http1 := range map[string]bool{"HTTP1": true, "HTTP2": false} {
		run(t, "a_watch_outlives_a_stopped_backend_of_"+name, func(t *testing.T) {
			s.watchStopped(t, s.backend(t, proxytest.BackendOptions{HTTP1: http1}))
		})
	}
}

func (s *suite) uploadPaused(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	b.Handle("upload", proxytest.After(pauseTime, b.Default))
	a, err := s.Try(t.Context(), s.client, http.MethodPost, b.Path("upload"), nil, bytes.NewReader(make([]byte, moreThanBuffers)))
	if err != nil {
		t.Fatal(err)
	}
	if echo := a.Echo(t); echo.Length != moreThanBuffers {
		t.Errorf("%d bytes arrived of %d", echo.Length, moreThanBuffers)
	}
}

func (s *suite) tunnelPaused(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	b.Handle("count", func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		time.Sleep(pauseTime)
		n, err := io.CopyN(io.Discard, buffered, moreThanBuffers)
		fmt.Fprintln(conn, n, err)
	})
	conn := s.upgraded(t, b.Path("count"), "Connection: Upgrade", "Upgrade: x")
	if _, err := conn.Write(make([]byte, moreThanBuffers)); err != nil {
		t.Fatal(err)
	}
	if said, err := conn.reader.ReadString('\n'); err != nil || said != fmt.Sprintln(moreThanBuffers, nil) {
		t.Errorf("the backend says %q %v, want all %d bytes", said, err, moreThanBuffers)
	}
}

func (s *suite) watchStopped(t *testing.T, b *proxytest.Backend) {
	events := make(chan string)
	b.Handle("watched", proxytest.Stream(events))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+b.Path("watched")+"?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b.Freeze()
	time.Sleep(pauseTime)
	b.Thaw()
	select {
	case events <- "news\n":
	case <-time.After(proxytest.Patience):
		t.Fatal("the backend has lost the watch")
	}
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil || line != "news\n" {
		t.Errorf("the watch brought %q %v", line, err)
	}
}
