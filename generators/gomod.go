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

// requireCEL makes CEL a direct dependency in go.mod, because the generated CEL rules import it. Then go mod tidy changes nothing.
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
