package scaffold

import (
	"bytes"
	"maps"
	"slices"
)

// After returns the plan that NewPlan would return after p has been applied; nothing is left to do. It does not support plans with copies.
func (p *Plan) After() *Plan {
	after := &Plan{base: p.base}
	for _, c := range p.Changes {
		if c.Action != Deleted {
			c.Action = Unchanged
			after.Changes = append(after.Changes, c)
		}
	}
	return after
}

// Watched returns the paths of all files that the plan depends on, including files that do not exist.
func (p *Plan) Watched() []string {
	watched := map[string]bool{}
	for _, c := range p.Changes {
		watched[c.Path] = true
	}
	for name := range p.base {
		watched[name] = true
	}
	return slices.Sorted(maps.Keys(watched))
}

// Contents returns the content of the files that the user does not own, after the plan has been applied.
func (p *Plan) Contents() Files {
	contents := Files{}
	for _, c := range p.Changes {
		if c.Action != Deleted && c.content != nil {
			contents[c.Path] = bytes.Clone(c.content)
		}
	}
	return contents
}
