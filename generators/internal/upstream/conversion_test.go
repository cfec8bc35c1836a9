package upstream

import (
	"regexp"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/internal/conversion"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

// TestConversionsOfFields generates the conversions of a struct that is the same in both versions, and of one whose fields change their
// types. The user has to write the conversions of the second, field by field. Then the generated code compiles.
func TestConversionsOfFields(t *testing.T) {
	o := project(t, "versions")
	o.APIs[1].Peers = []string{o.APIs[0].Package}
	missing := generate(t, o)["pkg/apis/fruit/v1beta1/"+conversion.MissingFile]
	const fields = "Number, Wide, Numbers, Pointed, Free, Piece, Pieces and Mapped yet.\n"
	for _, want := range []string{
		"// Convert_v1beta1_Changed_To_v1_Changed does not convert " + fields,
		"// Convert_v1_Changed_To_v1beta1_Changed does not convert " + fields,
	} {
		if !strings.Contains(string(missing), want) {
			t.Errorf("the stubs lack %q:\n%s", want, missing)
		}
	}
	if got := strings.Count(string(missing), " does not convert "); got != 2 {
		t.Errorf("there are %d stubs, want 2:\n%s", got, missing)
	}

	written := regexp.MustCompile(`(?m)^//go:build.*\n|^\t_ = .*\n`).ReplaceAll(missing, nil)
	fixture.Write(t, o.Dir, map[string][]byte{"pkg/apis/fruit/v1beta1/changed.go": written})
	files := generate(t, o)
	if missing, ok := files["pkg/apis/fruit/v1beta1/"+conversion.MissingFile]; ok {
		t.Errorf("all is written, and still there are stubs:\n%s", missing)
	}
	conversions := string(files["pkg/apis/fruit/v1beta1/"+conversion.File])
	if !strings.Contains(conversions, "Convert_v1beta1_Box_To_v1_Crate(&(*in)[i], &(*out)[i], s)") {
		t.Errorf("a conversion of the user's is not used:\n%s", conversions)
	}
	fixture.Write(t, o.Dir, map[string][]byte{
		"pkg/apis/fruit/v1beta1/" + conversion.File:       []byte(conversions),
		"pkg/apis/fruit/v1beta1/" + conversion.NestedFile: files["pkg/apis/fruit/v1beta1/"+conversion.NestedFile],
	})
	goTool(t, o.Dir, "test", "./pkg/apis/...")
}
