package project

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fruit returns a project for tests of names. It declares Apple with the short name ap.
func fruit(t testing.TB) *Project {
	t.Helper()
	p, err := New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	apple := Kind{Name: "Apple", ShortNames: []string{"ap"}, Categories: []string{"all", "orchard"}, Status: true, Controller: true}
	if err := p.AddKind("fruit", "v1alpha1", apple); err != nil {
		t.Fatal(err)
	}
	return p
}

// label63 is a label of the maximum length.
var label63 = strings.Repeat("x", 63)

func newProject(name, domain, module string) func(*Project) error {
	return func(*Project) error {
		_, err := New(name, domain, module)
		return err
	}
}

func withModule(path string) func(*Project) error { return newProject("shop", "example.com", path) }

func withDomain(domain string) func(*Project) error {
	return newProject("shop", domain, "example.com/shop")
}

// attempt makes an edit, and reports an edit that fails but changes the project.
func attempt(p *Project, edit func() error) error {
	before := p.clone()
	err := edit()
	if diff := cmp.Diff(before, p); err != nil && diff != "" {
		return fmt.Errorf("%w\nand the project was changed:\n%s", err, diff)
	}
	return err
}

func addGroups(names ...string) func(*Project) error {
	return func(p *Project) error {
		for _, name := range names {
			if err := attempt(p, func() error { return p.AddGroup(name) }); err != nil {
				return err
			}
		}
		return nil
	}
}

func addVersion(group, version string) func(*Project) error {
	return func(p *Project) error {
		return attempt(p, func() error { return p.AddVersion(group, version) })
	}
}

func copyVersion(group, from, to string) func(*Project) error {
	return func(p *Project) error {
		return attempt(p, func() error { return p.CopyVersion(group, from, to, true) })
	}
}

// both makes one edit, which must succeed, and then another.
func both(first, second func(*Project) error) func(*Project) error {
	return func(p *Project) error {
		if err := first(p); err != nil {
			return err
		}
		return second(p)
	}
}

// addNamed adds kinds with only a name.
func addNamed(names ...string) func(*Project) error {
	return func(p *Project) error {
		for _, name := range names {
			if err := addKindTo("fruit", "v1alpha1", Kind{Name: name})(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func addKinds(kinds ...Kind) func(*Project) error {
	return func(p *Project) error {
		for _, k := range kinds {
			if err := addKindTo("fruit", "v1alpha1", k)(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func addKindTo(group, version string, k Kind) func(*Project) error {
	return func(p *Project) error {
		return attempt(p, func() error { return p.AddKind(group, version, k) })
	}
}

func setController(group, kind string) func(*Project) error {
	return func(p *Project) error {
		return attempt(p, func() error { return p.SetController(group, kind) })
	}
}

func addControllers(controllers ...Controller) func(*Project) error {
	return func(p *Project) error {
		for _, c := range controllers {
			if err := attempt(p, func() error { return p.AddController(c) }); err != nil {
				return err
			}
		}
		return nil
	}
}

func marshal(t testing.TB, p *Project) string {
	t.Helper()
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
