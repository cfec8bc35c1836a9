package codegen

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/imports"
)

// format formats all files, several at a time.
func format(ctx context.Context, raw map[string][]byte) (map[string][]byte, error) {
	var mu sync.Mutex
	files := make(map[string][]byte, len(raw))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for path, src := range raw {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			formatted, err := formatFile(src)
			if err != nil {
				return fmt.Errorf("formatting %s, which is generated: %w", path, err)
			}
			mu.Lock()
			defer mu.Unlock()
			files[path] = formatted
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return files, nil
}

// formatFile formats as gengo does.
func formatFile(src []byte) ([]byte, error) {
	return imports.Process("", src, &imports.Options{Comments: true, TabIndent: true, TabWidth: 8, FormatOnly: true})
}
