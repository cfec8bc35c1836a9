package oracle

import "net/url"

// watch returns the query of a watch with escaped parameters.
func watch(parameters string) string { return "?watch=true&" + parameters }

const initialEvents = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

// watches tests events since a resource version, of existing objects, and of changes.
var watches = table{"watches", []row{
	namespace("watches"),
	post("a flunder", 201, in(wardle, "watches", "flunders"), flunder(`"name": "a", "labels": {"color": "red"}`, ""), save("rv", "metadata resourceVersion")),
	post("another", 201, in(wardle, "watches", "flunders"), flunder(`"name": "b"`, ""), save("rv2", "metadata resourceVersion")),
	patch("a change", 200, in(wardle, "watches", "flunders/a"), mergePatch, `{"metadata": {"labels": {"color": "blue"}}}`),
	del("an end", 200, in(wardle, "watches", "flunders/b"), ""),
	get("everything since a version", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv"), events(3)),
	get("everything since a version, over HTTP/1.1", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv"), events(3), http1),
	get("one flunder's events", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&fieldSelector=metadata.name%3Da"), events(1)),
	get("events of what gets a label", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&labelSelector=color%3Dblue"), events(1)),
	get("events of what loses a label", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&labelSelector=color%3Dred"), events(1)),
	get("events of all namespaces", 200, wardle+"/flunders"+watch("resourceVersion=$rv2"), events(2)),
	get("events in the other version", 200, in(wardle2, "watches", "flunders")+watch("resourceVersion=$rv"), events(3)),
	get("events as Tables", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv"), events(3), accept(asTable)),
	get("events of metadata", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv"), events(3), accept(asMetadata)),
	get("events as YAML", 406, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&timeoutSeconds=1"), accept(asYAML)),
	get("events as protobuf", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&timeoutSeconds=3"), accept(asProtobuf)),
	get("events as CBOR", 406, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv&timeoutSeconds=1"), accept("application/cbor-seq")),
	get("events as a stream of JSON", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv"), events(1), accept("application/json;stream=watch")),
	get("what is there", 200, in(wardle, "watches", "flunders")+watch(""), events(1)),
	get("what is there, from the cache", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=0"), events(1)),
	get("what is there, to its end", 200, in(wardle, "watches", "flunders")+watch(initialEvents), events(2)),
	get("what is there as metadata, to its end", 200, in(wardle, "watches", "flunders")+watch(initialEvents), events(2), accept(asMetadata)),
	get("what is there as Tables, to its end", 200, in(wardle, "watches", "flunders")+watch(initialEvents), events(2), accept(asTable)),
	get("what is there in an empty namespace, to its end", 200, in(wardle, "nowhere", "flunders")+watch(initialEvents), events(1)),
	get("initial events of any version", 422, in(wardle, "watches", "flunders")+watch("sendInitialEvents=true&allowWatchBookmarks=true")),
	get("initial events of exactly a version", 422, in(wardle, "watches", "flunders")+watch("sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=$rv&allowWatchBookmarks=true")),
	get("initial events without bookmarks", 200, in(wardle, "watches", "flunders")+watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=3")),
	get("a match without initial events", 422, in(wardle, "watches", "flunders")+watch("resourceVersionMatch=NotOlderThan&resourceVersion=$rv")),
	get("a version that is no number", 500, in(wardle, "watches", "flunders")+watch("resourceVersion=new")),
	get("a version of long ago", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=1&timeoutSeconds=2")),
	get("nothing for a second, and the end", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=$rv2&fieldSelector=metadata.name%3Dnowhere&timeoutSeconds=1")),
	get("a timeout that is no number", 400, in(wardle, "watches", "flunders")+watch("timeoutSeconds=long")),
	get("a watch that is neither true nor false", 200, in(wardle, "watches", "flunders")+"?watch=perhaps&timeoutSeconds=1", events(1)),
	get("what happens meanwhile", 200, in(wardle, "watches", "flunders")+watch("resourceVersion=0"), events(4), during(
		post("meanwhile, one more", 201, in(wardle, "watches", "flunders"), flunder(`"name": "live"`, "")),
		patch("meanwhile, a change", 200, in(wardle, "watches", "flunders/live"), mergePatch, `{"spec": {"reference": "a"}}`),
		del("meanwhile, an end", 200, in(wardle, "watches", "flunders/live"), ""),
	)),
	get("what happens to an apple meanwhile", 200, in(fruit, "watches", "apples")+watch("resourceVersion=0"), events(3), during(
		post("meanwhile, an apple", 201, in(fruit, "watches", "apples"), apple(`"name": "live"`, `"spec": {"variety": "Gala"}`)),
		patch("meanwhile, its status", 200, in(fruit, "watches", "apples/live/status"), mergePatch, `{"status": `+readyAt(1)+`}`),
		del("meanwhile, no apple", 200, in(fruit, "watches", "apples/live"), ""),
	)),
	get("apples, to the end of what is there", 200, in(fruit, "watches", "apples")+watch(initialEvents), events(1)),
	post("a ConfigMap", 201, in(core, "watches", "configmaps"), configMap(`"name": "a"`, ""), save("rv", "metadata resourceVersion")),
	del("its end", 200, in(core, "watches", "configmaps/a"), ""),
	get("a ConfigMap's end", 200, in(core, "watches", "configmaps")+watch("resourceVersion=$rv&fieldSelector=metadata.name%3Da"), events(1)),
	get("a ConfigMap's end by the old path", 200, "/api/v1/watch/namespaces/watches/configmaps/a?resourceVersion=$rv", events(1)),
	get("an aggregated kind by the old path", 200, "/apis/wardle.example.com/v1alpha1/watch/namespaces/watches/flunders?resourceVersion=0", events(1)),
	get("ConfigMaps, to the end of what is there", 200, in(core, "watches", "configmaps")+watch(initialEvents+"&fieldSelector="+url.QueryEscape("metadata.name=none")), events(1)),
	get("APIServices that change", 200, "/apis/apiregistration.k8s.io/v1/apiservices"+watch(initialEvents+"&fieldSelector=metadata.name%3Dv1.apps"), events(2)),
	get("a watch without rights", 403, in(wardle, "watches", "flunders")+watch(""), as("anna")),
	post("a watch by POST", 201, in(wardle, "watches", "flunders")+watch(""), flunder(`"name": "posted"`, "")),
	get("a watch of what is no resource", 404, in(wardle, "watches", "blunders")+watch("")),
}}
