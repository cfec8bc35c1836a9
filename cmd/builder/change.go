package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// changeFlags are the flags of all commands that write files.
type changeFlags struct {
	dryRun, generate, verbose bool
	output                    string
	// record means that the next "builder generate" may exit early if nothing has changed.
	record bool
}

func (f *changeFlags) add(a *app, cmd *cobra.Command, skippable bool) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the changes without writing them")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "the output format: text or json")
	cmd.Flags().BoolVar(&a.allErrors, allErrors, false, fmt.Sprintf("print all errors, not only the first %d", mostProblems))
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "also list unchanged files, and each generated file")
	f.generate = true
	if skippable {
		cmd.Flags().BoolVar(&f.generate, "generate", true, `also run "builder generate"`)
	}
}

// check returns an error if the flags are invalid.
func (f *changeFlags) check() error {
	if f.output != "text" && f.output != "json" {
		return usagef("--output %q is invalid: use text or json", f.output)
	}
	return nil
}

// An outcome is the information that a command prints in addition to the files.
type outcome struct {
	// next describes the next step.
	next string
	// plural is the plural that was derived for a new kind.
	plural string
}

// An edit changes a declaration.
type edit func(p *project.Project) (outcome, error)

// A copyingEdit also returns copies of the user's files.
type copyingEdit func(root string, p *project.Project) (scaffold.Files, outcome, error)

// edit loads the project that contains the working directory, edits its declaration, and writes all files that depend on it.
func (a *app) edit(ctx context.Context, flags changeFlags, change edit) error {
	return a.editAndCopy(ctx, flags, func(_ string, p *project.Project) (scaffold.Files, outcome, error) {
		result, err := change(p)
		return nil, result, err
	})
}

func (a *app) editAndCopy(ctx context.Context, flags changeFlags, change copyingEdit) error {
	if err := flags.check(); err != nil {
		return err
	}
	return a.locked(ctx, func(root string, p *project.Project) error {
		copies, result, err := change(root, p)
		if err != nil {
			return err
		}
		return a.write(ctx, flags, root, p, copies, result)
	})
}

// locked calls do with the project that contains the working directory, while it holds the project's lock.
func (a *app) locked(ctx context.Context, do func(root string, p *project.Project) error) error {
	dir, err := a.getwd()
	if err != nil {
		return err
	}
	root, err := scaffold.Root(dir)
	if err != nil {
		return err
	}
	return a.lockedIn(ctx, root, func(p *project.Project) error { return do(root, p) })
}

// restored finds the project around the working directory, and completes the changes of a killed command in it.
func (a *app) restored(ctx context.Context) (root string, p *project.Project, err error) {
	err = a.locked(ctx, func(dir string, found *project.Project) error {
		root, p = dir, found
		return nil
	})
	return root, p, err
}

// lockedIn is like locked, for the project in the folder root.
func (a *app) lockedIn(ctx context.Context, root string, do func(p *project.Project) error) error {
	unlock, err := a.lock(ctx, root)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := project.Load(root)
	if err != nil {
		return err
	}
	if err := p.SetBuilder(a.version); err != nil {
		return err
	}
	return do(p)
}

// lock locks the folder dir, and completes the changes of a killed command in it.
func (a *app) lock(ctx context.Context, dir string) (unlock func(), err error) {
	unlock, err = a.timeouts.lockFolder(ctx, dir, a.stderr)
	if err != nil {
		return nil, err
	}
	recovered, err := scaffold.Recover(dir)
	if recovered != "" {
		fmt.Fprintln(a.stderr, recovered)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// write updates the folder dir to the project p, or in a dry run prints the changes.
func (a *app) write(ctx context.Context, flags changeFlags, dir string, p *project.Project, copies scaffold.Files, result outcome) error {
	var recorder *generators.Recorder
	if flags.record && !flags.dryRun {
		ctx, recorder = generators.NewRecorder(ctx, dir)
	}
	plan, err := a.plan(ctx, flags, dir, p, copies)
	if err != nil {
		return err
	}
	if !flags.dryRun {
		if err := plan.Apply(dir); err != nil {
			return err
		}
	}
	result.next = cmp.Or(missingConversions(plan), result.next)
	if generators.IsUntidy(dir, plan) {
		result.next = "go mod tidy, then " + result.next
	}
	if recorder != nil {
		saveRecord(recorder, plan, result)
	}
	return report(a.stdout, a.stderr, display.StyleOf(a.stdout, a.getenv), flags, plan, result)
}

// saveRecord records the output of the next run, in case nothing has changed.
func saveRecord(recorder *generators.Recorder, plan *scaffold.Plan, result outcome) {
	var out, prose strings.Builder
	if err := report(&out, &prose, display.Style{}, changeFlags{output: "text"}, plan.After(), result); err == nil {
		_ = recorder.Save(plan, out.String(), prose.String()) // on an error, the next command takes longer
	}
}

// missingConversions returns a message about conversions that the user has to write before the project builds, or "".
func missingConversions(plan *scaffold.Plan) string {
	for _, change := range plan.Changes {
		if path.Base(change.Path) == generators.MissingConversionsFile && change.Action != scaffold.Deleted {
			return "write the conversions that " + change.Path + " lists; until then the project does not build"
		}
	}
	return ""
}

func (a *app) plan(ctx context.Context, flags changeFlags, dir string, p *project.Project, copies scaffold.Files) (*scaffold.Plan, error) {
	if !flags.generate {
		return generators.Scaffold(dir, p, copies)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	const text = "Generating code ..."
	slow := slowTo(a.stderr)
	switch {
	case flags.output != "text":
		slow = func(time.Duration) {}
	case display.StyleOf(a.stderr, a.getenv).Terminal:
		shown := display.New(a.stderr, true)
		shown.Begin(text)
		defer shown.End()
		slow = func(time.Duration) { shown.Detail(slowReason) }
	default:
		fmt.Fprintln(a.stderr, text)
	}
	return a.generate(ctx, slow, dir, p, copies)
}

// slowReason is the usual reason why code generation takes more than a few seconds.
const slowReason = "the go command may be downloading modules"

// slowTo returns a function that reports to w that code generation has taken some time already.
func slowTo(w io.Writer) func(elapsed time.Duration) {
	return func(elapsed time.Duration) {
		fmt.Fprintf(w, "Still generating code after %s: %s ...\n", elapsed, slowReason)
	}
}

// gcPercent is the value of GOGC during generation. A higher value saves little time, and needs much more memory.
const gcPercent = 125

// generate is like generators.Generate, but calls slow at intervals.
func (a *app) generate(ctx context.Context, slow func(time.Duration), dir string, p *project.Project, copies scaffold.Files) (*scaffold.Plan, error) {
	if a.getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	var plan *scaffold.Plan
	err := a.timeouts.generate(ctx, dir, slow, func(ctx context.Context) (err error) {
		plan, err = generators.Generate(ctx, dir, p, copies)
		return err
	})
	return plan, err
}
