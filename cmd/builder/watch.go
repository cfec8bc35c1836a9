package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/cmd/builder/internal/watch"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// watch generates now and after each change, until ctx is done. It does not return an error for this, or for errors in the types.
func (a *app) watch(ctx context.Context) error {
	root, _, err := a.restored(ctx)
	if err != nil {
		return err
	}
	tree, err := watch.New(ctx, root, nil)
	if err != nil {
		return err
	}
	defer tree.Close()
	fmt.Fprintf(a.stderr, "Watching %s. Press Ctrl-C to stop.\n", root)
	for since := time.Now(); ; {
		a.regenerateAndTell(ctx, root, tree, since)
		change, err := tree.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, watch.ErrGone):
			return err
		case err != nil:
			a.explain(err)
			continue
		}
		since = change.Since
		fmt.Fprintf(a.stderr, "Changed: %s\n", change)
	}
}

// regenerateAndTell generates code, and prints the changes or the errors.
func (a *app) regenerateAndTell(ctx context.Context, root string, tree *watch.Tree, since time.Time) {
	_, plan, err := a.regenerate(ctx, root, slowTo(a.stderr))
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.explain(err)
		fmt.Fprintln(a.stderr, "Nothing was generated. Correct the errors above to try again.")
		return
	}
	changes := plan.Stale()
	tree.Wrote(pathsOf(changes)...)
	if err := printChanges(a.stdout, changes, false, display.StyleOf(a.stdout, a.getenv)); err != nil {
		a.explain(err)
	}
	fmt.Fprintf(a.stderr, "Generated in %.1fs.\n", time.Since(since).Seconds())
	if todo := missingConversions(plan); todo != "" {
		fmt.Fprintln(a.stderr, "Next:", todo)
	}
}

// regenerate updates the files of the project in the folder root, and returns its declaration and the plan.
func (a *app) regenerate(ctx context.Context, root string, slow func(time.Duration)) (p *project.Project, plan *scaffold.Plan, err error) {
	err = a.lockedIn(ctx, root, func(declared *project.Project) (err error) {
		p = declared
		if plan, err = a.generate(ctx, slow, root, p, nil); err != nil {
			return err
		}
		return plan.Apply(root)
	})
	return p, plan, err
}

func pathsOf(changes []scaffold.Change) []string {
	var paths []string
	for _, change := range changes {
		paths = append(paths, change.Path)
	}
	return paths
}
