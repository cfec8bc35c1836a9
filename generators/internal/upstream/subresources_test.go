package upstream

import (
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

// TestSubresources generates a kind with a scale and a custom subresource. Clients and OpenAPI contain the types of both, although the
// source has no markers of client-gen.
func TestSubresources(t *testing.T) {
	o := project(t, "tree")
	o.APIs[0].Methods = map[string][]string{"Tree": {
		"+genclient:method=Fell,verb=create,subresource=fell,input=TreeFell,result=TreeFell",
	}}
	p, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := string(files["pkg/generated/clientset/versioned/typed/forest/v1/tree.go"])
	for _, method := range []string{
		"GetScale(ctx context.Context, treeName string, options metav1.GetOptions) (*autoscalingv1.Scale, error)",
		"UpdateScale(ctx context.Context, treeName string, scale *autoscalingv1.Scale, opts metav1.UpdateOptions) (*autoscalingv1.Scale, error)",
		"Fell(ctx context.Context, treeName string, treeFell *forestv1.TreeFell, opts metav1.CreateOptions) (*forestv1.TreeFell, error)",
	} {
		if !strings.Contains(client, "\t"+method+"\n") {
			t.Errorf("the client has no method %s:\n%s", method, client)
		}
	}
	openapi := string(files[OpenAPIFile])
	for _, definition := range []string{"Scale", "ScaleSpec", "ScaleStatus"} {
		if !strings.Contains(openapi, "_autoscaling_v1_"+definition+"(") {
			t.Errorf("OpenAPI doesn't describe %s", definition)
		}
	}
	if strings.Contains(openapi, "HorizontalPodAutoscaler") {
		t.Error("OpenAPI describes more than the scale")
	}
	fixture.Write(t, o.Dir, files)
	for _, api := range o.APIs {
		fixture.Write(t, o.Folder(api.Package), map[string][]byte{"zz_generated.register.go": register(t, p, api)})
	}
	goTool(t, o.Dir, "vet", "./...")
}

// TestOwnMethods verifies that a method which the source already has a marker for is not added again.
func TestOwnMethods(t *testing.T) {
	archive := fixture.Parse(t, "testdata/tree.txtar")
	for i, f := range archive.Files {
		const own = "// +genclient:method=GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale\n"
		archive.Files[i].Data = []byte(strings.Replace(string(f.Data), "// +genclient:noStatus\n", "// +genclient:noStatus\n"+own, 1))
	}
	client := string(generate(t, fixture.Project(t, archive))["pkg/generated/clientset/versioned/typed/forest/v1/tree.go"])
	if n := strings.Count(client, ") GetScale("); n != 1 {
		t.Errorf("the client has %d methods GetScale, want 1:\n%s", n, client)
	}
}
