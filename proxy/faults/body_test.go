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
	// bodyMemory is how much more memory the proxy may have for it: buffers, and garbage not yet collected.
	bodyMemory = bodySize / 2
)

// TestHundredMegabytes sends bodies both ways, of known and of unknown length, over each pair of protocols: they arrive
// whole, and the proxy has no more than a part of them at a time.
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
				_, _ = io.Copy(w, body()) // as far as the client wants it
			})
			b.Handle("upload", func(w http.ResponseWriter, r *http.Request) {
				received, err := sumOf(r.Body)
				fmt.Fprintf(w, "%x %d %v", received, r.ContentLength, err)
			})
			for i, client := range s.clients(t) {
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

// body reads the same random bytes each time.
func body() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), bodySize) }

func sumOf(r io.Reader) ([]byte, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return hash.Sum(nil), err
}

// inLittleMemory holds the growth of the proxy's resident memory, at its peak, below bodyMemory.
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

// resident is how much memory the proxy has, where the system tells.
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
