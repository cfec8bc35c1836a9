package corpora

// A corpus is the API of one project: a Go module and CustomResourceDefinitions.
type corpus struct {
	// types is the module of the Go types. crds is the module of the definitions, if it is another one.
	types, crds string
	// definitions contains patterns of files in that module, with CustomResourceDefinitions or Kubernetes' discovery documents.
	definitions []string
	// groups contains the API groups by name.
	groups map[string]group
	// packages maps folders of the module to folders of the project, for other packages that the types import.
	packages map[string]string
	// storedOnly omits versions that are not stored, because they need hand-written conversions. without is the name of a version to omit.
	storedOnly bool
	without    string
	// declarationsOnly omits functions, variables and types that are not part of the API, because they import packages of the program.
	declarationsOnly bool
	edits            []edit
}

// A group is an API group.
type group struct {
	// name is the first label of the group in the project.
	name string
	// dir is the folder in the module that contains a package for each version.
	dir string
}

// An edit replaces a text everywhere in the copied files.
type edit struct {
	// reason explains why a user who copies the types has to make this edit.
	reason string
	// file is a suffix of the paths of the files. If it is empty, the edit applies to all.
	file     string
	old, new string
}

// recursion explains why a type may refer to itself only in places without rules.
const recursion = "a type that refers to itself can't be beside rules in CEL"

// keyed explains why the key fields of a list are required.
const keyed = "server-side apply needs the keys of a list"

var corpora = []corpus{
	{
		types:       "sigs.k8s.io/gateway-api@v1.6.3",
		definitions: []string{"config/crd/experimental/*.yaml"},
		groups: map[string]group{
			"gateway.networking.k8s.io":   {"gateway", "apis"},
			"gateway.networking.x-k8s.io": {"xgateway", "apisx"},
		},
		without: "v1alpha2",
		edits: []edit{
			{"there is no CustomResourceDefinition to annotate", "", "// +kubebuilder:metadata:", "// kubebuilder:metadata:"},
			{"all versions have the same names", "v1alpha3/backendtlspolicy_types.go", "// +genclient\n",
				"// +genclient\n// +kubebuilder:resource:categories=gateway-api,shortName=btlspolicy\n"},
			{"it has no effect, above an empty line", "v1alpha1/xbackendtrafficpolicy_types.go", "// +optional\n\n\tmetav1.TypeMeta", "//\n\tmetav1.TypeMeta"},
		},
	},
	{
		types:       "github.com/cert-manager/cert-manager@v1.21.2",
		definitions: []string{"deploy/crds/*.yaml"},
		groups: map[string]group{
			"acme.cert-manager.io": {"acme", "pkg/apis/acme"},
			"cert-manager.io":      {"certmanager", "pkg/apis/certmanager"},
		},
		packages: map[string]string{"pkg/apis/meta/v1": "pkg/certmanager/meta/v1", "pkg/apis/meta": "pkg/certmanager/meta"},
	},
	{
		types: "sigs.k8s.io/cluster-api/api@v1.14.2", crds: "sigs.k8s.io/cluster-api@v1.14.2",
		definitions: []string{"core/config/crd/bases/*.yaml", "bootstrap/kubeadm/config/crd/bases/*.yaml", "controlplane/kubeadm/config/crd/bases/*.yaml"},
		groups: map[string]group{
			"addons.cluster.x-k8s.io":       {"addons", "addons"},
			"bootstrap.cluster.x-k8s.io":    {"bootstrap", "bootstrap/kubeadm"},
			"cluster.x-k8s.io":              {"cluster", "core"},
			"controlplane.cluster.x-k8s.io": {"controlplane", "controlplane/kubeadm"},
			"ipam.cluster.x-k8s.io":         {"ipam", "ipam"},
			"runtime.cluster.x-k8s.io":      {"extensions", "runtime"},
		},
		packages:   map[string]string{"deprecated/errors": "pkg/clustererrors"},
		storedOnly: true,
		edits: []edit{
			{"a type with a JSON form of its own describes it", "bootstrap/v1beta2/kubeadm_types.go", "// MarshalJSON implements the json.Marshaler interface.\nfunc (bts BootstrapTokenString)",
				"// OpenAPISchemaType returns the form in JSON.\nfunc (BootstrapTokenString) OpenAPISchemaType() []string { return []string{\"string\"} }\n\n" +
					"// OpenAPISchemaFormat returns the format of the string.\nfunc (BootstrapTokenString) OpenAPISchemaFormat() string { return \"\" }\n\n" +
					"// MarshalJSON implements the json.Marshaler interface.\nfunc (bts BootstrapTokenString)"},
			{"builder registers the kinds", "", "objectTypes = append(objectTypes, ", "_ = append([]any(nil), "},
			{"defaulter-gen doesn't follow a pointer to a list", "bootstrap/v1beta2/kubeadm_types.go", "*[]EnvVar", "[]EnvVar"},
			{recursion, "v1beta2/clusterclass_types.go", "map[string]JSONSchemaProps `", "*runtime.RawExtension `"},
			{recursion, "v1beta2/clusterclass_types.go", "*JSONSchemaProps `", "*runtime.RawExtension `"},
			{recursion, "v1beta2/clusterclass_types.go", "[]JSONSchemaProps `", "*runtime.RawExtension `"},
			{recursion, "v1beta2/clusterclass_types.go", "import (\n", "import (\n\t\"k8s.io/apimachinery/pkg/runtime\"\n"},
		},
	},
	{
		types:            "github.com/argoproj/argo-cd/v3@v3.5.7",
		definitions:      []string{"manifests/crds/*-crd.yaml"},
		groups:           map[string]group{"argoproj.io": {"argo", "pkg/apis/application"}},
		declarationsOnly: true,
		edits: []edit{
			{"the module is published by its former path only", "", "github.com/argoproj/argo-cd/gitops-engine/", "github.com/argoproj/gitops-engine/"},
			{"the tag of an inlined struct says so", "v1alpha1/types.go", "*OptionalMap `json:\",omitempty\"", "*OptionalMap `json:\",inline\""},
			{"the tag of an inlined struct says so", "v1alpha1/types.go", "*OptionalArray `json:\",omitempty\"", "*OptionalArray `json:\",inline\""},
			{"only a struct is embedded", "v1alpha1/types.go", "\tEnv        `json:\"env,omitempty\"", "\tEnv Env `json:\"env,omitempty\""},
		},
	},
	{
		types:            "github.com/argoproj/gitops-engine@v0.7.3", // Argo CD's types refer to it
		packages:         map[string]string{"pkg/health": "pkg/argocd/health", "pkg/sync/common": "pkg/argocd/common"},
		declarationsOnly: true,
		edits:            []edit{{"it is for Argo CD itself, and needs other packages", "common/types.go", "\tResourceKey kube.ResourceKey\n", ""}},
	},
	{
		// These groups have every kind of resource: with and without a scale, a status and a namespace, and with Pod templates.
		types: "k8s.io/api@v0.37.1", crds: "k8s.io/kubernetes@v1.37.1",
		definitions: []string{
			"api/discovery/apis__apps__v1.json", "api/discovery/apis__autoscaling__v2.json", "api/discovery/apis__batch__v1.json",
			"api/discovery/apis__networking.k8s.io__v1.json", "api/discovery/apis__policy__v1.json",
		},
		groups: map[string]group{
			"apps": {"apps", "apps"}, "autoscaling": {"autoscaling", "autoscaling"}, "batch": {"batch", "batch"},
			"networking.k8s.io": {"networking", "networking"}, "policy": {"policy", "policy"},
		},
		edits: []edit{
			{"PROJECT says which versions there are", "", "// +k8s:prerelease-lifecycle-gen:", "// k8s:prerelease-lifecycle-gen:"},
			{"a constraint always holds", "", "// +k8s:alpha(", "// k8s:alpha("},
			{"a constraint always holds", "", "// +k8s:beta(", "// k8s:beta("},
			{"a constraint always holds", "", "// +k8s:ifDisabled(", "// k8s:ifDisabled("},
			{"builder has it from kubebuilder's marker", "", "// +k8s:supportsSubresource=\"/status\"", "// +kubebuilder:subresource:status"},
			{"builder has it from kubebuilder's marker", "", "// +k8s:supportsSubresource=\"/scale\"",
				"// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas"},
			{"a project has no apply configuration of Kubernetes' own Scale", "", "// +genclient:method=ApplyScale,", "// genclient:method=ApplyScale,"},
			{keyed, "apps/v1/types.go", "// +optional\n\tType StatefulSetConditionType", "// +required\n\tType StatefulSetConditionType"},
			{keyed, "apps/v1/types.go", "// +optional\n\tType DeploymentConditionType", "// +required\n\tType DeploymentConditionType"},
			{keyed, "apps/v1/types.go", "// +optional\n\tType DaemonSetConditionType", "// +required\n\tType DaemonSetConditionType"},
			{keyed, "apps/v1/types.go", "// +optional\n\tType ReplicaSetConditionType", "// +required\n\tType ReplicaSetConditionType"},
			{"it has no effect there", "", "// +k8s:opaqueType\n", "//\n"},
			{"it has no effect there", "autoscaling/v2/types.go", "// +k8s:openapi-gen=true\n", "//\n"},
			{"it is above a comment", "batch/v1/types.go", "// +optional\n\t// FailedPodsLimit", "// FailedPodsLimit"},
			{"it contradicts +optional", "networking/v1/types.go", "// +kubebuilder:validation:Required\n", "//\n"},
			{"what is posted to a subresource of Pods isn't a kind", "policy/v1/types.go", "// +genclient\n// +genclient:noVerbs\n", "//\n"},
		},
	},
}
