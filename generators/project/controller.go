package project

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Controller is a reconciler of a kind that the project does not serve.
type Controller struct {
	// Group is the full name of the API group. It is empty for the core group.
	Group string `json:"group"`
	// Version is the version that the reconciler reads.
	Version string `json:"version"`
	// Kind is the kind that it reconciles.
	Kind string `json:"kind"`
	// ControllerPrefix has the same meaning as in Kind.
	ControllerPrefix string `json:"controllerPrefix,omitempty"`
}

// same reports whether two controllers reconcile the same kind in the same version, even if their prefixes differ.
func (c Controller) same(other Controller) bool {
	c.ControllerPrefix = other.ControllerPrefix
	return c == other
}

// ControllerNames are the names of a kind's controller in the Go package and in the process that all controllers share.
type ControllerNames struct{ prefix, kind string }

// ControllerNames returns the names of the kind's controller.
func (k Kind) ControllerNames() ControllerNames { return ControllerNames{k.ControllerPrefix, k.Name} }

// ControllerNames returns the names of the controller.
func (c Controller) ControllerNames() ControllerNames {
	return ControllerNames{c.ControllerPrefix, c.Kind}
}

// Type returns the name of the Go type, such as AppleReconciler, or VegAppleReconciler with the prefix veg.
func (n ControllerNames) Type() string { return Group{Name: n.prefix}.GoName() + n.kind + "Reconciler" }

// FileStem returns the name of the Go file without _controller.go, such as apple, or veg_apple with the prefix veg.
func (n ControllerNames) FileStem() string {
	stem := Kind{Name: n.kind}.Package()
	if n.prefix != "" {
		stem = strings.ReplaceAll(n.prefix, "-", "_") + "_" + stem
	}
	return stem
}

// File returns the path of the Go file.
func (n ControllerNames) File() string {
	return "internal/controller/" + n.FileStem() + "_controller.go"
}

// Name returns the name of the controller: apple, or veg-apple with the prefix veg. Without a prefix, it is controller-runtime's default.
func (n ControllerNames) Name() string {
	if n.prefix == "" {
		return strings.ToLower(n.kind)
	}
	return n.prefix + "-" + strings.ToLower(n.kind)
}

// claims returns the names that must be unique among controllers. If the files differ, the names in controller-runtime do too.
func (n ControllerNames) claims() []string { return []string{n.File(), n.Type()} }

// A declaredController is the controller of a kind of the project or of Kubernetes.
type declaredController struct {
	// kind is the kind's name, and owner describes the kind in messages.
	kind, owner string
	// prefix points to the prefix in the declaration.
	prefix *string
	// prefixes lists the possible prefixes, the preferred one first.
	prefixes []string
}

func (c declaredController) names() ControllerNames { return ControllerNames{*c.prefix, c.kind} }

// controllers returns all controllers of the project.
func (p *Project) controllers() []declaredController {
	var all []declaredController
	for _, g := range p.Groups {
		for i := range g.Kinds {
			if k := &g.Kinds[i]; k.Controller {
				all = append(all, declaredController{k.Name, p.FullName(g) + "/" + k.Name, &k.ControllerPrefix, []string{g.Name}})
			}
		}
	}
	for i := range p.Controllers {
		c := &p.Controllers[i]
		group, _, _ := strings.Cut(cmp.Or(c.Group, "core"), ".")
		all = append(all, declaredController{c.Kind, c.apiVersion() + " " + c.Kind, &c.ControllerPrefix, []string{group, group + "-" + c.Version}})
	}
	return all
}

// nameControllers gives each new controller a prefix if it would share a name with another controller otherwise. PROJECT records the
// prefix, because it depends on the order in which the controllers were created.
func (p *Project) nameControllers(was *Project) {
	named := map[string]bool{}
	for _, c := range was.controllers() {
		named[c.owner] = true
	}
	taken := map[string]bool{}
	claim := func(c declaredController) {
		for _, name := range c.names().claims() {
			taken[name] = true
		}
	}
	all := p.controllers()
	for _, c := range all {
		if named[c.owner] {
			claim(c)
		}
	}
	for _, c := range all {
		if !named[c.owner] {
			*c.prefix = c.freePrefix(taken)
			claim(c)
		}
	}
}

// freePrefix returns a prefix that makes the controller's names unique. It is empty if no prefix is necessary.
func (c declaredController) freePrefix(taken map[string]bool) string {
	free := func(prefix string) bool {
		return !slices.ContainsFunc(ControllerNames{prefix, c.kind}.claims(), func(name string) bool { return taken[name] })
	}
	for _, prefix := range append([]string{""}, c.prefixes...) {
		if free(prefix) {
			return prefix
		}
	}
	for n := 2; ; n++ {
		if prefix := fmt.Sprintf("%s-%d", c.prefixes[0], n); free(prefix) {
			return prefix
		}
	}
}

// checkControllers checks the reconcilers and the uniqueness of their names.
func (p *Project) checkControllers() error {
	for i, c := range p.Controllers {
		if err := p.checkController(c); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Controllers[:i], c.same) {
			return fmt.Errorf("the controller of %s %s is declared twice: keep one of them", c.apiVersion(), c.Kind)
		}
	}
	owners := map[string]string{}
	for _, c := range p.controllers() {
		if *c.prefix != "" {
			if err := (label{"controllerPrefix", " of " + c.owner, maxLabelLength, c.prefixes[0]}).check(*c.prefix); err != nil {
				return err
			}
		}
		for _, name := range c.names().claims() {
			if other, taken := owners[name]; taken {
				return fmt.Errorf("the controllers of %s and %s would both be %s: give one of them another controllerPrefix in PROJECT, such as %s",
					other, c.owner, name, c.prefixes[0])
			}
			owners[name] = c.owner
		}
	}
	return nil
}

// checkController checks that a reconciler can read the kind from Kubernetes.
func (p *Project) checkController(c Controller) error {
	found, ok := c.find()
	// The project's own group apps.example.com may be called apps, but apps alone is a group of Kubernetes.
	if g, own := p.Group(c.Group); own && !ok {
		return fmt.Errorf("group %q is the project's own, whose controllers are declared on its kinds: run \"builder create controller --group %s --kind KIND\"",
			p.FullName(g), g.Name)
	}
	if ok && found.reconcilable {
		return nil
	}
	if ok {
		return fmt.Errorf("kind %q of %s can't have a controller, because Kubernetes keeps no such objects to watch or publishes no Go type for them: use another kind",
			c.Kind, c.apiVersion())
	}
	for _, b := range builtins() {
		if b.reconcilable && strings.EqualFold(b.kind, c.Kind) {
			return fmt.Errorf("kind %s in group %s and version %s isn't Kubernetes %s's: use --group %s --version %s --kind %s",
				show(c.Kind), show(c.Group), show(c.Version), KubernetesMinor, cmp.Or(b.group, `""`), b.version, b.kind)
		}
	}
	return fmt.Errorf("kind %s in group %s and version %s is neither the project's nor Kubernetes %s's: use one such as --group apps --version v1 --kind Deployment",
		show(c.Kind), show(c.Group), show(c.Version), KubernetesMinor)
}
