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

// IsUntidy reports whether the project in dir has a go.mod that the user has edited, and that lacks modules which generated code imports.
func IsUntidy(dir string, plan *scaffold.Plan) bool {
	rendered, err := modfile.ParseLax(goMod, plan.Kept(goMod), nil)
	if err != nil || len(rendered.Require) == 0 {
		return false
	}
	content, err := regular.Read(filepath.Join(dir, goMod))
	if err != nil {
		return false
	}
	edited, err := modfile.ParseLax(goMod, content, nil)
	if err != nil {
		return false
	}
	required := map[string]bool{}
	for _, require := range edited.Require {
		required[require.Mod.Path] = true
	}
	return slices.ContainsFunc(rendered.Require, func(r *modfile.Require) bool { return !required[r.Mod.Path] })
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
