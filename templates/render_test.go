package templates

import (
	"go/format"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"
)

// TestFunctionsAreDeterministic verifies that the templates cannot use functions of sprig that depend on the time, the machine, the
// environment, the order of a map, or randomness.
func TestFunctionsAreDeterministic(t *testing.T) {
	all, funcs := sprig.TxtFuncMap(), functions()
	for name := range strings.FieldsSeq(`now date dateInZone date_in_zone dateModify date_modify
		htmlDate htmlDateInZone ago env expandenv getHostByName uuidv4 randBytes randInt randAlpha randAlphaNum randAscii
		randNumeric shuffle keys values bcrypt htpasswd genPrivateKey genCA genCAWithKey genSelfSignedCert
		genSelfSignedCertWithKey genSignedCert genSignedCertWithKey encryptAES`) {
		if _, ok := all[name]; !ok {
			t.Errorf("sprig has no function %s any more: take it out of this list", name)
		}
		if _, ok := funcs[name]; ok {
			t.Errorf("templates can call %s, whose result is not always the same", name)
		}
	}
}

// TestNonHermeticFunctionsExist verifies that the excluded functions exist, because a misspelled name would not exclude anything.
func TestNonHermeticFunctionsExist(t *testing.T) {
	hermetic := sprig.HermeticTxtFuncMap()
	for _, name := range nonHermetic {
		if _, ok := hermetic[name]; !ok {
			t.Errorf("sprig has no hermetic function %s: take it out of the list", name)
		}
	}
}

func TestExecute(t *testing.T) {
	tests := map[string]struct{ source, want, err string }{
		"a field":             {source: "[[ .Name ]]\n", want: "Apple\n"},
		"braces":              {source: "{{ .Name }} ${{ x }}\n", want: "{{ .Name }} ${{ x }}\n"},
		"our own function":    {source: "[[ .Name | article ]], [[ article \"Pear\" ]]\n", want: "an Apple, a Pear\n"},
		"sprig's functions":   {source: "[[ .Name | lower | quote ]]\n", want: "\"apple\"\n"},
		"a missing key":       {source: "[[ .Nam ]]\n", err: "Nam"},
		"an unknown function": {source: "[[ now ]]\n", err: `function "now" not defined`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := execute("x.tmpl", test.source, map[string]string{"Name": "Apple"})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got the error %v, want one with %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("the result differs (-want +got):\n%s", diff)
			}
		})
	}
}

// versionData contains only the data that the templates of a version use.
type versionData struct {
	GroupName, Version, ModelPackage string
	Group                            struct{ Name, GoName string }
}

func TestRender(t *testing.T) {
	data := versionData{GroupName: "fruit.example.com", Version: "v1alpha1", ModelPackage: "com.example.fruit.v1alpha1"}
	render := func() map[string][]byte {
		out, err := Render("version", data, "GROUP", "fruit", "VERSION", "v1alpha1")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := render()
	const doc = "pkg/apis/fruit/v1alpha1/doc.go"
	if names := slices.Sorted(maps.Keys(first)); !slices.Equal(names, []string{doc}) {
		t.Fatalf("got the files %v, want %s", names, doc)
	}
	if !strings.Contains(string(first[doc]), "// +groupName=fruit.example.com\n") || !strings.HasSuffix(string(first[doc]), "\npackage v1alpha1\n") {
		t.Errorf("%s is not what the template says:\n%s", doc, first[doc])
	}
	if formatted, err := format.Source(first[doc]); err != nil || string(formatted) != string(first[doc]) {
		t.Errorf("%s is not formatted: %v", doc, err)
	}
	for range 5 {
		if diff := cmp.Diff(first, render()); diff != "" {
			t.Fatalf("another render differs (-first +other):\n%s", diff)
		}
	}
}

func TestRenderErrors(t *testing.T) {
	if _, err := Render("nonesuch", nil); err == nil || !strings.HasPrefix(err.Error(), "templates in nonesuch: ") {
		t.Errorf("a folder that is not there: got the error %v", err)
	}
	if _, err := Render("version", struct{ Version string }{"v1"}); err == nil || !strings.Contains(err.Error(), "doc.go.tmpl") {
		t.Errorf("a field that is not there: got the error %v, want one that names the template", err)
	}
	if _, err := Render("version", versionData{Version: "no identifier"}); err == nil || !strings.Contains(err.Error(), "doc.go.tmpl") {
		t.Errorf("a result that is no Go: got the error %v, want one that names the template", err)
	}
}
