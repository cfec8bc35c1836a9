package markers

// defaultValues contains the values of markers that request the default behavior.
var defaultValues = []string{"", "true"}

// generatorMarkers contains the markers that Kubernetes' generators read. The definitions of controller-tools' markers come from its
// registry.
var generatorMarkers = []Definition{
	{Name: "groupName", On: []Target{Package}},
	{Name: "groupGoName", On: []Target{Package}},
	{Name: "k8s:deepcopy-gen", On: []Target{Package, Type}},
	{Name: "k8s:deepcopy-gen:interfaces", On: []Target{Type}, Repeats: true},
	{Name: "k8s:deepcopy-gen:nonpointer-interfaces", On: []Target{Type}, values: []string{"true", "false"}},
	{Name: "k8s:defaulter-gen", On: []Target{Package, Type, Func}},
	{Name: "k8s:defaulter-gen-input", On: []Target{Package}, Refusal: "defaults are generated for the types of the package itself: leave it out"},
	{Name: "k8s:conversion-gen", On: []Target{Package, Type, Field}, Repeats: true},
	{Name: "k8s:conversion-gen-external-types", On: []Target{Package}, Refusal: "the types of a package are its own: leave it out"},
	{Name: "k8s:conversion-gen:explicit-from", On: []Target{Type}, Repeats: true},
	{Name: "k8s:conversion-fn", On: []Target{Func}},
	{Name: "k8s:openapi-gen", On: []Target{Package, Type, Field}, Repeats: true},
	{Name: "k8s:openapi-model-package", On: []Target{Package, Type}},
	{Name: "k8s:register-gen", On: []Target{Package}, Refusal: "builder registers the types itself: leave it out"},
	{Name: "k8s:protobuf-gen", On: []Target{Package, Type}, Refusal: "objects travel and are stored as JSON: leave it out"},
	{Name: "k8s:client-gen", On: []Target{Package}, values: defaultValues},
	{Name: "k8s:lister-gen", On: []Target{Package}, values: defaultValues},
	{Name: "k8s:informer-gen", On: []Target{Package}, values: defaultValues},
	{Name: "k8s:applyconfiguration-gen", On: []Target{Package}, values: defaultValues},
	{Name: "k8s:prerelease-lifecycle-gen", On: []Target{Package, Type}, Refusal: "a version is served as long as PROJECT has it; to announce its end, write +kubebuilder:deprecatedversion above its types"},
	{Name: "k8s:prerelease-lifecycle-gen:introduced", On: []Target{Type}, Refusal: "a version is served as long as PROJECT has it: leave it out"},
	{Name: "k8s:prerelease-lifecycle-gen:deprecated", On: []Target{Type}, Refusal: "to announce the end of a version, write +kubebuilder:deprecatedversion"},
	{Name: "k8s:prerelease-lifecycle-gen:removed", On: []Target{Type}, Refusal: "a version is served as long as PROJECT has it: leave it out"},
	{Name: "k8s:prerelease-lifecycle-gen:replacement", On: []Target{Type}, Refusal: "name the replacement in +kubebuilder:deprecatedversion:warning=..."},
	{Name: "k8s:supportsSubresource", On: []Target{Type}, Repeats: true, Refusal: "a kind has the subresources of its +kubebuilder:subresource markers: leave it out"},
	{Name: "k8s:isSubresource", On: []Target{Type}, Refusal: "make the subresource with builder create subresource, and leave the marker out"},

	{Name: "genclient", On: []Target{Type}, values: []string{""}},
	{Name: "genclient:nonNamespaced", On: []Target{Type}, values: []string{""}},
	{Name: "genclient:noStatus", On: []Target{Type}, values: []string{""}},
	{Name: "genclient:noVerbs", On: []Target{Type}, values: []string{""}},
	{Name: "genclient:readonly", On: []Target{Type}, values: []string{""}},
	{Name: "genclient:onlyVerbs", On: []Target{Type}},
	{Name: "genclient:skipVerbs", On: []Target{Type}},
	{Name: "genclient:method", On: []Target{Type}, Repeats: true},
	{Name: "resourceName", On: []Target{Type}},

	{Name: "enum", On: []Target{Type}, values: []string{""}},
	{Name: "patchStrategy", On: []Target{Field}, values: []string{"merge", "replace", "retainKeys", "merge,retainKeys"}},
	{Name: "patchMergeKey", On: []Target{Field}},
	{Name: "union", On: []Target{Field, Type}, values: []string{""}},
	{Name: "unionDiscriminator", On: []Target{Field}, values: []string{""}},
	{Name: "unionDeprecated", On: []Target{Field}, values: []string{""}},

	{Name: "kubebuilder:ac:generate", On: []Target{Package, Type}, values: defaultValues},
	{Name: "kubebuilder:ac:output:package", On: []Target{Package}, Refusal: "apply configurations go to pkg/generated/applyconfiguration: leave it out"},
	{Name: "kubebuilder:rbac", On: []Target{Package, Type, Field, Func, Nothing}, Refusal: "roles are made of those in internal/controller, pkg/admission, pkg/registry and pkg/apiserver: write it next to the code that needs the permission"},
	{Name: "kubebuilder:webhook", On: []Target{Package, Type, Field, Func, Nothing}, Refusal: "the server admits its own objects: write the Validate function of the kind's strategy"},
	{Name: "kubebuilder:webhookconfiguration", On: []Target{Package, Type, Field, Func, Nothing}, Refusal: "the server admits its own objects: write the Validate function of the kind's strategy"},

	{Name: "k8s:dependentForbidden", On: []Target{Field}, Repeats: true},
	{Name: "k8s:dependentRequired", On: []Target{Field}, Repeats: true},
	{Name: "k8s:eachKey", On: []Target{Field, Type}, Repeats: true},
	{Name: "k8s:eachVal", On: []Target{Field, Type}, Repeats: true},
	{Name: "k8s:forbidden", On: []Target{Field}},
	{Name: "k8s:item", On: []Target{Field, Type}, Repeats: true},
	{Name: "k8s:maxBytes", On: []Target{Field, Type}},
	{Name: "k8s:monotonic", On: []Target{Field, Type}},
	{Name: "k8s:neq", On: []Target{Field, Type}, Repeats: true},
	{Name: "k8s:subfield", On: []Target{Field, Type}, Repeats: true},
	{Name: "k8s:unionDiscriminator", On: []Target{Field}, Repeats: true},
	{Name: "k8s:unionMember", On: []Target{Field}, Repeats: true},
	{Name: "k8s:unique", On: []Target{Field, Type}},
	{Name: "k8s:update", On: []Target{Field}, Repeats: true},
	{Name: "k8s:zeroOrOneOfMember", On: []Target{Field}, Repeats: true},

	declarative("k8s:alpha", "a constraint holds for all or for none: write it as a +kubebuilder:validation marker"),
	declarative("k8s:beta", "a constraint holds for all or for none: write it as a +kubebuilder:validation marker"),
	declarative("k8s:customUnique", "write +listType=set or +listType=map, or check it in the strategy's Validate function"),
	declarative("k8s:customValidation", "write the strategy's Validate function"),
	declarative("k8s:enumExclude", "leave the constant out, or list the values in +kubebuilder:validation:Enum"),
	declarative("k8s:ifDisabled", "ask for the feature gate in the strategy's Validate function"),
	declarative("k8s:ifEnabled", "ask for the feature gate in the strategy's Validate function"),
	declarative("k8s:ifMode", "write +kubebuilder:validation:XValidation above the type"),
	declarative("k8s:modeDiscriminator", "write +kubebuilder:validation:XValidation above the type"),
	declarative("k8s:opaqueType", "leave it out: what the type's own markers say is not switched off field by field"),
	declarative("k8s:validation", "it would only be shown, not enforced: write the +kubebuilder:validation marker, which is both"),
	declarative("k8s:validation-gen", "constraints are written as +kubebuilder:validation markers: leave it out"),
	declarative("k8s:validation-gen-input", "constraints are written as +kubebuilder:validation markers: leave it out"),
	declarative("k8s:validation-gen-nolint", "constraints are written as +kubebuilder:validation markers: leave it out"),
	declarative("k8s:validation-gen-scheme-registry", "constraints are written as +kubebuilder:validation markers: leave it out"),
}

// declarative defines a marker of validation-gen that is not supported because there is an equivalent marker. Those in tagForms are
// supported.
func declarative(name, instead string) Definition {
	return Definition{Name: name, On: []Target{Package, Type, Field}, Refusal: instead}
}

// refused contains controller-tools' markers that have no effect in a server that decodes into Go types and has no
// CustomResourceDefinition.
var refused = map[string]string{
	"kubebuilder:skip":            "a package that PROJECT has is an API version: take the version out of PROJECT, or move the package elsewhere",
	"kubebuilder:skipversion":     "take the version out of the kind's versions in PROJECT",
	"kubebuilder:unservedversion": "a version that PROJECT has is served: take it out of the kind's versions there",
	"kubebuilder:metadata":        "it is for the CustomResourceDefinition, and there is none: label and annotate the APIService in config/base/apiserver",
	"versionName":                 "the name of the package is the version: leave it out",

	"kubebuilder:validation:EmbeddedResource":        "embedded resources are not validated: give the field the Go type of the object, or check it in the strategy's Validate function",
	"kubebuilder:validation:XEmbeddedResource":       "embedded resources are not validated: give the field the Go type of the object, or check it in the strategy's Validate function",
	"kubebuilder:validation:items:XEmbeddedResource": "embedded resources are not validated: give the elements the Go type of the object, or check them in the strategy's Validate function",
}

// repeats contains controller-tools' markers that a target may have several times.
var repeats = map[string]bool{
	"kubebuilder:printcolumn":                  true,
	"kubebuilder:selectablefield":              true,
	"kubebuilder:validation:XValidation":       true,
	"kubebuilder:validation:items:XValidation": true,
	"kubebuilder:validation:AtMostOneOf":       true,
	"kubebuilder:validation:AtLeastOneOf":      true,
	"kubebuilder:validation:ExactlyOneOf":      true,
	"listMapKey":                               true,
	"k8s:listMapKey":                           true,
}

// values contains the valid values of controller-tools' markers for which its parser accepts any value.
var values = map[string][]string{
	"listType":                            {"atomic", "set", "map"},
	"k8s:listType":                        {"atomic", "set", "map"},
	"mapType":                             {"atomic", "granular"},
	"structType":                          {"atomic", "granular"},
	"kubebuilder:object:generate":         defaultValues,
	"kubebuilder:object:root":             defaultValues,
	"optional":                            {""},
	"required":                            {""},
	"nullable":                            {""},
	"k8s:optional":                        {""},
	"k8s:required":                        {""},
	"k8s:enum":                            {""},
	"k8s:immutable":                       {""},
	"kubebuilder:storageversion":          {""},
	"kubebuilder:subresource:status":      {""},
	"kubebuilder:validation:Optional":     {""},
	"kubebuilder:validation:Required":     {""},
	"kubebuilder:validation:XIntOrString": {""},
}
