package test

import (
	"strings"
	"testing"

	"golang.org/x/net/websocket"
	"k8s.io/client-go/rest"
)

// TestSubresourcesMachineConsole connects a WebSocket with the console of a machine.
func TestSubresourcesMachineConsole(t *testing.T) { testEcho(t, "console", "console: hello") }

// testEcho sends a message to a subresource of a machine over a WebSocket, and compares the answer.
func testEcho(t *testing.T, subresource, want string) {
	t.Helper()
	if err := setMachine(t.Context(), "connected", agent().URL, nil); err != nil {
		t.Fatal(err)
	}
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := websocket.NewConfig("wss"+strings.TrimPrefix(config.Host, "https")+machinesPath+"connected/"+subresource, config.Host)
	if err != nil {
		t.Fatal(err)
	}
	socket.TlsConfig = tls
	conn, err := socket.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var got string
	if err := websocket.Message.Send(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := websocket.Message.Receive(conn, &got); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
