package oracle

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// upgrade requests another protocol. If that is granted, it sends the text and reads until the other end closes the connection.
func upgrade(name string, status int, target, protocol, say string, options ...option) row {
	options = append([]option{with("Connection", "Upgrade"), with("Upgrade", protocol)}, options...)
	r := request(http.MethodGet, name, status, target, "", options)
	r.send, r.body = sendUpgrade, say
	return r
}

func sendUpgrade(ctx context.Context, s *side, r row) (response, error) {
	target, err := s.expand(r.target)
	if err != nil {
		return response{}, err
	}
	request, err := http.NewRequestWithContext(ctx, r.method, s.URL+target, nil)
	if err != nil {
		return response{}, err
	}
	request.Header = r.header
	answer, err := s.http1[r.user].Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols {
		if _, err := io.WriteString(answer.Body.(io.Writer), r.body); err != nil {
			return response{}, err
		}
	}
	return read(answer, 0)
}

// socket opens a WebSocket with the subprotocols, sends the message unless it is empty, and reads a number of messages.
func socket(name string, status int, target, subprotocols, message string, messages int, options ...option) row {
	r := request(http.MethodGet, name, status, target, "", options)
	r.body, r.events = message, messages
	r.send = func(ctx context.Context, s *side, r row) (response, error) {
		return sendSocket(ctx, s, r, strings.Fields(subprotocols))
	}
	return r
}

func sendSocket(ctx context.Context, s *side, r row, subprotocols []string) (response, error) {
	target, err := s.expand(r.target)
	if err != nil {
		return response{}, err
	}
	dialer := websocket.Dialer{TLSClientConfig: s.tlsConfig(r.user), Subprotocols: subprotocols}
	conn, answer, err := dialer.DialContext(ctx, "wss"+strings.TrimPrefix(s.URL, "https")+target, r.header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		return read(answer, 0)
	}
	if err != nil {
		return response{}, err
	}
	defer conn.Close()
	if r.body != "" {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(r.body)); err != nil {
			return response{}, err
		}
	}
	got := response{proto: answer.Proto, status: answer.StatusCode, header: answer.Header}
	var body bytes.Buffer
	for range r.events {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			got.failure = err.Error()
			break
		}
		// A JSON body consists of values, as in a watch.
		if !bytes.HasPrefix(message, []byte("{")) {
			fmt.Fprintf(&body, "%d: ", kind)
		}
		body.Write(append(message, '\n'))
	}
	got.body = body.Bytes()
	return got, nil
}

// execute runs a command like kubectl exec, with the text as its standard input. The output is the body. The status is 0, because
// the clients do not return it.
func execute(name, target, stdin string, newExecutor func(*rest.Config, string) (remotecommand.Executor, error)) row {
	r := request("EXEC", name, 0, target, "", nil)
	r.send = func(ctx context.Context, s *side, r row) (response, error) {
		executor, err := newExecutor(s.config, s.URL+r.target)
		if err != nil {
			return response{}, err
		}
		var out bytes.Buffer
		got := response{}
		if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader(stdin), Stdout: &out}); err != nil {
			got.failure = err.Error()
		}
		got.body = out.Bytes()
		return got, nil
	}
	return r
}

// raw sends the lines unchanged except for their line ends, and reads until the other end closes the connection.
func raw(name string, status int, lines string, options ...option) row {
	r := request("RAW", name, status, "", "", options)
	r.body = strings.ReplaceAll(lines, "\n", "\r\n")
	r.send = sendRaw
	return r
}

func sendRaw(ctx context.Context, s *side, r row) (response, error) {
	body, err := s.expand(r.body)
	if err != nil {
		return response{}, err
	}
	conn, err := (&tls.Dialer{Config: s.tlsConfig(r.user)}).DialContext(ctx, "tcp", strings.TrimPrefix(s.URL, "https://"))
	if err != nil {
		return response{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := io.WriteString(conn, body); err != nil {
		return response{}, err
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return response{failure: err.Error()}, nil
	}
	got, err := read(answer, 0)
	if err != nil {
		return got, err
	}
	// A second response would be to a smuggled request.
	if !answer.Close {
		return got, nil
	}
	rest, err := io.ReadAll(reader)
	got.body = append(got.body, rest...)
	if err != nil {
		got.failure = err.Error()
	}
	return got, nil
}
