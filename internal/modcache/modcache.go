// Package modcache finds the sources of other modules, for tests that read them.
package modcache

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/apiserver-builder/builder/internal/gocmd"
)

// Dir returns the folder with the sources of a module that the go.mod file in dir requires. It downloads them if necessary, because the go
// command downloads only the modules of packages that it builds.
func Dir(ctx context.Context, dir, module string) (string, error) {
	out, err := gocmd.Command(ctx, dir, nil, "mod", "download", "-json", module).Output()
	var answer struct{ Dir, Error string }
	if decodeErr := json.Unmarshal(out, &answer); err == nil {
		err = decodeErr
	}
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w %s", module, err, answer.Error)
	}
	return answer.Dir, nil
}
