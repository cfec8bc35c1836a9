package oracle

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// side is one of the two control planes.
type side struct {
	*proxytest.ControlPlane
	config    *rest.Config
	clients   map[string]*http.Client // by user
	http1     map[string]*http.Client
	variables map[string]string
}

// users are the users of rows, with their groups. The one without a name is the administrator. anonymous has no certificate.
var users = map[string][]string{
	"":     {"system:masters"},
	"anna": nil,
	"bob":  {"developers"},

	spaceAfterName:  {"system:masters"},
	newlineInName:   {"system:masters"},
	spaceAfterGroup: {"system:masters", "system:masters "},
}

const (
	anonymous = "anonymous"
	// rowTimeout limits a row, and settleTimeout the repetition of one that waits for a change. Kubernetes' garbage collector looks
	// for new kinds every 30 s.
	rowTimeout, settleTimeout = 30 * time.Second, 90 * time.Second
	settlePoll                = 50 * time.Millisecond
)

func newSide(t *testing.T, cp *proxytest.ControlPlane) *side {
	t.Helper()
	s := &side{ControlPlane: cp, config: cp.Config(t), clients: map[string]*http.Client{}, http1: map[string]*http.Client{}, variables: map[string]string{"$": "$"}}
	add := func(key, user string, groups []string) {
		s.clients[key], s.http1[key] = cp.HTTPClient(t, user, groups...), cp.HTTPClient(t, user, groups...)
		transport := s.http1[key].Transport.(*http.Transport)
		transport.ForceAttemptHTTP2, transport.DisableKeepAlives = false, true
		transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	for user, groups := range users {
		name := user
		if user == "" {
			name = "kubernetes-admin"
		}
		add(user, name, groups)
	}
	add(anonymous, "", nil)
	return s
}

// tlsConfig returns the configuration of new HTTP/1.1 connections of a user.
func (s *side) tlsConfig(user string) *tls.Config {
	return s.http1[user].Transport.(*http.Transport).TLSClientConfig.Clone()
}

// response is the response to a row.
type response struct {
	proto    string
	status   int
	header   http.Header
	trailer  http.Header
	body     []byte
	anyOrder bool
	// failure is the error of reading the body.
	failure string
}

// expand replaces the side's variables. An unknown one is an error in the table.
func (s *side) expand(text string) (string, error) {
	var unknown []string
	expanded := os.Expand(text, func(name string) string {
		value, ok := s.variables[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("unknown variables %q", unknown)
	}
	return expanded, nil
}

// do sends the row, repeatedly if necessary, and sets the variables that it saves.
func (s *side) do(ctx context.Context, r row) (response, error) {
	limit := rowTimeout
	if r.until != nil {
		limit = settleTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last response
	for {
		got, err := s.once(ctx, r)
		got.anyOrder = r.anyOrder
		if err == nil && (r.until == nil || r.until(got)) {
			return got, s.save(r, got)
		}
		if err != nil && (r.until == nil || ctx.Err() == nil) {
			return got, err
		}
		if err == nil {
			last = got
		}
		select {
		case <-ctx.Done():
			return last, nil // compare it anyway, because the other side may have the same problem
		case <-time.After(settlePoll):
		}
	}
}

func (s *side) once(ctx context.Context, r row) (response, error) {
	if r.send != nil {
		return r.send(ctx, s, r)
	}
	target, err := s.expand(r.target)
	if err != nil {
		return response{}, err
	}
	body, err := s.expand(r.body)
	if err != nil {
		return response{}, err
	}
	request, err := http.NewRequestWithContext(ctx, r.method, s.URL+target, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for key, values := range r.header {
		for _, value := range values {
			if value, err = s.expand(value); err != nil {
				return response{}, err
			}
			request.Header[key] = append(request.Header[key], value)
		}
	}
	client := s.clients[r.user]
	if r.http1 {
		client = s.http1[r.user]
	}
	if client == nil {
		return response{}, fmt.Errorf("no user %q", r.user)
	}
	answer, err := client.Do(request)
	if ctx.Err() != nil {
		return response{}, err
	}
	if err != nil {
		return response{failure: strings.ReplaceAll(err.Error(), s.URL, "")}, nil
	}
	defer answer.Body.Close()
	for _, other := range r.during {
		if got, err := s.do(ctx, other); err != nil || got.status != other.status {
			return response{}, fmt.Errorf("%s: status %d, %w, %s", other.name, got.status, err, got.body)
		}
	}
	return read(answer, r.events)
}

// read reads a number of events, or the whole response.
func read(answer *http.Response, events int) (response, error) {
	got := response{proto: answer.Proto, status: answer.StatusCode, header: answer.Header}
	var body io.Reader = answer.Body
	if answer.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return got, err
		}
		body = unzipped
	}
	var err error
	if events > 0 && answer.StatusCode == http.StatusOK {
		got.body, err = readEvents(body, events)
	} else {
		got.body, err = io.ReadAll(body)
	}
	if errors.Is(err, context.DeadlineExceeded) { // it would never end
		return got, fmt.Errorf("after %q: %w", got.body, err)
	}
	if err != nil {
		got.failure = err.Error()
	}
	got.trailer = answer.Trailer
	return got, nil
}

// readEvents reads JSON values from a stream.
func readEvents(body io.Reader, n int) ([]byte, error) {
	var events bytes.Buffer
	decoder := json.NewDecoder(body)
	for range n {
		var event json.RawMessage
		if err := decoder.Decode(&event); err != nil {
			return events.Bytes(), err
		}
		events.Write(append(event, '\n'))
	}
	return events.Bytes(), nil
}

func (s *side) save(r row, got response) error {
	for variable, path := range r.save {
		if key, ok := strings.CutPrefix(path, "header:"); ok {
			s.variables[variable] = got.header.Get(key)
			continue
		}
		var value any
		if err := json.Unmarshal(got.body, &value); err != nil {
			return fmt.Errorf("save %s: %w of %s", variable, err, got.body)
		}
		for _, key := range strings.Split(path, " ") {
			switch v := value.(type) {
			case map[string]any:
				value = v[key]
			case []any:
				i, err := strconv.Atoi(key)
				if err != nil || i >= len(v) {
					return fmt.Errorf("save %s: no element %s in %s", variable, key, got.body)
				}
				value = v[i]
			default:
				return fmt.Errorf("save %s: nothing at %s in %s", variable, path, got.body)
			}
		}
		s.variables[variable] = fmt.Sprint(value)
	}
	return nil
}
