package project

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHandledNames declares unusual names that are valid, and checks the names derived from them.
func TestHandledNames(t *testing.T) {
	for _, test := range []struct {
		kind                       Kind
		plural, singular, packages string
	}{
		{Kind{Name: "Policy"}, "policies", "policy", "policy"},
		{Kind{Name: "Fish", Plural: "fish"}, "fish", "fish", "fish"},
		{Kind{Name: "Endpoints"}, "endpoints", "endpoints", "endpoints"},
		{Kind{Name: "Pear", Plural: "pears"}, "pears", "pear", "pear"},
		{Kind{Name: "Deployment"}, "deployments", "deployment", "deployment"},
		{Kind{Name: "HTTPRoute"}, "httproutes", "httproute", "httproute"},
		{Kind{Name: "V2"}, "v2s", "v2", "v2"},
		{Kind{Name: "Doc"}, "docs", "doc", "doc"},
		{Kind{Name: "Table"}, "tables", "table", "table"},
		{Kind{Name: "Playlist"}, "playlists", "playlist", "playlist"},
		{Kind{Name: "Main"}, "mains", "main", "mainkind"},
		{Kind{Name: "Init"}, "inits", "init", "initkind"},
		{Kind{Name: "INTERNAL"}, "internals", "internal", "internalkind"},
		{Kind{Name: "Vendor"}, "vendors", "vendor", "vendorkind"},
		{Kind{Name: "TestData"}, "testdata", "testdata", "testdatakind"},
		{Kind{Name: "Documentation"}, "documentations", "documentation", "documentationkind"},
		{Kind{Name: "String"}, "strings", "string", "stringkind"},
		{Kind{Name: "Error"}, "errors", "error", "errorkind"},
		{Kind{Name: "New"}, "news", "new", "newkind"},
		{Kind{Name: "Con"}, "cons", "con", "conkind"},
		{Kind{Name: "IMPORT"}, "imports", "import", "importkind"},
	} {
		t.Run(test.kind.Name, func(t *testing.T) {
			p := fruit(t)
			if err := p.AddKind("fruit.example.com", "v1alpha1", test.kind); err != nil {
				t.Fatal(err)
			}
			k, ok := p.Kind("fruit", test.kind.Name)
			if !ok {
				t.Fatal("not declared")
			}
			if k.Resource() != test.plural || k.Singular() != test.singular || k.Package() != test.packages {
				t.Errorf("plural %s, singular %s, package %s; want %s, %s, %s",
					k.Resource(), k.Singular(), k.Package(), test.plural, test.singular, test.packages)
			}
			checkRoundTrip(t, p)
		})
	}
}

func TestNewName(t *testing.T) {
	for module, want := range map[string]string{
		"example.com/shop":                  "shop",
		"example.com/shop/v2":               "shop",
		"shop":                              "shop",
		"test":                              "test",
		"example.com/My_Shop.io":            "my-shop-io",
		"gopkg.in/shop.v3":                  "shop",
		"git.example.com/internal/the-shop": "the-shop",
	} {
		p, err := New("", "example.com", module)
		if err != nil {
			t.Errorf("%s: %v", module, err)
		} else if p.Name != want {
			t.Errorf("%s makes the name %s, want %s", module, p.Name, want)
		}
	}
}

func TestAllowReserved(t *testing.T) {
	p, err := New("", "k8s.io", "k8s.io/sample-apiserver", AllowReserved)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AddVersion("wardle", "v1alpha1"); err != nil {
		t.Fatal(err)
	}
	checkRoundTrip(t, p)
	want := `group "networking.k8s.io" is Kubernetes' own: use another name`
	if err := p.AddGroup("networking"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLengthOfFullNames(t *testing.T) {
	domain := strings.Repeat(label63+".", 3) + strings.Repeat("y", 42) + ".io" // 237
	p, err := New("shop", domain, "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AddGroup(strings.Repeat("g", 16)); err == nil {
		t.Error("a group name of 254 characters was accepted")
	}
	group := strings.Repeat("g", 10)
	if err := p.AddGroup(group); err != nil {
		t.Fatal(err)
	}
	if err := p.AddVersion(group, "v1alpha1"); err == nil {
		t.Error("an APIService's name of 257 characters was accepted")
	}
	if err := p.AddVersion(group, "v1"); err != nil {
		t.Fatal(err)
	}
	if err := p.AddKind(group, "v1", Kind{Name: "Cherry"}); err == nil {
		t.Error("a resource's name of 257 characters was accepted")
	}
}

// creations lists declarations that users can make in any order, because none depends on another.
var creations = map[string]func(*Project) error{
	"group":           func(p *Project) error { return p.AddGroup("fruit-basket") },
	"group in full":   func(p *Project) error { return p.AddGroup("fruit.example.com") },
	"version":         func(p *Project) error { return p.AddVersion("fruit", "v1alpha1") },
	"another version": func(p *Project) error { return p.AddVersion("veg", "v1beta1") },
	"kind": func(p *Project) error {
		return p.AddKind("fruit", "v1alpha1", Kind{Name: "Apple", ShortNames: []string{"ap", "al"}, Status: true, Controller: true})
	},
	"the kind without a controller": func(p *Project) error {
		return p.AddKind("fruit", "v1alpha1", Kind{Name: "Apple", Plural: "apples", ShortNames: []string{"al", "ap"}, Status: true})
	},
	"cluster-scoped kind": func(p *Project) error {
		return p.AddKind("fruit", "v1alpha1", Kind{Name: "Orchard", ClusterScoped: true, Categories: []string{"fruits", "all"}})
	},
	"kind of another group": func(p *Project) error {
		return p.AddKind("veg.example.com", "v1beta1", Kind{Name: "Leek", Categories: []string{"all"}})
	},
	"kind of the same name": func(p *Project) error { return p.AddKind("veg", "v1beta1", Kind{Name: "Apple"}) },
	"controller": func(p *Project) error {
		return p.AddController(Controller{Group: "apps", Version: "v1", Kind: "Deployment"})
	},
	"core controller": func(p *Project) error { return p.AddController(Controller{Version: "v1", Kind: "Pod"}) },
}

// TestOrder makes the same declarations in many orders, some of them twice. The file must always be the same.
func TestOrder(t *testing.T) {
	var names []string
	for name := range creations {
		names = append(names, name, name)
	}
	var want string
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		p, err := New("", "example.com", "example.com/shop")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := creations[name](p); err != nil {
				t.Fatalf("%s, after others in the order %q: %v", name, names, err)
			}
		}
		got := marshal(t, p)
		if want == "" {
			want = got
			checkRoundTrip(t, p)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the order %q gives another file (-first +this):\n%s", names, diff)
		}
	}
}

func TestSetController(t *testing.T) {
	p := fruit(t)
	if err := p.AddKind("fruit", "v1alpha1", Kind{Name: "Pear"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.SetController("fruit.example.com", "Pear"); err != nil {
			t.Fatal(err)
		}
	}
	if k, _ := p.Kind("fruit", "Pear"); !k.Controller {
		t.Error("the kind has no controller")
	}
	// A kind that was created without a controller can be created again, and keeps its controller.
	if err := p.AddKind("fruit", "v1alpha1", Kind{Name: "Pear"}); err != nil {
		t.Error(err)
	}
	if k, _ := p.Kind("fruit", "Pear"); !k.Controller {
		t.Error("the kind has lost its controller")
	}
}

// TestEditsShareNothing modifies arguments and results after an edit. The project must not change.
func TestEditsShareNothing(t *testing.T) {
	p := fruit(t)
	pear := Kind{Name: "Pear", ShortNames: []string{"pr", "pe"}}
	if err := p.AddKind("fruit", "v1alpha1", pear); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pr", "pe"}, pear.ShortNames); diff != "" {
		t.Errorf("the caller's list was sorted:\n%s", diff)
	}
	before := marshal(t, p)
	pear.ShortNames[0] = "changed"
	if diff := cmp.Diff(before, marshal(t, p)); diff != "" {
		t.Errorf("the project has the caller's list:\n%s", diff)
	}
}

// TestGroupNamedLikeOneOfKubernetes declares a group named apps, like Kubernetes' group.
func TestGroupNamedLikeOneOfKubernetes(t *testing.T) {
	p := fruit(t)
	if err := errors.Join(
		p.AddGroup("apps"),
		p.AddController(Controller{Group: "apps", Version: "v1", Kind: "Deployment"}),
	); err != nil {
		t.Fatal(err)
	}
	checkRoundTrip(t, p)
}

// TestCopyVersion copies a version twice. Only the kinds of the version are copied, and versions stay in the order of preference.
func TestCopyVersion(t *testing.T) {
	p := fruit(t)
	if err := p.CopyVersion("fruit.example.com", "v1alpha1", "v1", false); err != nil {
		t.Fatal(err)
	}
	if err := p.AddKind("fruit", "v1", Kind{Name: "Pear"}); err != nil {
		t.Fatal(err)
	}
	if err := p.CopyVersion("fruit", "v1alpha1", "v1beta1", true); err != nil {
		t.Fatal(err)
	}
	if err := p.CopyVersion("fruit", "v1", "v1alpha2", false); err != nil { // an older one
		t.Fatal(err)
	}
	g, _ := p.Group("fruit")
	if diff := cmp.Diff([]string{"v1", "v1beta1", "v1alpha2", "v1alpha1"}, g.Versions); diff != "" {
		t.Errorf("versions of the group (-want +got):\n%s", diff)
	}
	for _, want := range []Kind{
		{Name: "Apple", Versions: []string{"v1", "v1beta1", "v1alpha2", "v1alpha1"}, Storage: "v1beta1"},
		{Name: "Pear", Versions: []string{"v1", "v1alpha2"}, Storage: "v1", Created: "v1"},
	} {
		k, _ := g.Kind(want.Name)
		if !slices.Equal(k.Versions, want.Versions) || k.Storage != want.Storage {
			t.Errorf("%s has versions %q and is stored as %s, want %q and %s", k.Name, k.Versions, k.Storage, want.Versions, want.Storage)
		}
		if origin := map[string]string{"Apple": "v1alpha1", "Pear": "v1"}[k.Name]; k.Origin() != origin || k.Created != want.Created {
			t.Errorf("%s was created in %s (%q), want %s", k.Name, k.Origin(), k.Created, origin)
		}
	}
	checkRoundTrip(t, p)
}

// TestGroupsOfOtherDomains declares groups outside the project's domain, by their full names.
func TestGroupsOfOtherDomains(t *testing.T) {
	p, err := New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		group, want string
	}{
		{"fruit.example.com", ""},
		{"veg.example.org", ""},
		{"veg.example.org", ""}, // again
		{"fruit.example.org", `groups "fruit" and "fruit.example.org" both make the Go package "fruit": use another name for one of them`},
		{"metrics.k8s.io", `group "metrics.k8s.io" is kept for Kubernetes' own APIs: use a group of yours, or run "builder create group metrics.k8s.io --allow-reserved-domain" first`},
	} {
		got := ""
		if err := p.AddKind(step.group, "v1", Kind{Name: "Apple"}); err != nil {
			got = err.Error()
		}
		if got != step.want {
			t.Errorf("%s: %s, want %s", step.group, got, step.want)
		}
	}
	p.AllowReserved = true
	if err := p.AddKind("custom.metrics.k8s.io", "v1beta1", Kind{Name: "MetricValue"}); err != nil {
		t.Error(err)
	}
	if err := p.AddKind("apps.k8s.io", "v1", Kind{Name: "App"}); err != nil {
		t.Error(err)
	}
	if err := p.AddKind("networking.k8s.io", "v1", Kind{Name: "Route"}); err == nil || !strings.Contains(err.Error(), "Kubernetes' own") {
		t.Errorf("a group of kube-apiserver: %v", err)
	}
	if err := p.AddSubresource("veg.example.org", "v1", "Apple", Subresource{Name: "sign", Verb: VerbCreate}); err != nil {
		t.Error(err)
	}
	if err := p.AddAdmission(Admission{Name: "BanApple", Group: "veg.example.org", Kind: "Apple"}); err != nil {
		t.Error(err)
	}
	var full []string
	for _, g := range p.Groups {
		full = append(full, p.FullName(g))
		for _, name := range []string{g.Name, p.FullName(g)} {
			if found, ok := p.Group(name); !ok || found.Name != g.Name {
				t.Errorf("group %s is not found", name)
			}
		}
	}
	want := []string{"apps.k8s.io", "custom.metrics.k8s.io", "fruit.example.com", "veg.example.org"}
	if !slices.Equal(full, want) {
		t.Errorf("the groups are %v, want %v", full, want)
	}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(data, FileName)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("PROJECT differs after it is read again (-want +got):\n%s", diff)
	}
}
