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
		want := sum(t, body())
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
	response := s.open(t, client, target)
	if got := sum(t, response.Body); got != want || response.ContentLength != length {
		t.Errorf("%s %s, Content-Length %d, the body's sum is %s, want %s", response.Proto, response.Status, response.ContentLength, got, want)
	}
}

func (s *suite) upload(t *testing.T, client *http.Client, target string, length int64, want string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+target, body())
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = length
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(response)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s %d <nil>", want, length); a.Status != http.StatusOK || a.Body != want {
		t.Errorf("%s: the backend received %d %s, want %s", response.Proto, a.Status, a.Body, want)
	}
}

// body reads the same random bytes each time.
func body() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), bodySize) }

func sum(t *testing.T, r io.Reader) string {
	t.Helper()
	sum, err := sumOf(r)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum)
}

func sumOf(r io.Reader) ([]byte, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return hash.Sum(nil), err
}

// inLittleMemory holds the growth of the proxy's resident memory, at its peak, below bodyMemory.
func (s *suite) inLittleMemory(t *testing.T, do func()) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", s.Process.Pid)
	// Makes the peak what is resident now.
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0); errors.Is(err, os.ErrNotExist) {
		do()
		return
	} else if err != nil {
		t.Fatal(err)
	}
	before := peak(t, proc+"status")
	do()
	grown := peak(t, proc+"status") - before
	t.Logf("%d MB resident, %d MB more at the peak", before/1_000_000, grown/1_000_000)
	if grown > bodyMemory {
		t.Errorf("resident memory grew by %d bytes, may grow by %d", grown, bodyMemory)
	}
}

// peak is the most memory that was ever resident.
func peak(t *testing.T, status string) int64 {
	t.Helper()
	data, err := os.ReadFile(status)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if kilobytes, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("no VmHWM in %s", status)
	return 0
}
