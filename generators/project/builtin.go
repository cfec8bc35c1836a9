package project

import (
	_ "embed"
	"strings"
	"sync"
)

// builtinTable lists the resources of the API server of KubernetesMinor: group/version, kind, resource, short names, and
// "yes" if a reconciler of a project can read the kind, because it can be watched and its Go type is in k8s.io/api. A test
// compares it with Kubernetes.
//
//go:embed builtin.txt
var builtinTable string

// A builtin is a kind of Kubernetes in one version.
type builtin struct {
	group, version, kind, resource string
	reconcilable                   bool
	shortNames                     []string
}

// builtins returns the parsed table.
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

// A builtinWord is the resource that a word on kubectl's command line refers to in every cluster.
type builtinWord struct {
	resource string
	short    bool
}

// builtinWords contains the plural, singular and short names of Kubernetes' resources, and its categories.
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

// find returns the kind of Kubernetes that the controller reconciles.
func (c Controller) find() (builtin, bool) {
	for _, b := range builtins() {
		if b.group == c.Group && b.version == c.Version && b.kind == c.Kind {
			return b, true
		}
	}
	return builtin{}, false
}

// Resource returns the name of the kind's resource in URLs and in RBAC rules.
func (c Controller) Resource() string {
	b, _ := c.find()
	return b.resource
}

// Import returns the import path of the kind's Go type, such as k8s.io/api/apps/v1.
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

// apiVersion returns the group and version in the format of manifests.
func (c Controller) apiVersion() string {
	if c.Group == "" {
		return c.Version
	}
	return c.Group + "/" + c.Version
}
