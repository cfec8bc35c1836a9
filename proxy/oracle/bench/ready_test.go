package bench

import (
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// A spell is a part of a benchmark at whose end things end that otherwise would at the benchmark's.
type spell struct {
	testing.TB
	ends []func()
}

// Cleanup has something done at the end of the spell.
func (s *spell) Cleanup(f func()) { s.ends = append(s.ends, f) }

func (s *spell) end() {
	for len(s.ends) > 0 {
		last := len(s.ends) - 1
		f := s.ends[last]
		s.ends = s.ends[:last]
		f()
	}
}

// measureReady starts each control plane, on no data, and ends it.
func measureReady(b *testing.B, r *report) {
	b.Helper()
	starts := []struct {
		name  string
		start func(testing.TB) time.Duration
	}{
		{proxytest.AggregationProxy, func(t testing.TB) time.Duration {
			started := time.Now()
			proxytest.Start(t)
			return time.Since(started)
		}},
		{proxytest.KubeAPIServer, func(t testing.TB) time.Duration { return kube.StartAPIServer(t).ReadyIn }},
	}
	for round := range *rounds {
		for i := range starts {
			s := starts[(round+i)%len(starts)]
			part := &spell{TB: b}
			took := func() time.Duration {
				defer part.end()
				return s.start(part)
			}()
			r.add(ready, readyIn, s.name, took.Seconds())
		}
	}
}
