package generators

import (
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/regular"
)

const (
	goMod     = "go.mod"
	celModule = "github.com/google/cel-go"
)

// IsUntidy reports whether the project in dir has a go.mod that the user has edited, and that lacks modules which the project did not need when
// its go.mod was last written.
func IsUntidy(dir string, plan *scaffold.Plan) bool {
	rendered, written := plan.Kept(goMod)
	edited, err := regular.Read(filepath.Join(dir, goMod))
	if rendered == nil || err != nil {
		return false
	}
	known := slices.Concat(requirements(written), requirements(edited))
	return slices.ContainsFunc(requirements(rendered), func(path string) bool { return !slices.Contains(known, path) })
}

// requirements returns the paths of the modules that a go.mod requires. An invalid one requires none.
func requirements(content []byte) []string {
	mod, err := modfile.ParseLax(goMod, content, nil)
	if err != nil {
		return nil
	}
	var paths []string
	for _, require := range mod.Require {
		paths = append(paths, require.Mod.Path)
	}
	return paths
}

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
