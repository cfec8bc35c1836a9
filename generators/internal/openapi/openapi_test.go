package openapi

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
	"github.com/apiserver-builder/builder/generators/internal/upstream"
)

const (
	golden = "testdata/definitions.yaml"
	module = "example.com/shop"
	fruit  = module + "/pkg/apis/fruit/v1"
)

var update = flag.Bool("update", false, "write the definitions into "+golden)

// TestConstrain verifies that the generated code compiles, and that its definitions contain each constraint in the right place.
func TestConstrain(t *testing.T) {
	dir := fixture.Project(t, fixture.Parse(t, "testdata/shop.txtar")).Dir
	packages, err := apis.Load(t.Context(), apis.Options{
		Dir: dir, Module: module, APIs: []apis.API{{Group: "fruit.example.com", Version: "v1", Package: fruit}},
	})
	if err != nil {
		t.Fatal(err)
	}
	schemas, problems, err := schema.Read(t.Context(), dir, nil, "example.com/shop", []types.Name{{Package: fruit, Name: "Apple"}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	files, err := upstream.Generate(t.Context(), packages, nil)
	if err != nil {
		t.Fatal(err)
	}
	once, err := Constrain(files[upstream.OpenAPIFile], packages.Universe, schemas)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if strings.HasPrefix(name, "pkg/apis/") {
			fixture.Write(t, dir, map[string][]byte{name: content})
		}
	}
	fixture.Write(t, dir, map[string][]byte{upstream.OpenAPIFile: once})

	var stderr bytes.Buffer
	cmd := exec.Command("go", "run", "./print")
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	got, err := yaml.JSONToYAML(out)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		fixture.Write(t, ".", map[string][]byte{golden: got})
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the definitions differ (-want +got):\n%s", diff)
	}
}

func TestConstrainWhatIsNoGo(t *testing.T) {
	if _, err := Constrain([]byte("no Go"), types.Universe{}, &schema.Schemas{}); err == nil {
		t.Error("source that does not parse gives no error")
	}
}
