package upstream

import (
	"io"
	"regexp"
	"strings"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// A watchedGenerator records the type that it processes in its target, so that errors get a position.
type watchedGenerator struct {
	generator.Generator
	target *watchedTarget
}

// GenerateType implements generator.Generator.
func (g *watchedGenerator) GenerateType(c *generator.Context, t *types.Type, w io.Writer) error {
	g.target.current = t
	if err := g.Generator.GenerateType(c, t, w); err != nil {
		return err
	}
	g.target.current = nil
	return nil
}

// problemOf converts a generator's error into a problem at the type that the generator was processing, or else at the type that the
// error mentions.
func (u *upstream) problemOf(name string, current *types.Type, err error) diagnostics.Diagnostic {
	message := strings.Join(strings.Fields(err.Error()), " ")
	d := diagnostics.Diagnostic{Message: name + ": " + message}
	if current == nil {
		current = u.typeIn(message)
	}
	if current != nil {
		d.Pos = u.Position(current.Name, fieldIn(message, current))
	}
	return d
}

// typeIn returns the type of an API package whose full name is in a message, or nil.
func (u *upstream) typeIn(message string) *types.Type {
	for _, api := range u.APIs {
		named := regexp.MustCompile(regexp.QuoteMeta(api.Package) + `\.(\w+)`)
		if m := named.FindStringSubmatch(message); m != nil {
			if t := u.Universe[api.Package].Types[m[1]]; t != nil {
				return t
			}
		}
	}
	return nil
}

// fieldIn returns the field of t whose name is in a message, in one of the generators' formats, or "".
func fieldIn(message string, t *types.Type) string {
	for _, m := range t.Members {
		for _, named := range []string{": " + m.Name + ":", "." + m.Name, "(" + m.Name + ")", "member " + m.Name + " "} {
			if strings.Contains(message, named) {
				return m.Name
			}
		}
	}
	return ""
}
