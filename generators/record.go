package generators

import (
	"context"
	"errors"
	"fmt"

	"github.com/apiserver-builder/builder/generators/internal/godriver"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/uptodate"
)

// A Recorder observes a run of Generate, so that a later run that would not change anything can be skipped.
type Recorder struct {
	root    string
	answers *godriver.Answers
	setup   string
	before  uptodate.Files
	err     error
}

// NewRecorder returns a Recorder, and the context for the run of Generate that it observes, for the project in the folder root.
func NewRecorder(ctx context.Context, root string) (context.Context, *Recorder) {
	r := &Recorder{root: root}
	ctx, r.answers = godriver.Observe(ctx)
	if r.setup, r.err = uptodate.Setup(root); r.err == nil {
		r.before, r.err = uptodate.Scan(root, nil)
	}
	return ctx, r
}

// Save records that plan has been applied. If a later command finds the project unchanged, it prints stdout and stderr. If a new plan
// might differ, Save returns an error and records nothing.
func (r *Recorder) Save(plan *scaffold.Plan, stdout, stderr string) error {
	if r.err != nil {
		return r.err
	}
	if reason := r.answers.Fallback(); reason != nil { // then it is unknown which files were read
		return reason
	}
	setup, failed := uptodate.Setup(r.root)
	if failed != nil {
		return failed
	}
	files, failed := uptodate.Scan(r.root, plan.Watched())
	if failed != nil {
		return failed
	}
	if setup != r.setup {
		return errors.New("the go command or its settings have changed meanwhile")
	}
	contents := plan.Contents()
	for name, digest := range files {
		before, ok := r.before[name]
		if content, written := contents[name]; written {
			before = uptodate.Digest(content)
		} else if !ok && !uptodate.Relevant(name) { // a file of the user that no output depends on
			continue
		}
		if digest != before {
			return fmt.Errorf("%s has changed meanwhile", name)
		}
	}
	for name := range r.before {
		if _, ok := files[name]; !ok && !scaffold.Owned(name) {
			return fmt.Errorf("%s has gone meanwhile", name)
		}
	}
	record := uptodate.Record{Root: r.root, Setup: setup, Files: files, Out: stdout, Err: stderr}
	return record.Save()
}
