package server

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2/namer"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// A Client is the generated typed client of a kind in one version.
type Client struct {
	// Alias and ImportPath identify its Go package.
	Alias, ImportPath string
	// Interface is its type, and Method the call on a clientset that returns it.
	Interface, Method string
	Namespaced        bool
}

// Clients returns the typed clients that support get, list and apply.
func (s *Server) Clients() []Client {
	var out []Client
	for _, k := range s.Kinds {
		for _, v := range k.Versions {
			if !v.client {
				continue
			}
			out = append(out, Client{
				Alias:      v.Alias + "client",
				ImportPath: k.Module + "/" + apis.GeneratedDir + "/clientset/versioned/typed/" + v.GroupPackage + "/" + v.Version,
				Interface:  k.Name + "Interface",
				Method:     v.goName + "()." + k.goPlural,
				Namespaced: k.Namespaced,
			})
		}
	}
	return out
}

// ClientImports returns one client for each package to import.
func (s *Server) ClientImports() []Client {
	clients := slices.SortedFunc(slices.Values(s.Clients()), func(a, b Client) int { return cmp.Compare(a.ImportPath, b.ImportPath) })
	return slices.CompactFunc(clients, func(a, b Client) bool { return a.ImportPath == b.ImportPath })
}

// goName returns the name of a group version in clientsets, as client-gen derives it: FruitV1alpha1.
func (r *reader) goName(v *GroupVersion) string {
	label, _, _ := strings.Cut(v.GroupName, ".")
	name := append(apis.TagValues(r.universe[v.ImportPath].Comments, "groupGoName"), label)[0]
	return namer.IC(name) + namer.IC(v.Version)
}

// Informed reports whether any kind has an informer.
func (s *Server) Informed() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool {
		return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return v.informer })
	})
}

// hasClient reports whether the typed client of a kind supports all the verbs.
func (d declaration) hasClient(verbs ...string) bool {
	var lines []string
	for _, m := range d.markers {
		lines = append(lines, m.Text)
	}
	tags, err := util.ParseClientGenTags(lines)
	if err != nil || !tags.GenerateClient || tags.NoVerbs {
		return false
	}
	return !slices.ContainsFunc(verbs, func(verb string) bool { return !tags.HasVerb(verb) })
}

// Misnamed returns the kinds whose resource name differs from the one that client-go's object tracker guesses.
func (s *Server) Misnamed() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return k.Guess() == k.Resource })
}

// Guess returns the resource name that client-go's object tracker derives from the kind. It only handles a few endings.
func (k *Kind) Guess() string {
	plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: k.Name})
	return plural.Resource
}

const (
	fakeClientset   = apis.GeneratedDir + "/clientset/versioned/fake/clientset_generated.go"
	resourceTracker = apis.GeneratedDir + "/clientset/versioned/fake/resources.go"
)

var newTracker = regexp.MustCompile(`(?s)\to := (testing\.New\w*ObjectTracker\(.*?\))\n\tfor `)

// TrackResources makes the fake clientset from client-gen use the object tracker in resources.go, if that file exists.
func TrackResources(files map[string][]byte) error {
	if files[resourceTracker] == nil {
		return nil
	}
	if n := len(newTracker.FindAll(files[fakeClientset], -1)); n != 2 {
		return fmt.Errorf("%s makes %d object trackers, where two are expected", fakeClientset, n)
	}
	files[fakeClientset] = newTracker.ReplaceAll(files[fakeClientset], []byte("\to := resourceTracker{$1}\n\tfor "))
	return nil
}
