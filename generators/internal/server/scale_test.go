package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// member returns a field of a struct. It is embedded if it has no name in JSON.
func member(name, json string, t *types.Type) types.Member {
	tag := json
	if json == "" {
		tag = ",inline"
	}
	return types.Member{Name: name, Embedded: json == "", Tags: `json:"` + tag + `"`, Type: t}
}

func structOf(name string, members ...types.Member) *types.Type {
	return &types.Type{Name: types.Name{Package: testPackage, Name: name}, Kind: types.Struct, Members: members}
}

func pointer(t *types.Type) *types.Type { return &types.Type{Kind: types.Pointer, Elem: t} }

// scalable is a kind with replicas of every form.
var scalable = structOf("Apple",
	member("Spec", "spec", structOf("AppleSpec",
		member("Replicas", "replicas", types.Int32),
		member("Optional", "optional", pointer(types.Int32)),
		member("Big", "big", types.Int64),
		member("Text", "text", types.String),
		member("Pool", "pool", structOf("Pool", member("Size", "size", types.Int32))),
		member("Far", "far", pointer(structOf("Far", member("Size", "size", types.Int32)))),
		member("Common", "", structOf("Common", member("Shared", "shared", types.Int32))),
	)),
	member("Status", "status", structOf("AppleStatus",
		member("Replicas", "replicas", types.Int32),
		member("Far", "far", pointer(structOf("FarStatus", member("Size", "size", pointer(types.Int32))))),
		member("Selector", "selector", types.String),
	)),
)

func TestScale(t *testing.T) {
	tests := map[string]struct {
		spec, status, selector string
		want                   Scale
		err                    string
	}{
		"the usual paths": {".spec.replicas", ".status.replicas", ".status.selector", Scale{
			ReadSpec: "out.Spec.Replicas = in.Spec.Replicas", ReadStatus: "out.Status.Replicas = in.Status.Replicas",
			ReadSelector: "out.Status.Selector = in.Status.Selector", Write: "out.Spec.Replicas = scale.Spec.Replicas",
			path: []string{"spec", "replicas"}, statusPath: []string{"status", "replicas"},
		}, ""},
		"replicas that may be unset, and pointers": {".spec.optional", ".status.far.size", "", Scale{
			Optional:   true,
			ReadSpec:   "if in.Spec.Optional != nil {\n\t\tout.Spec.Replicas = *in.Spec.Optional\n\t}",
			ReadStatus: "if in.Status.Far != nil && in.Status.Far.Size != nil {\n\t\tout.Status.Replicas = *in.Status.Far.Size\n\t}",
			Write:      "out.Spec.Optional = &scale.Spec.Replicas",
			path:       []string{"spec", "optional"}, statusPath: []string{"status", "far", "size"},
		}, ""},
		"a struct in between, and one inlined": {".spec.pool.size", ".status.replicas", ".spec.text", Scale{
			ReadSpec: "out.Spec.Replicas = in.Spec.Pool.Size", ReadStatus: "out.Status.Replicas = in.Status.Replicas",
			ReadSelector: "out.Status.Selector = in.Spec.Text", Write: "out.Spec.Pool.Size = scale.Spec.Replicas",
			path: []string{"spec", "pool", "size"}, statusPath: []string{"status", "replicas"},
		}, ""},
		"an inlined struct": {".spec.shared", ".status.replicas", "", Scale{
			ReadSpec: "out.Spec.Replicas = in.Spec.Common.Shared", ReadStatus: "out.Status.Replicas = in.Status.Replicas",
			Write: "out.Spec.Common.Shared = scale.Spec.Replicas",
			path:  []string{"spec", "shared"}, statusPath: []string{"status", "replicas"},
		}, ""},
		"a field there is not":     {".spec.size", ".status.replicas", "", Scale{}, `specpath=.spec.size names no field: AppleSpec has no field "size" in JSON`},
		"a status there is not":    {".spec.replicas", ".status.ready", "", Scale{}, `statuspath=.status.ready names no field: AppleStatus has no field "ready" in JSON`},
		"a selector there is not":  {".spec.replicas", ".status.replicas", ".status.labels", Scale{}, `selectorpath=.status.labels names no field: AppleStatus has no field "labels" in JSON`},
		"another type":             {".spec.big", ".status.replicas", "", Scale{}, "specpath=.spec.big has the Go type int64, but a scale needs int32: make it int32 or *int32"},
		"a struct":                 {".spec.pool", ".status.replicas", "", Scale{}, "specpath=.spec.pool has the Go type Pool, but a scale needs int32: make it int32 or *int32"},
		"a selector of numbers":    {".spec.replicas", ".status.replicas", ".status.replicas", Scale{}, "selectorpath=.status.replicas has the Go type int32, but a scale needs string: make it string or *string"},
		"the spec's in the status": {".status.replicas", ".status.replicas", "", Scale{}, "specpath=.status.replicas is not a path of field names below .spec: use one such as .spec.replicas"},
		"the status's in the spec": {".spec.replicas", ".spec.replicas", "", Scale{}, "statuspath=.spec.replicas is not a path of field names below .status: use one such as .status.replicas"},
		"the spec itself":          {".spec", ".status.replicas", "", Scale{}, "specpath=.spec is not a path of field names below .spec: use one such as .spec.replicas"},
		"no dot at the start":      {"spec.replicas", ".status.replicas", "", Scale{}, "specpath=spec.replicas is not a path of field names below .spec: use one such as .spec.replicas"},
		"an index":                 {".spec.pools[0].size", ".status.replicas", "", Scale{}, "specpath=.spec.pools[0].size is not a path of field names below .spec: use one such as .spec.replicas"},
		"through a pointer":        {".spec.far.size", ".status.replicas", "", Scale{}, "specpath=.spec.far.size goes through the pointer Spec.Far, which may be nil when a scale is written: make it a struct"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := &scaleMarker{SubresourceScale: crdmarkers.SubresourceScale{SpecPath: test.spec, StatusPath: test.status}}
			if test.selector != "" {
				m.SelectorPath = &test.selector
			}
			got, err := newScale(scalable, m)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("got the error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got, cmp.AllowUnexported(Scale{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the scale differs (-want +got):\n%s", diff)
			}
		})
	}
}
