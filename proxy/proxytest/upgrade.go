package proxytest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// EchoUpgrade switches to the protocol that the client requests, and then sends back every byte until the client closes the
// connection.
func EchoUpgrade(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "upgrades need HTTP/1.1", http.StatusBadRequest)
		return
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade")); err != nil {
		return
	}
	_, _ = io.Copy(conn, buffered) // until either end closes the connection
}

// RawThenRead writes these bytes as its response, and returns the data that then arrives until the client closes the connection, which
// is io.EOF, or the time has passed.
func RawThenRead(w http.ResponseWriter, answer string, patience time.Duration) (string, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, answer); err != nil {
		return "", err
	}
	said := make([]byte, 1<<10)
	n, err := conn.Read(said)
	return string(said[:n]), err
}

// Raw returns a handler that writes exactly these bytes as its response, and closes the connection.
func Raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "raw answers need HTTP/1.1", http.StatusBadRequest)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, answer) // the client may have closed the connection
	}
}

// endOfTransmission ends Exec's input, because older protocols over WebSocket do not signal the end of stdin.
const endOfTransmission = '\x04'

// Exec serves the protocol of kubectl exec, over SPDY and WebSocket (v4.channel.k8s.io). It sends its stdin back on stdout, up to
// the first control-D.
func Exec(w http.ResponseWriter, r *http.Request) {
	const patience = time.Minute
	options := &remotecommand.Options{Stdin: true, Stdout: true}
	remotecommand.ServeExec(w, r, echoExecutor{}, "", "", "", nil, options, patience, patience, []string{"v4.channel.k8s.io"})
}

type echoExecutor struct{}

// ExecInContainer implements remotecommand.Executor.
func (echoExecutor) ExecInContainer(_ context.Context, _, _, _ string, _ []string, stdin io.Reader, stdout, _ io.WriteCloser,
	_ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if stdin == nil || stdout == nil {
		return errors.New("stdin and stdout are wanted")
	}
	said, err := bufio.NewReader(stdin).ReadString(endOfTransmission)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, said)
	return err
}
