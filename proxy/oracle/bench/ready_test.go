package bench

import (
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// spell is a part of a benchmark with its own cleanup.
type spell struct {
	testing.TB
	ends []func()
}

// Cleanup registers a function that is called at the end of the spell.
func (s *spell) Cleanup(f func()) { s.ends = append(s.ends, f) }

func (s *spell) end() {
	for len(s.ends) > 0 {
		last := len(s.ends) - 1
		f := s.ends[last]
		s.ends = s.ends[:last]
		f()
	}
}

// mostStarts is the number of starts of each control plane, unless there are fewer rounds.
const mostStarts = 5

// measureReady starts and stops each control plane, without data.
func measureReady(b *testing.B, r *report) {
	b.Helper()
	starts := []func(testing.TB) (name string, took time.Duration){startOurs, startReal}
	for round := range min(*rounds, mostStarts) {
		for i := range starts {
			func() {
				s := &spell{TB: b}
				defer s.end()
				name, took := starts[(round+i)%len(starts)](s)
				r.add(ready, readyIn, name, took.Seconds())
			}()
		}
	}
}

// startOurs measures a start that includes etcd, which is embedded, and new certificates.
func startOurs(t testing.TB) (string, time.Duration) {
	t.Helper()
	started := time.Now()
	cp := proxytest.Start(t)
	return cp.Name, time.Since(started)
}

func startReal(t testing.TB) (string, time.Duration) {
	t.Helper()
	cluster := kube.StartAPIServer(t)
	return cluster.Name, cluster.ReadyIn
}
