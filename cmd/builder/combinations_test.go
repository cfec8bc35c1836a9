package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/typecheck"
)

var (
	combinedGroups   = []string{"fruit", "root-veg"}
	combinedVersions = []string{"v1alpha1", "v1"}
)

// projectFactors returns the flags of all create commands, for two groups, two versions and three kinds, and the markers that affect which
// parts of the generated files exist.
func projectFactors() []factor {
	all := []factor{
		{"name", []string{"", " --name store"}},
		{"domain", []string{" --domain example.com", " --domain shop.k8s.io --allow-reserved-domain"}},
		{"certificates", []string{"", " --certificates provided"}},
		{"namesakes", []string{"no", "yes"}}, // two groups with a kind of the same name
		{"third kind", []string{"Orchard", "String"}},
		{"others", []string{"", "apps v1 Deployment", " v1 Event,events.k8s.io v1 Event"}},
		{"plugins", []string{"", "of a kind", "of all kinds", "of a kind,of all kinds"}},
	}
	for _, group := range combinedGroups {
		all = append(all,
			factor{group + " made by", []string{"", "group", "group with version"}},
			factor{group + " second version", []string{"", "empty", "copy", "copy --storage"}})
	}
	for i := range 3 {
		of := func(name string, values ...string) {
			all = append(all, factor{fmt.Sprint("kind ", i, " ", name), values})
		}
		of("group", combinedGroups...)
		of("version", combinedVersions...)
		of("shape", "", " --shape virtual", " --shape review", " --shape review --answer", " --shape parent")
		of("scope", "", " --namespaced=false")
		of("controller", " --no-controller", "", "later")
		of("status", "", " --status", " --status=false", " --scale")
		of("short names", "", fmt.Sprintf(" --short-names sn%d,short%d", i, i))
		of("categories", "", " --categories food,all")
		of("plural", "", fmt.Sprintf(" --plural many%d", i))
		of("subresources", "", "approve sync", "approve report:get log:get:stream start:update", "log:get:stream proxy:connect:path console:connect")
		of("constraint", "no", "yes")
		of("rule", "no", "yes")
		of("selectable field", "no", "yes")
		of("deprecated", "no", "yes")
		of("read-only client", "no", "yes")
	}
	return all
}

// A combinedKind is a kind of a combination.
type combinedKind struct {
	index                int
	group, version, name string
}

func (k combinedKind) flags() string {
	return fmt.Sprintf(" --group %s --version %s --kind %s", k.group, k.version, k.name)
}

// chosen returns the kind's value of a factor.
func (c choice) chosen(k combinedKind, name string) string {
	return c[fmt.Sprint("kind ", k.index, " ", name)]
}

// shape returns the shape of a kind.
func (c choice) shape(k combinedKind) string {
	fields := strings.Fields(c.chosen(k, "shape"))
	if len(fields) == 0 {
		return project.ShapeStored
	}
	return fields[1]
}

// subresources returns the subresources of a kind, without those that its shape does not support.
func (c choice) subresources(k combinedKind) []string {
	return slices.DeleteFunc(strings.Fields(c.chosen(k, "subresources")), func(s string) bool {
		changes := !strings.Contains(s, ":get") && !strings.Contains(s, ":connect")
		return c.shape(k) == project.ShapeReview || c.shape(k) == project.ShapeVirtual && changes
	})
}

// kinds returns the kinds of a choice. The second kind may have the name of the first one if they are in two groups.
func (c choice) kinds() []combinedKind {
	var kinds []combinedKind
	for i, name := range []string{"Apple", "Pear", c["third kind"]} {
		k := combinedKind{index: i, name: name}
		k.group, k.version = c.chosen(k, "group"), c.chosen(k, "version")
		kinds = append(kinds, k)
	}
	if c["namesakes"] == "yes" && kinds[0].group != kinds[1].group {
		kinds[1].name = kinds[0].name
	}
	return kinds
}

// A userCommand is a command line that a user types after those with the names in after.
type userCommand struct {
	name, line string
	after      []string
}

// commands returns the command lines that create the project of a choice.
func (c choice) commands(module string) []userCommand {
	all := []userCommand{{name: "init", line: "init --module " + module + c["name"] + c["domain"] + c["certificates"]}}
	add := func(name, line string, after ...string) {
		all = append(all, userCommand{name, line, append(after, "init")})
	}
	kinds := c.kinds()
	copies := map[string]string{} // the versions that are copies, by group
	for _, group := range combinedGroups {
		switch c[group+" made by"] {
		case "group":
			add("group "+group, "create group "+group)
		case "group with version":
			add("group "+group, "create group "+group+" --version "+combinedVersions[0])
		}
		first := slices.IndexFunc(kinds, func(k combinedKind) bool { return k.group == group })
		if first < 0 || c[group+" second version"] == "" {
			continue
		}
		from, to := kinds[first].version, combinedVersions[0]
		if from == to {
			to = combinedVersions[1]
		}
		line := fmt.Sprintf("create version --group %s --version %s", group, to)
		if flags, copied := strings.CutPrefix(c[group+" second version"], "copy"); copied {
			copies[group] = to
			var before []string
			stored := false
			for _, k := range kinds {
				if k.group == group && k.version == from {
					before = append(before, "kind "+fmt.Sprint(k.index))
					stored = stored || c.shape(k) == project.ShapeStored
				}
			}
			if !stored {
				flags = ""
			}
			add("copy "+group, line+" --from "+from+flags, before...)
		} else {
			add("version "+group, line)
		}
	}
	for _, k := range kinds {
		all = append(all, c.kindCommands(k, copies)...)
	}
	before := "kind 0"
	for _, plugin := range strings.FieldsFunc(c["plugins"], func(r rune) bool { return r == ',' }) {
		line := fmt.Sprintf("create admission --name BanApple --group %s --kind %s", kinds[0].group, kinds[0].name)
		if plugin == "of all kinds" {
			line = "create admission --name AddOwner"
		}
		add("plugin "+plugin, line, before)
		before = "plugin " + plugin
	}
	for i, other := range strings.FieldsFunc(c["others"], func(r rune) bool { return r == ',' }) {
		fields := strings.Split(other, " ")
		add(fmt.Sprint("other ", i), fmt.Sprintf("create controller --group=%s --version %s --kind %s", fields[0], fields[1], fields[2]), fmt.Sprint("other ", i-1))
	}
	return all
}

// subresourceFlagsOf replaces the verb after the name of a subresource by flags.
var subresourceFlagsOf = strings.NewReplacer(":get", " --verb get", ":update", " --verb update", ":connect", " --verb connect", ":path", " --path", ":stream", " --stream")

// kindCommands returns the command lines that create a kind.
func (c choice) kindCommands(k combinedKind, copies map[string]string) []userCommand {
	name := fmt.Sprint("kind ", k.index)
	after := []string{"init"}
	if copies[k.group] == k.version { // a version with kinds cannot be the target of a copy
		after = append(after, "copy "+k.group)
	}
	// The names of controllers depend on the order of their creation.
	var previous []string
	for _, other := range c.kinds()[:k.index] {
		if other.name == k.name {
			previous = []string{fmt.Sprint("kind ", other.index), fmt.Sprint("controller ", other.index)}
		}
	}
	line := "create resource" + k.flags()
	for _, flag := range []string{"shape", "scope", "status", "short names", "categories", "plural"} {
		if flag != "status" || c.shape(k) == project.ShapeStored {
			line += c.chosen(k, flag)
		}
		if strings.HasSuffix(line, "--answer") {
			line += " " + k.name + "Answer"
		}
	}
	var all []userCommand
	switch controller := c.chosen(k, "controller"); {
	case c.shape(k) == project.ShapeReview, c.shape(k) == project.ShapeParent:
		all = append(all, userCommand{name, line, append(after, previous...)})
	case controller == "later":
		// By default, only a kind with a controller has a status.
		all = append(all, userCommand{name, line + " --no-controller", after},
			userCommand{fmt.Sprint("controller ", k.index), "create controller" + k.flags(), append([]string{name}, previous...)})
	default:
		all = append(all, userCommand{name, line + controller, append(after, previous...)})
	}
	for i, subresource := range c.subresources(k) {
		all = append(all, userCommand{fmt.Sprint("subresource ", k.index, i), "create subresource" + k.flags() + " --name " + subresourceFlagsOf.Replace(subresource), []string{name}})
	}
	return all
}

// inAnyOrder returns the command lines in a random order that is allowed.
func inAnyOrder(commands []userCommand, random *rand.Rand) []string {
	known := map[string]bool{}
	for _, c := range commands {
		known[c.name] = true
	}
	var lines []string
	for len(commands) > 0 {
		var ready []int
		for i, c := range commands {
			if !slices.ContainsFunc(c.after, func(name string) bool { return known[name] }) {
				ready = append(ready, i)
			}
		}
		i := ready[random.IntN(len(ready))]
		lines = append(lines, commands[i].line+" --generate=false")
		delete(known, commands[i].name)
		commands = slices.Delete(commands, i, i+1)
	}
	return lines
}

// mark adds the markers of a choice to the types of the project in dir.
func (c choice) mark(t *testing.T, dir string) {
	t.Helper()
	p, err := project.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.kinds() {
		group, _ := p.Group(k.group)
		declared, ok := group.Kind(k.name)
		if !ok {
			t.Fatalf("there is no kind %s in %s", k.name, k.group)
		}
		for _, version := range declared.Versions {
			file := fmt.Sprintf("pkg/apis/%s/%s/%s_types.go", group.Package(), version, declared.Package())
			before := func(line, marker string) { replace(t, dir, file, line, "// "+marker+"\n"+line) }
			onKind, onSpec := "\ntype "+k.name+" struct {", "type "+k.name+"Spec struct {"
			hasSpec := c.shape(k) != project.ShapeParent
			if hasSpec && c.chosen(k, "constraint") == "yes" {
				before("\tMessage string", "+kubebuilder:validation:MaxLength=100")
			}
			if hasSpec && c.chosen(k, "rule") == "yes" {
				before(onSpec, `+kubebuilder:validation:XValidation:rule="!has(self.message) || self.message != 'no'",message="no is no message"`)
			}
			if declared.Listed() && c.chosen(k, "selectable field") == "yes" {
				replace(t, dir, file, onKind, "\n// +kubebuilder:selectablefield:JSONPath=.spec.message"+onKind)
			}
			if c.shape(k) == project.ShapeVirtual && c.chosen(k, "read-only client") == "yes" {
				replace(t, dir, file, onKind, "\n// +genclient:readonly"+onKind)
			}
			if c.chosen(k, "deprecated") == "yes" && version == declared.Origin() {
				replace(t, dir, file, onKind, "\n// +kubebuilder:deprecatedversion:warning=\"use another\""+onKind)
			}
		}
	}
}

// TestCombinations creates a project for every pair of flags and markers, and the same one in another order, and type-checks all of them.
func TestCombinations(t *testing.T) {
	root := folder(t)
	modules := map[string]string{}
	for i, c := range pairwise(projectFactors()) {
		module := fmt.Sprintf("example.com/p%02d", i)
		dir := filepath.Join(root, filepath.Base(module))
		t.Run(filepath.Base(module), func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, uint64(i)))
			lines := inAnyOrder(c.commands(module), random)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			must(t, dir, lines...)
			again, others := folder(t), inAnyOrder(c.commands(module), random)
			must(t, again, others...)
			same(t, fmt.Sprintf("the project depends on the order of\n%s\nand\n%s", strings.Join(lines, "\n"), strings.Join(others, "\n")),
				read(t, again), read(t, dir))
			c.mark(t, dir)
			must(t, dir, "generate")
			modules[module] = strings.Join(lines, "\n")
		})
	}
	report, err := typecheck.Modules(t.Context(), root, slices.Sorted(maps.Keys(modules)))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Errorf("%s\n%s", problem.Text, modules[problem.Module])
	}
	if len(report.Untested) > 0 {
		t.Errorf("the tests of %v were not loaded", report.Untested)
	}
	t.Logf("%d packages of %d modules", report.Packages, len(modules))
}
