package scaffold

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns the changes of the plan to root, the folder that it was made for, in git's format. "git apply" makes the same changes.
func (p *Plan) Diff(root fs.FS) ([]byte, error) {
	var out []byte
	for _, c := range p.Stale() {
		before, after := "a/"+c.Path, "b/"+c.Path
		out = fmt.Appendf(out, "diff --git %s %s\n", before, after)
		switch c.Action {
		case Created:
			before = os.DevNull
			out = append(out, "new file mode 100644\n"...)
		case Deleted:
			after = os.DevNull
			out = append(out, "deleted file mode 100644\n"...)
		}
		var was []byte
		if c.Action != Created {
			var err error
			if was, err = fs.ReadFile(root, c.Path); err != nil {
				return nil, obstacle(root, c.Path, err)
			}
		}
		hunks := diff.Diff(before, was, after, c.content)
		_, hunks, _ = bytes.Cut(hunks, []byte("\n")) // git uses a different first line
		out = append(out, hunks...)
	}
	return out, nil
}

// Stale returns the changes, without unchanged files.
func (p *Plan) Stale() []Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return c.Action == Unchanged })
}
