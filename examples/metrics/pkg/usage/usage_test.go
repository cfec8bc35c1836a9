package usage

import (
	"testing"
	"time"
)

// TestBefore tests the point that the usage up to a new point is measured from.
func TestBefore(t *testing.T) {
	now := time.Unix(1.7e9, 0)
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	source := Source{"node", "default", "pod", "app"}
	const interval = time.Minute
	for _, test := range []struct {
		name       string
		prev, last Point
		point      Point
		want       time.Time // zero for no usage
	}{
		{"first point", Point{}, Point{}, Point{Time: at(0), Start: at(-600)}, time.Time{}},
		{"second point", Point{}, Point{Time: at(0), Start: at(-600)}, Point{Time: at(60), Start: at(-600)}, at(0)},
		{"same point again", Point{Time: at(0), Start: at(-600)}, Point{Time: at(60), Start: at(-600)}, Point{Time: at(60), Start: at(-600)}, at(0)},
		{"restarted", Point{}, Point{Time: at(0), Start: at(-600)}, Point{Time: at(60), Start: at(55)}, time.Time{}},
		{"started 20 seconds ago", Point{}, Point{}, Point{Time: at(60), Start: at(40)}, at(40)},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &Collector{last: map[Source]Point{}, prev: map[Source]Point{}}
			if !test.last.Time.IsZero() {
				c.last[source] = test.last
			}
			if !test.prev.Time.IsZero() {
				c.prev[source] = test.prev
			}
			before, ok := c.before(source, test.point, interval)
			if ok != !test.want.IsZero() || ok && !before.Time.Equal(test.want) {
				t.Errorf("got %v %t, want %v", before.Time, ok, test.want)
			}
		})
	}
}
