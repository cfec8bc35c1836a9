package faults_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	bodySize = 100_000_000
	// bodyMemory is the maximum growth of the proxy's memory: buffers, and garbage that a busy machine has not collected yet. A proxy that
	// buffers a body grows by at least its size.
	bodyMemory = bodySize * 9 / 10
)

// TestHundredMegabytes sends bodies in both directions, of known and unknown length, with each pair of protocols. They must arrive
// unchanged, and the proxy must not buffer a whole body.
func TestHundredMegabytes(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	s.leavesNothing(t, func() {
		sum, err := sumOf(body())
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("%x", sum)
		s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
			b.Handle("download", func(w http.ResponseWriter, r *http.Request) {
				if length := r.URL.Query().Get("length"); length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = io.Copy(w, body()) // the client may cancel the request
			})
			b.Handle("upload", func(w http.ResponseWriter, r *http.Request) {
				received, err := sumOf(r.Body)
				fmt.Fprintf(w, "%x %d %v", received, r.ContentLength, err)
			})
			b.Handle("page", page)
			for i, client := range s.clients(t) {
				t.Run(fmt.Sprintf("page_to_client_of_HTTP%d", 2-i), func(t *testing.T) {
					s.inLittleMemory(t, func() { s.downloadPage(t, client, b.Path("page")) })
				})
				for _, length := range []int64{bodySize, -1} {
					name := fmt.Sprintf("client_of_HTTP%d_length_%d", 2-i, length)
					t.Run("to_"+name, func(t *testing.T) {
						s.inLittleMemory(t, func() { s.download(t, client, b.Path("download"), length, want) })
					})
					t.Run("from_"+name, func(t *testing.T) {
						s.inLittleMemory(t, func() { s.upload(t, client, b.Path("upload"), length, want) })
					})
				}
			}
		})
	})
}

func (s *suite) download(t *testing.T, client *http.Client, target string, length int64, want string) {
	t.Helper()
	if length >= 0 {
		target += "?length=" + strconv.FormatInt(length, 10)
	}
	response, err := s.do(t, client, http.MethodGet, target, nil, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	got, err := sumOf(response.Body)
	if err != nil || fmt.Sprintf("%x", got) != want || response.ContentLength != length {
		t.Errorf("%s %s, Content-Length %d, the body's sum is %x, want %s: %v", response.Proto, response.Status, response.ContentLength, got, want, err)
	}
}

// page responds with HTML, with a link that is rewritten, and a beginning that is sent before the rest.
func page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, pageBegin)
	_ = http.NewResponseController(w).Flush()
	if r.URL.Query().Has("begun") {
		proxytest.Hang(w, r)
		return
	}
	for range bodySize / len(pagePart) {
		if _, err := io.WriteString(w, pagePart); err != nil {
			return
		}
	}
}

const pageBegin = "<!DOCTYPE html>the beginning\n"

var pagePart = `<a href="/x">x</a>` + strings.Repeat("text ", 1000)

// downloadPage reads a complete page, and the beginning of one that does not end.
func (s *suite) downloadPage(t *testing.T, client *http.Client, target string) {
	t.Helper()
	response, err := s.do(t, client, http.MethodGet, target, nil, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || n < bodySize {
		t.Errorf("%d bytes of a page: %v", n, err)
	}
	response, err = s.do(t, client, http.MethodGet, target+"?begun", nil, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	begun := make([]byte, len(pageBegin))
	if _, err := io.ReadFull(response.Body, begun); err != nil || string(begun) != pageBegin {
		t.Errorf("a page that goes on begins %q: %v", begun, err)
	}
}

func (s *suite) upload(t *testing.T, client *http.Client, target string, length int64, want string) {
	t.Helper()
	response, err := s.do(t, client, http.MethodPost, target, body(), length)
	if err != nil {
		t.Error(err)
		return
	}
	a, err := proxytest.ReadAnswer(response)
	if want := fmt.Sprintf("%s %d <nil>", want, length); err != nil || a.Status != http.StatusOK || a.Body != want {
		t.Errorf("%s: the backend received %d %s, want %s: %v", response.Proto, a.Status, a.Body, want, err)
	}
}

func (s *suite) do(t *testing.T, client *http.Client, method, target string, body io.Reader, length int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = length
	return client.Do(request)
}

// body returns the same random bytes at each call.
func body() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), bodySize) }

func sumOf(r io.Reader) ([]byte, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return hash.Sum(nil), err
}

// inLittleMemory checks that the peak growth of the proxy's resident memory stays below bodyMemory.
func (s *suite) inLittleMemory(t *testing.T, do func()) {
	t.Helper()
	const often = 10 * time.Millisecond
	before := s.resident(t)
	peak := before
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(often):
			peak = max(peak, s.resident(t))
		}
	}
	t.Logf("%d MB resident, %d MB more at the peak", before/1_000_000, (peak-before)/1_000_000)
	if peak-before > bodyMemory {
		t.Errorf("resident memory grew by %d bytes, may grow by %d", peak-before, bodyMemory)
	}
}

// resident returns the proxy's resident memory, or 0 if the system does not report it.
func (s *suite) resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if kilobytes, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("no VmRSS in %s", status)
	return 0
}
