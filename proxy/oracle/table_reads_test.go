package oracle

import "fmt"

// The paths of the kinds that the rows use.
const (
	core    = "/api/v1"
	wardle  = "/apis/wardle.example.com/v1alpha1"
	wardle2 = "/apis/wardle.example.com/v1beta1"
	fruit   = "/apis/fruit.example.com/v1alpha1"
)

// in returns the path of a namespaced resource or object.
func in(root, namespace, rest string) string { return root + "/namespaces/" + namespace + "/" + rest }

// object returns a JSON object with the fields after its kind and name.
func object(apiVersion, kind, metadata, rest string) string {
	if rest != "" {
		rest = ", " + rest
	}
	return fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {%s}%s}`, apiVersion, kind, metadata, rest)
}

func flunder(metadata, rest string) string {
	return object("wardle.example.com/v1alpha1", "Flunder", metadata, rest)
}

func apple(metadata, rest string) string {
	return object("fruit.example.com/v1alpha1", "Apple", metadata, rest)
}

// readyAt returns the status of an apple with the condition Ready for a generation.
func readyAt(generation int) string {
	return fmt.Sprintf(`{"conditions": [{"type": "Ready", "status": "True", "reason": "Good", "message": "", "observedGeneration": %d, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}`, generation)
}

func configMap(metadata, rest string) string { return object("v1", "ConfigMap", metadata, rest) }

// namespace returns a row that creates a namespace for a table.
func namespace(name string) row {
	return post("namespace "+name, 201, core+"/namespaces", object("v1", "Namespace", `"name": "`+name+`"`, ""))
}

// reads tests reads of single objects, in all representations.
var reads = table{"reads", []row{
	namespace("reads"),
	post("a flunder to read", 201, in(wardle, "reads", "flunders"), flunder(`"name": "a", "labels": {"color": "red"}, "annotations": {"note": "x"}`, `"spec": {"reference": "b"}`)),
	post("an apple to read", 201, in(fruit, "reads", "apples"), apple(`"name": "a"`, `"spec": {"variety": "Hello"}`)),
	post("an orchard to read", 201, fruit+"/orchards", object("fruit.example.com/v1alpha1", "Orchard", `"name": "reads"`, "")),
	post("a ConfigMap to read", 201, in(core, "reads", "configmaps"), configMap(`"name": "a"`, `"data": {"k": "v"}`)),
	get("a flunder", 200, in(wardle, "reads", "flunders/a")),
	get("a flunder over HTTP/1.1", 200, in(wardle, "reads", "flunders/a"), http1),
	get("a flunder in the other version", 200, in(wardle2, "reads", "flunders/a")),
	get("a flunder, accepting anything", 200, in(wardle, "reads", "flunders/a"), accept("*/*")),
	get("a flunder as JSON with parameters", 200, in(wardle, "reads", "flunders/a"), accept("application/json; charset=utf-8")),
	get("a flunder as YAML", 200, in(wardle, "reads", "flunders/a"), accept(asYAML)),
	get("a flunder as protobuf, which it has not", 406, in(wardle, "reads", "flunders/a"), accept(asProtobuf)),
	get("a flunder as protobuf or else JSON", 406, in(wardle, "reads", "flunders/a"), accept(asProtobuf+","+asJSON)),
	get("a flunder as CBOR", 406, in(wardle, "reads", "flunders/a"), accept(asCBOR)),
	get("a flunder as HTML", 406, in(wardle, "reads", "flunders/a"), accept("text/html")),
	get("a flunder as JSON in lines", 200, in(wardle, "reads", "flunders/a?pretty=true")),
	get("a flunder for a browser", 200, in(wardle, "reads", "flunders/a"), with("User-Agent", "Mozilla/5.0")),
	get("a flunder as a Table", 200, in(wardle, "reads", "flunders/a"), accept(asTable)),
	get("a flunder as a Table or else JSON, as kubectl asks", 200, in(wardle, "reads", "flunders/a"), accept(asTable+",application/json;as=Table;v=v1beta1;g=meta.k8s.io,"+asJSON)),
	get("a flunder as a Table with the object", 200, in(wardle, "reads", "flunders/a?includeObject=Object"), accept(asTable)),
	get("a flunder as a Table with nothing", 200, in(wardle, "reads", "flunders/a?includeObject=None"), accept(asTable)),
	get("a flunder as a Table with something else", 400, in(wardle, "reads", "flunders/a?includeObject=Some"), accept(asTable)),
	get("a flunder's metadata", 200, in(wardle, "reads", "flunders/a"), accept(asMetadata)),
	get("a flunder's metadata as protobuf", 200, in(wardle, "reads", "flunders/a"), accept("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")),
	get("a flunder as something else", 406, in(wardle, "reads", "flunders/a"), accept("application/json;as=Other;v=v1;g=meta.k8s.io")),
	get("a flunder from the cache", 200, in(wardle, "reads", "flunders/a?resourceVersion=0")),
	get("a flunder of a version that is no number", 500, in(wardle, "reads", "flunders/a?resourceVersion=new")),
	get("a flunder with a slash", 200, in(wardle, "reads", "flunders/a/")),
	get("a flunder with an unknown parameter", 200, in(wardle, "reads", "flunders/a?what=ever&what=else")),
	get("a flunder, compressed", 200, in(wardle, "reads", "flunders/a"), with("Accept-Encoding", "gzip")),
	get("a flunder's status, which it has not", 404, in(wardle, "reads", "flunders/a/status")),
	get("a flunder that is not", 404, in(wardle, "reads", "flunders/b")),
	get("a flunder in a namespace that is not", 404, in(wardle, "nowhere", "flunders/a")),
	get("a kind that is not", 404, in(wardle, "reads", "blunders/a")),
	get("a flunder without a namespace", 404, wardle+"/flunders/a"),
	get("a flunder by an escaped path", 200, "/apis/wardle.example.com/v1alpha1/namespaces/reads/flunders/%61"),
	get("a flunder by doubled slashes", 404, "/apis//wardle.example.com/v1alpha1/namespaces/reads/flunders/a"),
	get("a flunder by dots in the path", 404, "/apis/wardle.example.com/v1alpha1/../v1alpha1/namespaces/reads/flunders/a"),
	request("HEAD", "a flunder's head", 405, in(wardle, "reads", "flunders/a"), "", nil),
	request("OPTIONS", "a flunder's options", 405, in(wardle, "reads", "flunders/a"), "", nil),
	request("BREW", "a method that is not", 405, in(wardle, "reads", "flunders/a"), "", nil),
	get("an apple", 200, in(fruit, "reads", "apples/a")),
	get("an apple's status", 200, in(fruit, "reads", "apples/a/status")),
	get("an apple as a Table", 200, in(fruit, "reads", "apples/a"), accept(asTable)),
	get("an apple as YAML", 200, in(fruit, "reads", "apples/a"), accept(asYAML)),
	get("an apple as protobuf or else JSON", 200, in(fruit, "reads", "apples/a"), accept(asProtobuf+","+asJSON)),
	get("an apple's metadata as protobuf", 406, in(fruit, "reads", "apples/a"), accept("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")),
	get("an orchard", 200, fruit+"/orchards/reads"),
	get("an orchard in a namespace", 404, in(fruit, "reads", "orchards/reads")),
	get("a ConfigMap", 200, in(core, "reads", "configmaps/a")),
	get("a ConfigMap as protobuf", 200, in(core, "reads", "configmaps/a"), accept(asProtobuf)),
	get("a ConfigMap as CBOR", 406, in(core, "reads", "configmaps/a"), accept(asCBOR)),
	get("a ConfigMap as YAML", 200, in(core, "reads", "configmaps/a"), accept(asYAML)),
	get("a ConfigMap as a Table", 200, in(core, "reads", "configmaps/a"), accept(asTable)),
	get("a ConfigMap as a Table in protobuf", 406, in(core, "reads", "configmaps/a"), accept("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io")),
	get("a ConfigMap's metadata", 200, in(core, "reads", "configmaps/a"), accept(asMetadata)),
	get("a ConfigMap that is not", 404, in(core, "reads", "configmaps/b")),
	get("an APIService", 200, "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com"),
	get("an APIService's status", 200, "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com/status"),
	get("an APIService as a Table", 200, "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com", accept(asTable)),
	get("an APIService as protobuf", 200, "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com", accept(asProtobuf)),
	get("an APIService of the control plane itself", 200, "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps"),
}}
