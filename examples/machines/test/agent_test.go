package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"golang.org/x/net/websocket"
)

// agent is a program that runs machines: it has their logs, consoles, ports and web servers.
var agent = sync.OnceValue(func() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, request *http.Request) {
		lines := []string{"loading the kernel\n", "login:\n"}
		if request.URL.Query().Get("tailLines") == "1" {
			lines = lines[1:]
		}
		for _, line := range lines {
			_, _ = w.Write([]byte(line))
		}
		for n := 1; request.URL.Query().Get("follow") == "true"; n++ {
			w.(http.Flusher).Flush()
			select {
			case <-request.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = fmt.Fprintf(w, "line %d\n", n)
			}
		}
	})
	mux.Handle("/console", websocket.Handler(echo("console: ")))
	mux.Handle("/ports/8080", websocket.Handler(echo("port 8080: ")))
	mux.HandleFunc("/http/", func(w http.ResponseWriter, request *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", request.Method, request.URL.Path)
	})
	return httptest.NewServer(mux)
})

// echo sends each message back, after a prefix.
func echo(prefix string) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		for {
			var message string
			if websocket.Message.Receive(conn, &message) != nil || websocket.Message.Send(conn, prefix+message) != nil {
				return
			}
		}
	}
}
