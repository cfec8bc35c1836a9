package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConversions verifies that conversions are composed along the order of preference, independently of the storage version. The function
// of each step is in the package of the less preferred version.
func TestConversions(t *testing.T) {
	for _, test := range []struct {
		hub     string
		want    map[string]string // to the hub, by version
		imports []string
	}{
		{
			"v1",
			map[string]string{
				"v1beta1":  "v1beta1.Convert_v1beta1_Apple_To_v1_Apple",
				"v1alpha1": "through(v1alpha1.Convert_v1alpha1_Apple_To_v1beta1_Apple, v1beta1.Convert_v1beta1_Apple_To_v1_Apple)",
			},
			[]string{"v1alpha1", "v1beta1"},
		},
		{
			"v1beta1",
			map[string]string{
				"v1":       "v1beta1.Convert_v1_Apple_To_v1beta1_Apple",
				"v1alpha1": "v1alpha1.Convert_v1alpha1_Apple_To_v1beta1_Apple",
			},
			[]string{"v1alpha1", "v1beta1"},
		},
		{
			"v1alpha1",
			map[string]string{
				"v1":      "through(v1beta1.Convert_v1_Apple_To_v1beta1_Apple, v1alpha1.Convert_v1beta1_Apple_To_v1alpha1_Apple)",
				"v1beta1": "v1alpha1.Convert_v1beta1_Apple_To_v1alpha1_Apple",
			},
			[]string{"v1alpha1", "v1beta1"},
		},
	} {
		t.Run(test.hub, func(t *testing.T) {
			k := &Kind{Name: "Apple"}
			for _, version := range []string{"v1", "v1beta1", "v1alpha1"} {
				v := &KindVersion{GroupVersion: &GroupVersion{Version: version, ImportPath: version}, Hub: version == test.hub}
				k.Versions = append(k.Versions, v)
				if v.Hub {
					k.Hub = v
				}
			}
			got, back, text := map[string]string{}, "", ""
			for _, v := range k.Others() {
				got[v.Version], back = k.Conversion(v, k.Hub, "Apple"), k.Conversion(k.Hub, v, "Apple")
				text += got[v.Version] + back
				if steps := strings.Count(back, "Convert_"); steps != strings.Count(got[v.Version], "Convert_") || k.Direct(k.Hub, v) != (steps == 1) {
					t.Errorf("from the hub to %s takes %s", v.Version, back)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("conversions to the hub (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.imports, k.ConversionImports()); diff != "" {
				t.Errorf("imports (-want +got):\n%s", diff)
			}
			for _, version := range test.imports {
				if !strings.Contains(text, version+".Convert_") {
					t.Errorf("%s is imported for nothing", version)
				}
			}
		})
	}
}
