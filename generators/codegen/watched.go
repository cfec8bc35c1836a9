package codegen

import (
	"io"
	"regexp"
	"strings"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"
)

// A watchedGenerator tells its target which type it is at, so that an error can be given a position.
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

// problemOf turns what a generator said into a problem, at the type it was working on or the one it names, if that is the
// project's.
func (p *Packages) problemOf(name string, current *types.Type, err error) Diagnostic {
	message := strings.Join(strings.Fields(err.Error()), " ")
	d := Diagnostic{Message: name + ": " + message}
	if current == nil {
		current = p.typeIn(message)
	}
	if current != nil {
		d.Pos = p.Position(current.Name, fieldIn(message, current))
	}
	return d
}

// typeIn is the type of an API package that a message names by its full name.
func (p *Packages) typeIn(message string) *types.Type {
	for _, api := range p.options.APIs {
		named := regexp.MustCompile(regexp.QuoteMeta(api.Package) + `\.(\w+)`)
		if m := named.FindStringSubmatch(message); m != nil {
			if t := p.Universe[api.Package].Types[m[1]]; t != nil {
				return t
			}
		}
	}
	return nil
}

// fieldIn is the field of t that a message names, in one of the ways that generators do.
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
