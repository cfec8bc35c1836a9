package project

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// orchards returns a project with two kinds, one in two versions.
func orchards(t *testing.T) *Project {
	t.Helper()
	p, err := New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Apple", "ApplePie"} {
		if err := p.AddKind("fruit", "v1alpha1", Kind{Name: kind}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.CopyVersion("fruit", "v1alpha1", "v1", true); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAddSubresource(t *testing.T) {
	p := orchards(t)
	for _, s := range []Subresource{{Name: "sync", Verb: VerbCreate}, {Name: "log", Verb: VerbGet, Stream: true}, {Name: "approve", Verb: VerbCreate}} {
		if err := p.AddSubresource("fruit", "v1", "Apple", s); err != nil {
			t.Fatal(err)
		}
	}
	k, _ := p.Kind("fruit", "Apple")
	want := []Subresource{{Name: "approve", Verb: VerbCreate}, {Name: "log", Verb: VerbGet, Stream: true}, {Name: "sync", Verb: VerbCreate}}
	if !cmp.Equal(k.Subresources, want) {
		t.Errorf("got the subresources %v, want %v", k.Subresources, want)
	}
	if k.SubresourceType("sync") != "AppleSync" || SubresourceMethod("sync") != "Sync" {
		t.Errorf("sync has the type %s and the method %s", k.SubresourceType("sync"), SubresourceMethod("sync"))
	}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(data, FileName); err != nil || !cmp.Equal(again.Groups[0].Kinds[0].Subresources, k.Subresources) {
		t.Errorf("read back: %v, %v", again, err)
	}
}

func TestAddSubresourceErrors(t *testing.T) {
	tests := map[string]struct{ group, version, kind, name, err string }{
		"no group":              {"bread", "v1", "Apple", "approve", `there is no group "bread": the groups are fruit`},
		"kind in small letters": {"fruit", "v1", "apple", "approve", `group "fruit" has no kind "apple": use "Apple"`},
		"plural of a kind":      {"fruit", "v1", "apples", "approve", `group "fruit" has no kind "apples": use "Apple"`},
		"no kind":               {"fruit", "v1", "Pear", "approve", `group "fruit" has no kind "Pear": create it first, with "builder create resource --group fruit --version VERSION --kind KIND"`},
		"no version":            {"fruit", "v2", "Apple", "approve", `kind "Apple" of group "fruit" is not in version "v2": use --version v1`},
		"twice":                 {"fruit", "v1", "Apple", "review", `kind "Apple" of group "fruit" has the subresource "review" already: edit it in pkg/registry/fruit/apple/review.go`},
		"a hyphen":              {"fruit", "v1", "Apple", "force-sync", `subresource "force-sync" of kind "Apple" has a hyphen, where Kubernetes' own, such as portforward, have none: use "forcesync"`},
		"status":                {"fruit", "v1", "Apple", "status", `subresource "status" of kind "Apple" has a separate flag: "builder create resource --status"`},
		"scale":                 {"fruit", "v1", "Apple", "scale", `subresource "scale" of kind "Apple" has a separate flag: "builder create resource --scale"`},
		"finalizers":            {"fruit", "v1", "Apple", "finalizers", `subresource "finalizers" of kind "Apple" is reserved: Kubernetes checks the permission to set finalizers with it; use another name`},
		"a method of strategy":  {"fruit", "v1", "Apple", "validate", `subresource "validate" of kind "Apple" would be the method Validate, which every Strategy has: use another name`},
		"a method of clients":   {"fruit", "v1", "Apple", "patch", `subresource "patch" of kind "Apple" would be the method Patch, which every generated client has: use another name`},
		"strategy":              {"fruit", "v1", "Apple", "strategy", `subresource "strategy" of kind "Apple" would be in strategy.go, which the kind has already: use another name`},
		"a platform":            {"fruit", "v1", "Apple", "windows", `subresource "windows" of kind "Apple" would be tested in a file whose name ends in _windows_test.go`},
		"a type of the kind":    {"fruit", "v1", "Apple", "spec", `subresource "spec" of kind "Apple" would have the type AppleSpec, which the kind has already: use another name`},
		"the type of a kind":    {"fruit", "v1", "Apple", "pie", `both make the Go name`},
		"upper case":            {"fruit", "v1", "Apple", "Approve", `use "approve"`},
		"a slash":               {"fruit", "v1", "Apple", "a/b", `subresource "a/b" of kind "Apple"`},
		"a name that is a path": {"fruit", "v1", "Apple", "..", `subresource ".." of kind "Apple"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := orchards(t)
			if err := p.AddSubresource("fruit", "v1", "Apple", Subresource{Name: "review", Verb: VerbCreate}); err != nil {
				t.Fatal(err)
			}
			before, _ := p.Marshal()
			err := p.AddSubresource(test.group, test.version, test.kind, Subresource{Name: test.name, Verb: VerbCreate})
			if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got the error %v, want %s", err, test.err)
			}
			if after, _ := p.Marshal(); string(after) != string(before) {
				t.Errorf("the project has changed:\n%s", after)
			}
		})
	}
}

func TestSubresourceDeclarations(t *testing.T) {
	p := orchards(t)
	if err := p.AddSubresource("fruit", "v1", "Apple", Subresource{Name: "log", Verb: VerbGet, Stream: true}); err != nil {
		t.Fatal(err)
	}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const declared = "    - name: log\n      stream: true\n      verb: get\n"
	tests := map[string]struct{ declaration, err string }{
		"an unknown verb":      {"    - name: log\n      verb: watch\n", `subresource "log" of kind "Apple" has the verb "watch": use one of create, get, update, connect`},
		"no verb":              {"    - name: log\n", `subresource "log" of kind "Apple" has the verb "": use one of create, get, update, connect`},
		"a stream of requests": {"    - name: log\n      stream: true\n      verb: create\n", `subresource "log" of kind "Apple" has a stream and the verb create: only one with the verb get answers with a stream`},
		"no methods":           {"    - name: log\n      verb: connect\n", `subresource "log" of kind "Apple" has no methods: list some of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`},
		"an unknown method":    {"    - name: log\n      verb: connect\n      methods: [get]\n", `subresource "log" of kind "Apple" has the method "get": use some of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`},
		"a method twice":       {"    - name: log\n      verb: connect\n      methods: [GET, GET]\n", `subresource "log" of kind "Apple" has the method GET twice: list it once`},
		"a view with a path":   {"    - name: log\n      verb: get\n      path: true\n", `subresource "log" of kind "Apple" has methods or a path and the verb get: only one with the verb connect has them`},
		"an unknown field":     {"    - name: log\n      verbs: get\n", `a subresource is a name, or a map with the name and the verb: unknown field "verbs"`},
		"a number":             {"    - 7\n", `a subresource is a name, or a map with the name and the verb`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(string(data), declared) {
				t.Fatalf("there is no %q in\n%s", declared, data)
			}
			_, err := Parse([]byte(strings.Replace(string(data), declared, test.declaration, 1)), FileName)
			if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got the error %v, want %s", err, test.err)
			}
		})
	}
}
