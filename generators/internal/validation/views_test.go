package validation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelections(t *testing.T) {
	for expression, want := range map[string][][]string{
		"self > 3":          {nil},
		"self == oldSelf":   {nil, nil},
		"self.a.b < self.c": {{"a", "b"}, {"c"}},
		"has(self.a) ? self.__namespace__ == '' : true": {{"a"}, {"namespace"}},
		"self.a.all(x, x.b == self.c)":                  {{"a"}, {"c"}},
		"self.a[0].b":                                   {{"a"}},
		"self.?a.b.orValue('')":                         {{"a", "b"}},
		"self.?a.?b.hasValue()":                         {{"a", "b"}},
		"oldSelf.hasValue() && oldSelf.value().a == 1":  {{"a"}},
		"'self.a'":  nil,
		"self.a ==": nil,
	} {
		if diff := cmp.Diff(want, selections(expression)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}
