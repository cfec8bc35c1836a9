// Package usage measures the CPU and the memory that nodes and containers use.
package usage

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// A Source is a container, or a node if only Node is set.
type Source struct{ Node, Namespace, Pod, Container string }

// A Point is the usage of a source at a time.
type Point struct {
	// Start is the time when a container started. It is zero for a node.
	Time, Start time.Time
	// CPU is the CPU time that was used since the start.
	CPU time.Duration
	// Memory is the size of the working set in bytes.
	Memory int64
}

// A Scraper measures the usage of a node and its containers.
type Scraper func(ctx context.Context, node *corev1.Node) (map[Source]Point, error)

// A Collector keeps the last two points of each source.
type Collector struct {
	lock       sync.RWMutex
	last, prev map[Source]Point
}

// Run scrapes the nodes at an interval until ctx is done.
func (c *Collector) Run(ctx context.Context, interval time.Duration, nodes corelisters.NodeLister, scrape Scraper) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, interval)
		defer cancel()
		all, _ := nodes.List(labels.Everything()) // reads a cache, which does not fail
		found := make(chan map[Source]Point, len(all))
		for _, node := range all {
			go func() {
				points, err := scrape(ctx, node)
				if err != nil {
					klog.FromContext(ctx).Error(err, "Scraping", "node", node.Name)
				}
				found <- points
			}()
		}
		last, prev := map[Source]Point{}, map[Source]Point{}
		for range all {
			for source, point := range <-found {
				last[source] = point
				if before, ok := c.before(source, point, interval); ok {
					prev[source] = before
				}
			}
		}
		c.lock.Lock()
		defer c.lock.Unlock()
		c.last, c.prev = last, prev
	}, interval)
}

// before returns the point that the usage up to a new point is measured from.
func (c *Collector) before(source Source, point Point, interval time.Duration) (Point, bool) {
	if age := point.Time.Sub(point.Start); age >= 10*time.Second && age < interval { // a new container
		return Point{Time: point.Start}, true
	}
	last, ok := c.last[source]
	if ok && !point.Time.After(last.Time) { // the kubelet has measured nothing new
		last, ok = c.prev[source]
	}
	return last, ok && point.Start.Before(last.Time) // otherwise, the container has restarted
}

// Of returns the usage of a source, without metadata. known means that it has been measured at least once. Until the second time, usage is nil.
func (c *Collector) Of(source Source) (usage *v1beta1.NodeMetrics, known bool) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	last, known := c.last[source]
	prev, ok := c.prev[source]
	if !ok || last.CPU < prev.CPU {
		return nil, known
	}
	window := metav1.Duration{Duration: last.Time.Sub(prev.Time)}
	return &v1beta1.NodeMetrics{Timestamp: metav1.NewTime(last.Time), Window: window, Usage: corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewScaledQuantity(int64(float64(last.CPU-prev.CPU)/window.Seconds()), resource.Nano),
		corev1.ResourceMemory: *resource.NewQuantity(last.Memory, resource.BinarySI),
	}}, true
}
