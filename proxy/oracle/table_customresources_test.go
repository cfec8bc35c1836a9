package oracle

const (
	definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	widgets     = "/apis/custom.example.com/v1"
)

const widgetDefinition = `"spec": {"group": "custom.example.com", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]},
 "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
  "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}], "selectableFields": [{"jsonPath": ".spec.color"}],
  "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}, "color": {"type": "string"}, "replicas": {"type": "integer"},
   "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}}}},
   "x-kubernetes-validations": [{"rule": "!has(self.color) || self.color != 'mauve'", "message": "mauve is no color"}, {"rule": "self.size >= oldSelf.size", "message": "it never shrinks"}]},
   "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}}}}}},
  {"name": "v1beta1", "served": true, "storage": false, "deprecated": true, "deprecationWarning": "use v1", "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}`

func widget(metadata, rest string) string {
	return object("custom.example.com/v1", "Widget", metadata, rest)
}

// customResources tests CustomResourceDefinitions and their resources.
var customResources = table{"custom resources", []row{
	namespace("custom"),
	post("a definition without a schema", 422, definitions, object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `"name": "widgets.custom.example.com"`, `"spec": {"group": "custom.example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}, "versions": [{"name": "v1", "served": true, "storage": true}]}`)),
	post("a definition with another name", 422, definitions, object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `"name": "gadgets.custom.example.com"`, widgetDefinition)),
	post("a definition", 201, definitions, object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `"name": "widgets.custom.example.com"`, widgetDefinition)),
	get("which comes into being", 200, definitions+"/widgets.custom.example.com", until(func(r response) bool {
		return contains(r, `"Established","status":"True"`, `"message":"the initial names have been accepted"`)
	})),
	get("its group", 200, "/apis/custom.example.com", once("v1beta1")),
	get("its resources", 200, widgets, once("widgets/scale")),
	get("its APIService", 200, apiServices+"/v1.custom.example.com", once(`"Local"`)),
	get("its group in discovery", 200, "/apis", accept(discovery2), until(func(r response) bool { return contains(r, `"name":"custom.example.com"`, `"widgets"`) })),
	post("a widget", 201, in(widgets, "custom", "widgets"), widget(`"name": "a"`, `"spec": {"color": "red"}`), once("red"), save("rv", "metadata resourceVersion")),
	post("a widget with a field that it has not", 201, in(widgets, "custom", "widgets?fieldValidation=Warn"), widget(`"name": "b"`, `"spec": {"unknown": 1}`)),
	post("a widget with a field that it has not, strictly", 400, in(widgets, "custom", "widgets?fieldValidation=Strict"), widget(`"name": "c"`, `"spec": {"unknown": 1}`)),
	post("a widget that is too small", 422, in(widgets, "custom", "widgets"), widget(`"name": "c"`, `"spec": {"size": 0}`)),
	post("a widget that breaks a rule", 422, in(widgets, "custom", "widgets"), widget(`"name": "c"`, `"spec": {"color": "mauve"}`)),
	post("a widget through the deprecated version", 201, in("/apis/custom.example.com/v1beta1", "custom", "widgets"), object("custom.example.com/v1beta1", "Widget", `"name": "old"`, `"spec": {"size": 9}`)),
	get("a widget as a Table", 200, in(widgets, "custom", "widgets/a"), accept(asTable)),
	get("widgets as a Table", 200, in(widgets, "custom", "widgets"), accept(asTable)),
	get("a widget as YAML", 200, in(widgets, "custom", "widgets/a"), accept(asYAML)),
	get("a widget as protobuf", 406, in(widgets, "custom", "widgets/a"), accept(asProtobuf)),
	get("a widget as protobuf or JSON", 200, in(widgets, "custom", "widgets/a"), accept(asProtobuf+","+asJSON)),
	get("a widget as CBOR", 406, in(widgets, "custom", "widgets/a"), accept(asCBOR)),
	get("a widget's metadata as protobuf", 200, in(widgets, "custom", "widgets/a"), accept("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")),
	get("widgets by color", 200, in(widgets, "custom", "widgets?fieldSelector=spec.color%3Dred")),
	get("widgets by a field that can't be selected", 400, in(widgets, "custom", "widgets?fieldSelector=spec.size%3D3")),
	patch("a widget by merge patch", 200, in(widgets, "custom", "widgets/a"), mergePatch, `{"spec": {"size": 5}}`),
	patch("a widget that shrinks", 422, in(widgets, "custom", "widgets/a"), mergePatch, `{"spec": {"size": 4}}`),
	patch("a widget by strategic merge patch", 415, in(widgets, "custom", "widgets/a"), strategic, `{}`),
	patch("a widget by JSON patch", 200, in(widgets, "custom", "widgets/a"), jsonPatch, `[{"op": "add", "path": "/spec/parts", "value": [{"name": "x", "n": 1}]}]`),
	patch("apply a widget's part", 200, in(widgets, "custom", "widgets/a?fieldManager=one"), applyPatch, widget(`"name": "a"`, `"spec": {"parts": [{"name": "y", "n": 2}]}`)),
	patch("apply a widget's part in conflict", 409, in(widgets, "custom", "widgets/a?fieldManager=two"), applyPatch, widget(`"name": "a"`, `"spec": {"parts": [{"name": "y", "n": 3}]}`)),
	patch("a widget's status", 200, in(widgets, "custom", "widgets/a/status"), mergePatch, `{"spec": {"size": 99}, "status": {"replicas": 2}}`),
	patch("a widget's scale", 200, in(widgets, "custom", "widgets/a/scale"), mergePatch, `{"spec": {"replicas": 7}}`),
	get("a widget's scale, read", 200, in(widgets, "custom", "widgets/a/scale")),
	put("a widget from an old copy", 409, in(widgets, "custom", "widgets/a"), widget(`"name": "a", "resourceVersion": "$rv"`, `"spec": {"size": 6}`)),
	get("widgets, watched", 200, in(widgets, "custom", "widgets")+watch("resourceVersion=$rv"), events(3)),
	get("widgets, watched to the end of what is there", 200, in(widgets, "custom", "widgets")+watch(initialEvents), events(4)),
	get("OpenAPI of widgets", 200, "/openapi/v3/apis/custom.example.com/v1", once("mauve")),
	patch("a definition's status by its object", 200, definitions+"/widgets.custom.example.com", mergePatch, `{"status": {"storedVersions": ["v9"]}}`),
	post("a definition in an aggregated group", 201, definitions, object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `"name": "blunders.wardle.example.com"`, `"spec": {"group": "wardle.example.com", "scope": "Namespaced", "names": {"plural": "blunders", "kind": "Blunder"}, "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}`)),
	get("which the extension-apiserver hides", 404, in(wardle, "custom", "blunders")),
	del("which goes", 200, definitions+"/blunders.wardle.example.com", "", accept(asMetadata)),
	del("all widgets", 200, in(widgets, "custom", "widgets"), ""),
	del("the definition", 200, definitions+"/widgets.custom.example.com", "", accept(asMetadata)),
	get("no definition", 404, definitions+"/widgets.custom.example.com", once("")),
	get("no widgets", 404, in(widgets, "custom", "widgets"), once("")),
	get("no APIService", 404, apiServices+"/v1.custom.example.com", once("")),
	get("no group", 404, "/apis/custom.example.com", once("")),
}}
