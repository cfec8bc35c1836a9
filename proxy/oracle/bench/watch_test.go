package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	watches = 1000
	// events is the number of events that all watches get, one after the other.
	events = 5
	// deliveryTime is longer than the delivery of any event takes.
	deliveryTime = time.Minute
)

// measureWatches opens watches through each target in turn. There is only one round, on control planes that have only idled,
// because a process rarely returns memory.
func (s *setup) measureWatches(b *testing.B, r *report) {
	b.Helper()
	time.Sleep(settleTime)
	for _, t := range s.targets {
		s.measureWatchesOf(b, r, t)
	}
}

func (s *setup) measureWatchesOf(b *testing.B, r *report, t target) {
	b.Helper()
	clients := s.clients(b)
	defer func() {
		for _, client := range clients {
			client.CloseIdleConnections()
		}
	}()
	var objects metav1.PartialObjectMetadataList
	if err := json.Unmarshal([]byte(listAll().mustSend(b, clients[0], t.url)), &objects); err != nil {
		b.Fatal(err)
	}
	before := 0.0
	if t.proxy != nil {
		before = resident(b, t.proxy)
	}
	ctx, stop := context.WithCancel(b.Context())
	w := &watchers{told: make(chan error, watches)}
	defer w.group.Wait()
	defer stop()
	started := time.Now()
	for i := range watches {
		w.start(ctx, watchFrom(objects.ResourceVersion), clients[i%len(clients)], t.url)
	}
	w.mustReceive(b, t.name+": watches established")
	r.add(watch, established, t.name, time.Since(started).Seconds())

	for range events {
		started := time.Now()
		annotateFirst(started.String()).mustSend(b, clients[0], t.url)
		w.mustReceive(b, t.name+": event delivered")
		r.add(watch, fanOut, t.name, milliseconds(time.Since(started)))
	}
	if t.proxy != nil {
		time.Sleep(settleTime)
		r.add(watch, growth, t.name, (resident(b, t.proxy)-before)*1024/watches)
	}
}

// watchers report when their watch is established, each event, and an unexpected end.
type watchers struct {
	told  chan error
	group sync.WaitGroup
}

func (w *watchers) start(ctx context.Context, c call, client *http.Client, url string) {
	w.group.Go(func() {
		response, err := c.open(ctx, client, url)
		w.tell(ctx, err)
		if err != nil {
			return
		}
		defer response.Body.Close()
		for lines := bufio.NewReader(response.Body); ; {
			line, err := lines.ReadBytes('\n')
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				w.tell(ctx, fmt.Errorf("a watch has ended: %w", err))
				return
			}
			switch {
			case bytes.HasPrefix(line, []byte(`{"type":"MODIFIED",`)):
				w.tell(ctx, nil)
			case !bytes.HasPrefix(line, []byte(`{"type":"BOOKMARK",`)):
				w.tell(ctx, fmt.Errorf("a watch delivers %s", line))
				return
			}
		}
	})
}

func (w *watchers) tell(ctx context.Context, err error) {
	select {
	case w.told <- err:
	case <-ctx.Done():
	}
}

// mustReceive waits for a report of every watcher.
func (w *watchers) mustReceive(b *testing.B, what string) {
	b.Helper()
	limit := time.After(deliveryTime)
	for i := range watches {
		select {
		case err := <-w.told:
			if err != nil {
				b.Fatalf("%s: %v", what, err)
			}
		case <-limit:
			b.Fatalf("%s: %d of %d within %s", what, i, watches, deliveryTime)
		}
	}
}
