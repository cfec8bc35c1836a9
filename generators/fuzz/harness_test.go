package fuzz

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/typecheck"
)

// A finding is an error of the generators: a bad message, or an accepted project that does not work.
type finding struct {
	sort string
	text string
}

// An outcome is the result of a program.
type outcome struct {
	// accepted is the rest of the program, without the rejected parts.
	accepted *program
	done     bool
	refusals []refusal
	runs     int
	findings []finding
	dir      string
}

// A refusal is a part that a run rejected, with the message.
type refusal struct {
	key, sentence string
	run           int
}

var (
	positioned = regexp.MustCompile(`^(pkg/apis/[a-z]+/v[a-z0-9]+/types\.go):([0-9]+):([0-9]+): (.+)$`)
	// raw matches text that must not be in a message: internal errors, and paths outside the user's project.
	raw = regexp.MustCompile(`/tmp/|/go/pkg/mod|/go/src|gengo|panic:|goroutine|nil pointer|\*ast\.|\*types\.|controller-tools|interface conversion|index out of range|%!|Unsupported [^v]|invalid type$|unknown type|DoNotCall`)
)

const maxRuns = 12

// declaration returns the PROJECT file that all programs share.
func declaration() (*project.Project, error) {
	declared, err := project.New("", "example.com", module)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		for _, version := range []string{"v1alpha1", "v1"} {
			if err := declared.AddVersion(k.group, version); err != nil {
				return nil, err
			}
		}
		if err := declared.AddKind(k.group, "v1", project.Kind{Name: k.name, Versions: k.versions, Status: true}); err != nil {
			return nil, err
		}
	}
	return declared, nil
}

// write writes the types of a program and the generated code to dir. err is the error of the generators.
func write(ctx context.Context, dir string, p *program) (lines map[string]map[int]string, err error) {
	lines = map[string]map[int]string{}
	files := map[string]string{}
	for _, k := range kinds {
		for _, version := range versions {
			folder := "pkg/apis/" + k.group + "/" + version + "/"
			files[folder+"types.go"], lines[folder+"types.go"] = p.source(k.group, version)
			// Create the files that the command would seed. The types are in another file, so theirs is empty, and the test is not needed.
			files[folder+strings.ToLower(k.name)+"_types.go"] = "package " + version + "\n"
		}
		files["test/"+k.group+"_"+strings.ToLower(k.name)+"_test.go"] = "package test\n"
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	declared, err := declaration()
	if err != nil {
		return nil, err
	}
	plan, err := generators.Generate(ctx, dir, declared, nil)
	if err != nil {
		return lines, err
	}
	return lines, plan.Apply(dir)
}

// rerun runs the generators again, which must not change a file.
func (o *outcome) rerun(ctx context.Context) error {
	declared, err := declaration()
	if err != nil {
		return err
	}
	plan, err := generators.Generate(ctx, o.dir, declared, nil)
	if err != nil {
		return err
	}
	for _, change := range plan.Stale() {
		o.findings = append(o.findings, finding{"a second run changes a file", change.Path})
	}
	return nil
}

// findAccepted runs the generators and removes the rejected parts, until the generators accept the rest.
func findAccepted(ctx context.Context, dir string, p *program) (*outcome, error) {
	o := &outcome{accepted: p}
	for o.runs < maxRuns {
		var err error
		if o.dir, err = os.MkdirTemp(dir, "run"); err != nil {
			return nil, err
		}
		if o.dir, err = filepath.EvalSymlinks(o.dir); err != nil {
			return nil, err
		}
		o.dir = filepath.Join(o.dir, path.Base(module))
		o.runs++
		lines, err := write(ctx, o.dir, o.accepted)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			o.done = true
			// A few errors are hidden by those of the types that they depend on.
			if late := o.late(p); len(late) > len(o.refusals)/20 {
				for _, r := range late {
					o.findings = append(o.findings, finding{"refused in a later run only", r.key + ": " + r.sentence})
				}
			}
			return o, o.rerun(ctx)
		}
		keys := o.refuse(err, lines)
		next := o.accepted.without(keys...)
		if len(next.gone) == len(o.accepted.gone) {
			if len(o.findings) == 0 {
				o.findings = append(o.findings, finding{"refused, and nothing to take out", err.Error()})
			}
			return o, nil
		}
		o.accepted = next
	}
	o.findings = append(o.findings, finding{"too many runs", fmt.Sprint(maxRuns)})
	return o, nil
}

// refuse returns the parts that an error rejects.
func (o *outcome) refuse(err error, lines map[string]map[int]string) []string {
	var keys []string
	for _, line := range strings.Split(err.Error(), "\n") {
		m := positioned.FindStringSubmatch(line)
		if m == nil {
			o.findings = append(o.findings, finding{"no position", line})
			continue
		}
		at, _ := strconv.Atoi(m[2])
		key, ok := lines[m[1]][at]
		switch {
		case !ok:
			o.findings = append(o.findings, finding{"position of no type", line})
			continue
		case raw.MatchString(m[4]) || len(m[4]) > 500:
			o.findings = append(o.findings, finding{"raw message", line})
		case o.accepted.isKind(key):
			o.findings = append(o.findings, finding{"a whole kind is refused", line})
			continue
		}
		keys = append(keys, key)
		o.refusals = append(o.refusals, refusal{key, m[4], o.runs})
	}
	return keys
}

// late returns the refusals that the first run could have reported: no part of their cell was refused before.
func (o *outcome) late(p *program) []refusal {
	var out []refusal
	before := map[int]bool{}
	for i := 0; i < len(o.refusals); {
		end := i
		for end < len(o.refusals) && o.refusals[end].run == o.refusals[i].run {
			if r := o.refusals[end]; r.run > 1 && !before[p.cell(r.key)] {
				out = append(out, r)
			}
			end++
		}
		for _, r := range o.refusals[i:end] {
			before[p.cell(r.key)] = true
		}
		i = end
	}
	return out
}

// compile type-checks the accepted project with its tests.
func (o *outcome) compile(ctx context.Context) error {
	report, err := typecheck.Modules(ctx, filepath.Dir(o.dir), []string{module})
	if err != nil {
		return err
	}
	for _, problem := range report.Problems {
		text := strings.ReplaceAll(problem.Text, o.dir+"/", "")
		if !strings.HasPrefix(text, "\t") && !strings.Contains(text, ": \t") {
			o.findings = append(o.findings, finding{"does not compile", text})
		}
	}
	return nil
}

var objects = regexp.MustCompile(`(?m)^const objectsPerKind = .*$`)

// test vets the project and runs the tests of its packages.
func (o *outcome) test(ctx context.Context) error {
	name := filepath.Join(o.dir, "pkg/apiserver/zz_generated.roundtrip_test.go")
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	// The specs are a hundred times as large as those of a usual kind.
	if err := os.WriteFile(name, objects.ReplaceAll(content, []byte("const objectsPerKind = 100")), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-timeout", "10m", "./pkg/..."}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = o.dir, append(os.Environ(), "GOWORK=off")
		if output, err := cmd.CombinedOutput(); err != nil {
			o.findings = append(o.findings, finding{"go " + args[0] + " fails", string(output)})
			return nil
		}
	}
	return nil
}

// culprits returns the cells that a finding's text mentions, or whose types the declaration at its position refers to.
func (o *outcome) culprits(f finding) []int {
	found := map[int]bool{}
	byName := map[string]int{}
	for _, d := range o.accepted.decls {
		if d.cell > 0 && !o.accepted.gone[d.key()] {
			byName[d.name] = d.cell
		}
	}
	scan := func(text string) {
		for _, word := range identifier.FindAllString(text, -1) {
			if cell, ok := byName[word]; ok {
				found[cell] = true
			}
			for _, m := range tagged.FindAllStringSubmatch(word, -1) {
				cell, _ := strconv.Atoi(m[1])
				found[cell] = true
			}
		}
	}
	scan(f.text)
	if m := inFile.FindStringSubmatch(f.text); m != nil && len(found) == 0 {
		line, _ := strconv.Atoi(m[2])
		scan(enclosing(filepath.Join(o.dir, m[1]), line))
	}
	var out []int
	for cell := range found {
		out = append(out, cell)
	}
	slices.Sort(out)
	return out
}

var (
	identifier = regexp.MustCompile(`[\pL_][\pL\pN_]*`)
	tagged     = regexp.MustCompile(`[Cc]([0-9]+)`)
	inFile     = regexp.MustCompile(`(?m)^([a-z][\w/.-]*\.go):([0-9]+):`)
)

// enclosing returns a line of a file, and the first line of its declaration.
func enclosing(name string, line int) string {
	content, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	all := strings.Split(string(content), "\n")
	if line > len(all) {
		return ""
	}
	text := all[line-1]
	for i := line - 1; i >= 0; i-- {
		if strings.HasPrefix(all[i], "func ") || strings.HasPrefix(all[i], "type ") {
			return text + "\n" + all[i]
		}
	}
	return text
}
