package upstream

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/imports"
)

// A formatter formats several files at a time, while others are being generated.
type formatter struct {
	ctx    context.Context
	cancel context.CancelFunc
	group  *errgroup.Group
	slots  chan struct{}
	added  map[string]bool

	mu    sync.Mutex
	files map[string][]byte
}

func newFormatter(ctx context.Context) *formatter {
	f := &formatter{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), added: map[string]bool{}, files: map[string][]byte{}}
	ctx, f.cancel = context.WithCancel(ctx)
	f.group, f.ctx = errgroup.WithContext(ctx)
	return f
}

// add starts to format the files that it has not received before. Callers must not change them afterwards.
func (f *formatter) add(raw map[string][]byte) {
	for path, src := range raw {
		if f.added[path] {
			continue
		}
		f.added[path] = true
		f.group.Go(func() error {
			f.slots <- struct{}{}
			defer func() { <-f.slots }()
			if err := f.ctx.Err(); err != nil {
				return err
			}
			formatted, err := formatFile(src)
			if err != nil {
				return fmt.Errorf("formatting %s, which is generated: %w", path, err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.files[path] = formatted
			return nil
		})
	}
}

// wait returns all files, formatted.
func (f *formatter) wait() (map[string][]byte, error) {
	if err := f.group.Wait(); err != nil {
		return nil, err
	}
	return f.files, nil
}

// stop cancels formatting.
func (f *formatter) stop() {
	f.cancel()
	_ = f.group.Wait() // the files are not needed
}

// formatFile formats a file like gengo.
func formatFile(src []byte) ([]byte, error) {
	return imports.Process("", src, &imports.Options{Comments: true, TabIndent: true, TabWidth: 8, FormatOnly: true})
}
