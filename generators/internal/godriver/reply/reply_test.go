package reply

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	name := filepath.Join(t.TempDir(), "reply")
	if err := os.WriteFile(name, []byte(`{"Patterns":["a","b"],"Tag":"x"}`+"\n"+`{"Roots":["a","b"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const answered = `{"Roots":["a","b"]}`
	for _, test := range []struct{ name, file, patterns, request, want string }{
		{"gengo", name, "a b", `{"build_flags":["-tags","x"]}`, answered},
		{"controller-tools", name, "a b", `{"build_flags":["-tags=x"]}`, answered},
		{"another order", name, "b a", `{"build_flags":["-tags","x"]}`, answered},
		{"fewer packages", name, "a", `{"build_flags":["-tags","x"]}`, notHandled},
		{"more packages", name, "a b c", `{"build_flags":["-tags","x"]}`, notHandled},
		{"another tag", name, "a b", `{"build_flags":["-tags","y"]}`, notHandled},
		{"no tag", name, "a b", `{}`, notHandled},
		{"another flag", name, "a b", `{"build_flags":["-tags=x","-race"]}`, notHandled},
		{"tests", name, "a b", `{"build_flags":["-tags=x"],"tests":true}`, notHandled},
		{"overlay", name, "a b", `{"build_flags":["-tags=x"],"overlay":{"f":""}}`, notHandled},
		{"no file", name + "-", "a b", `{"build_flags":["-tags=x"]}`, notHandled},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := Answer(test.file, strings.Fields(test.patterns), strings.NewReader(test.request), &out); err != nil || out.String() != test.want {
				t.Errorf("%q, %v, want %q", out.String(), err, test.want)
			}
		})
	}
}
