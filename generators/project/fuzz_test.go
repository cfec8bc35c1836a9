package project

import (
	"strings"
	"testing"
)

// FuzzParse parses arbitrary data. Parse must not panic, its errors must be one line, and a file that it accepts must be the same after
// saving and loading.
func FuzzParse(f *testing.F) {
	f.Add([]byte(saved))
	f.Add([]byte(strings.Replace(saved, "Apple", "Type", 1)))
	f.Add([]byte("{layout: 1, kubernetes: '1.37', name: a, domain: b.c, module: d, groups: [{name: e}], controllers: [{group: '', version: v1, kind: Pod}]}"))
	f.Add([]byte("a: &a [*a]\n---\n\t- !!binary x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data, FileName)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message is not one line: %q", err)
			}
			return
		}
		checkRoundTrip(t, p)
	})
}

// FuzzAddKind declares an arbitrary kind twice. The second declaration must change nothing, and an accepted kind must be the same after
// saving and loading.
func FuzzAddKind(f *testing.F) {
	f.Add("fruit", "v1alpha1", "Pear", "", "pe", "all", true)
	f.Add("veg.example.com", "v1", "Leek", "leeks", "lk,le", "", false)
	f.Add("go-to", "v2beta1", "Äpfel", "x.y", "\x00", "po", false)
	f.Add("", "v0", "", "\n", ",", ",", true)
	f.Fuzz(func(t *testing.T, group, version, name, plural, shortNames, categories string, flag bool) {
		p := fruit(t)
		before := marshal(t, p)
		k := Kind{Name: name, Plural: plural, ClusterScoped: flag, Controller: !flag}
		if shortNames != "" {
			k.ShortNames = strings.Split(shortNames, ",")
		}
		if categories != "" {
			k.Categories = strings.Split(categories, ",")
		}
		if err := p.AddKind(group, version, k); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message is not one line: %q", err)
			}
			if got := marshal(t, p); got != before {
				t.Errorf("an error changed the project:\n%s", got)
			}
			return
		}
		once := marshal(t, p)
		if err := p.AddKind(group, version, k); err != nil {
			t.Errorf("the same declaration again: %v", err)
		}
		if twice := marshal(t, p); twice != once {
			t.Errorf("the same declaration again changes\n%s\nto\n%s", once, twice)
		}
		checkRoundTrip(t, p)
	})
}
