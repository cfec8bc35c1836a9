package generators

import (
	"fmt"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/scaffold"
)

const (
	goMod     = "go.mod"
	celModule = "github.com/google/cel-go"
)

// requireCEL has go.mod say that the project imports CEL, as its CEL rules do, so that go mod tidy finds nothing to change.
func requireCEL(files scaffold.Files) error {
	mod, err := modfile.Parse(goMod, files[goMod], nil)
	if err != nil {
		return fmt.Errorf("reading the rendered %s: %w", goMod, err)
	}
	for _, require := range mod.Require {
		require.Indirect = require.Indirect && require.Mod.Path != celModule
	}
	mod.SetRequireSeparateIndirect(mod.Require)
	mod.Cleanup()
	if files[goMod], err = mod.Format(); err != nil {
		return fmt.Errorf("formatting %s: %w", goMod, err)
	}
	return nil
}
