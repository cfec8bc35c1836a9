package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// changeFlags are the flags of every command that writes files.
type changeFlags struct {
	dryRun, generate bool
	output           string
}

func (f *changeFlags) add(cmd *cobra.Command, skippable bool) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print what would be done, and write nothing")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "how to print the result: text or json")
	f.generate = true
	if skippable {
		cmd.Flags().BoolVar(&f.generate, "generate", true, `also do what "builder generate" does`)
	}
}

// check refuses flags that can't be meant.
func (f *changeFlags) check() error {
	if f.output != "text" && f.output != "json" {
		return usagef("--output is %q: it is text or json", f.output)
	}
	return nil
}

// An outcome is what a command tells its user beside the files.
type outcome struct {
	// next is what a user would type next.
	next string
	// plural is the plural that was chosen for a new kind.
	plural string
}

// An edit changes a declaration.
type edit func(p *project.Project) (outcome, error)

// A copying edit also says which files of the user's are to be copied, and to where.
type copyingEdit func(root string, p *project.Project) (scaffold.Files, outcome, error)

// edit loads the project around the working directory, edits its declaration and writes what follows.
func (a *app) edit(ctx context.Context, flags changeFlags, edit edit) error {
	return a.editAndCopy(ctx, flags, func(_ string, p *project.Project) (scaffold.Files, outcome, error) {
		result, err := edit(p)
		return nil, result, err
	})
}

func (a *app) editAndCopy(ctx context.Context, flags changeFlags, edit copyingEdit) error {
	if err := flags.check(); err != nil {
		return err
	}
	dir, err := a.getwd()
	if err != nil {
		return err
	}
	root, _, err := project.Find(dir)
	if err != nil {
		return err
	}
	unlock, err := scaffold.Lock(root)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := project.Load(root)
	if err != nil {
		return err
	}
	copies, result, err := edit(root, p)
	if err != nil {
		return err
	}
	return a.write(ctx, flags, root, p, copies, result)
}

// write makes the folder dir what follows from p, or, in a dry run, says what that would change.
func (a *app) write(ctx context.Context, flags changeFlags, dir string, p *project.Project, copies scaffold.Files, result outcome) error {
	plan, err := a.plan(ctx, flags, dir, p, copies)
	if err != nil {
		return err
	}
	if !flags.dryRun {
		if err := plan.Apply(dir); err != nil {
			return err
		}
	}
	result.next = cmp.Or(unwritten(plan), result.next)
	return report(a.out, a.err, flags, plan, result)
}

// unwritten says what a user has to write before the project builds again, if anything.
func unwritten(plan *scaffold.Plan) string {
	for _, change := range plan.Changes {
		if path.Base(change.Path) == codegen.MissingConversionsFile && change.Action != scaffold.Deleted {
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
	news := io.Discard
	if flags.output == "text" {
		news = a.err
	}
	fmt.Fprintln(news, "Generating code ...")
	var plan *scaffold.Plan
	err := a.patience.wait(ctx, dir, news, func(ctx context.Context) (err error) {
		plan, err = generators.Generate(ctx, dir, p, copies)
		return err
	})
	return plan, err
}

// jsonReport is what -o json prints.
type jsonReport struct {
	DryRun  bool              `json:"dryRun"`
	Plural  string            `json:"plural,omitempty"`
	Changes []scaffold.Change `json:"changes"`
	Next    string            `json:"next"`
}

// report prints each file with what was done to it, to out, and what to type next, to prose.
func report(out, prose io.Writer, flags changeFlags, plan *scaffold.Plan, result outcome) error {
	if flags.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(jsonReport{flags.dryRun, result.plural, plan.Changes, result.next})
	}
	for _, change := range plan.Changes {
		if _, err := fmt.Fprintf(out, "%-9s  %s\n", change.Action, change.Path); err != nil {
			return err
		}
	}
	if result.plural != "" {
		fmt.Fprintf(prose, "Plural: %s (--plural chooses another)\n", result.plural)
	}
	if flags.dryRun {
		fmt.Fprintln(prose, "Nothing was written: this was a dry run.")
		return nil
	}
	fmt.Fprintln(prose, "Next:", result.next)
	return nil
}
