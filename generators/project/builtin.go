package project

import (
	_ "embed"
	"strings"
	"sync"
)

// builtinTable is what the API server of KubernetesMinor serves: group/version, kind, resource, "yes" where a reconciler of a
// project can read it (it can be watched, and its Go type is in k8s.io/api), and its short names. A test holds it against Kubernetes.
//
//go:embed builtin.txt
var builtinTable string

// A builtin is a kind of Kubernetes in one version.
type builtin struct {
	group, version, kind, resource string
	reconcilable                   bool
	shortNames                     []string
}

// builtins reads the table, once.
var builtins = sync.OnceValue(func() []builtin {
	var all []builtin
	for line := range strings.Lines(builtinTable) {
		fields := strings.Fields(line)
		group, version, named := strings.Cut(fields[0], "/")
		if !named {
			group, version = "", fields[0]
		}
		all = append(all, builtin{
			group: group, version: version, kind: fields[1], resource: fields[2],
			reconcilable: fields[3] == "yes", shortNames: fields[4:],
		})
	}
	return all
})

// A builtinWord is what a word on kubectl's command line already means in every cluster.
type builtinWord struct {
	resource string
	short    bool
}

// builtinWords are the names, singular names and short names of Kubernetes' own resources, and its categories.
var builtinWords = sync.OnceValue(func() map[string]builtinWord {
	words := map[string]builtinWord{}
	for _, b := range builtins() {
		words[b.resource] = builtinWord{resource: b.resource}
		words[strings.ToLower(b.kind)] = builtinWord{resource: b.resource}
		for _, short := range b.shortNames {
			words[short] = builtinWord{resource: b.resource, short: true}
		}
	}
	return words
})

// find returns Kubernetes' kind that the controller is declared for.
func (c Controller) find() (builtin, bool) {
	for _, b := range builtins() {
		if b.group == c.Group && b.version == c.Version && b.kind == c.Kind {
			return b, true
		}
	}
	return builtin{}, false
}

// Resource is the name of the kind's resource in URLs and in RBAC rules.
func (c Controller) Resource() string {
	b, _ := c.find()
	return b.resource
}

// Import is the path of the Go package that has the kind's type: k8s.io/api/apps/v1.
func (c Controller) Import() string {
	folder, _, _ := strings.Cut(c.Group, ".")
	switch c.Group {
	case "":
		folder = "core"
	case "internal.apiserver.k8s.io":
		folder = "apiserverinternal"
	}
	return "k8s.io/api/" + folder + "/" + c.Version
}

// apiVersion is the group and version as a manifest writes them.
func (c Controller) apiVersion() string {
	if c.Group == "" {
		return c.Version
	}
	return c.Group + "/" + c.Version
}
