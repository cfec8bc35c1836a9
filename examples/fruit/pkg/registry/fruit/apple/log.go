package apple

import (
	"context"
	"fmt"
	"io"
	"time"

	"example.com/shop/pkg/registry"
)

// Log handles a GET request to the subresource log. ctx ends when the client disconnects. To return an error with a specific
// HTTP status, create it with k8s.io/apimachinery/pkg/api/errors.
func (Strategy) Log(ctx context.Context, obj *Apple, options *AppleLogOptions) (*registry.Stream, error) {
	lines := []string{"generation " + fmt.Sprint(obj.Generation), "created " + obj.CreationTimestamp.UTC().Format(time.RFC3339)}
	if options.TailLines != nil {
		lines = lines[max(0, len(lines)-int(*options.TailLines)):]
	}
	return registry.NewStream("text/plain", func(w io.Writer) error {
		for _, line := range lines {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
		for options.Follow {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case now := <-time.After(time.Second):
				if _, err := fmt.Fprintln(w, "now", now.UTC().Format(time.RFC3339)); err != nil {
					return err
				}
			}
		}
		return nil
	}), nil
}
