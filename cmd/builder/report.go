package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/fatih/color"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// jsonReport is the output of -o json.
type jsonReport struct {
	DryRun  bool              `json:"dryRun"`
	Plural  string            `json:"plural,omitempty"`
	Changes []scaffold.Change `json:"changes"`
	Next    string            `json:"next"`
}

// report prints the changes to out, and the next step to prose.
func report(out, prose io.Writer, style display.Style, flags changeFlags, plan *scaffold.Plan, result outcome) error {
	if flags.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(jsonReport{flags.dryRun, result.plural, plan.Changes, result.next})
	}
	if err := printChanges(out, plan.Changes, flags.verbose, style); err != nil {
		return err
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

// printChanges prints a line for each of the user's files that changes, a line for the generated files of a folder, and the number
// of unchanged files. If verbose is set, it prints a line for each file.
func printChanges(out io.Writer, changes []scaffold.Change, verbose bool, style display.Style) error {
	var lines []changeLine
	if verbose {
		for _, change := range changes {
			lines = append(lines, changeLine{string(change.Action), change.Path, 1})
		}
	} else {
		lines = summarize(changes)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line.text(style)); err != nil {
			return err
		}
	}
	return nil
}

// A changeLine is a change of one file, or of several files with a common name.
type changeLine struct {
	action, name string
	files        int
}

// actionColors are the colors of actions. Other actions are printed without color.
var actionColors = map[string]color.Attribute{
	string(scaffold.Created): color.FgGreen, string(scaffold.Updated): color.FgYellow, string(scaffold.Deleted): color.FgRed, "kept": color.FgMagenta,
}

func (l changeLine) text(style display.Style) string {
	action := fmt.Sprintf("%-9s", l.action)
	if attribute, ok := actionColors[l.action]; ok {
		action = style.Paint(action, attribute)
	}
	if l.files == 1 {
		return fmt.Sprintf("%s  %s", action, l.name)
	}
	return fmt.Sprintf("%s  %s (%d files)", action, l.name, l.files)
}

// summarize returns the lines of the report: the user's files that changed or were kept, the generated
// files grouped, and the number of unchanged files at the end.
func summarize(changes []scaffold.Change) []changeLine {
	var lines []changeLine
	grouped := map[changeLine]int{} // the index in lines
	unchanged := 0
	for _, change := range changes {
		switch {
		case change.Kept:
			lines = append(lines, changeLine{"kept", change.Path + ", which you have edited", 1})
			continue
		case change.Action == scaffold.Unchanged:
			unchanged++
			continue
		}
		line := changeLine{string(change.Action), change.Path, 1}
		group := changeLine{action: line.action, name: generatedGroup(change.Path)}
		switch i, ok := grouped[group]; {
		case group.name == "":
			lines = append(lines, line)
		case ok:
			lines[i] = changeLine{group.action, group.name, lines[i].files + 1}
		default:
			grouped[group] = len(lines)
			lines = append(lines, line)
		}
	}
	switch unchanged {
	case 0:
	case 1:
		lines = append(lines, changeLine{"unchanged", "1 file", 1})
	default:
		lines = append(lines, changeLine{"unchanged", fmt.Sprintf("%d files", unchanged), 1})
	}
	return lines
}

// generatedGroup returns the common name of the generated files that are printed as one line, or "" for a user's file.
func generatedGroup(name string) string {
	const generated = "pkg/generated/"
	switch {
	case !scaffold.Owned(name):
		return ""
	case strings.HasPrefix(name, generated):
		return generated
	}
	return path.Join(path.Dir(name), "zz_generated.*")
}
