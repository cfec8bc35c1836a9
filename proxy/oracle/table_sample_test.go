package oracle

import (
	"context"
	"net/http"
	"regexp"
	"strings"
)

// flunder2 returns a flunder of the newer version, and fischer an object of the kind that only the older version has.
func flunder2(metadata, rest string) string {
	return object("wardle.example.com/v1beta1", "Flunder", metadata, rest)
}

func fischer(metadata, rest string) string {
	return object("wardle.example.com/v1alpha1", "Fischer", metadata, rest)
}

// created returns rows that create a flunder and read it in both versions, with a name that becomes the object's.
func created(name, root, object string) []row {
	path := "flunders/" + name
	post := post(name, 201, in(root, "sample", "flunders"), object)
	return []row{post, get(name+", in v1alpha1", 200, in(wardle, "sample", path)), get(name+", in v1beta1", 200, in(wardle2, "sample", path))}
}

func older(name, spec string) []row {
	return created(name, wardle, flunder(`"name": "`+name+`"`, `"spec": {`+spec+`}`))
}

func newer(name, spec string) []row {
	return created(name, wardle2, flunder2(`"name": "`+name+`"`, `"spec": {`+spec+`}`))
}

// refused contains flunders that are not created.
func refused(name string, status int, root, spec string) row {
	make := flunder
	if root == wardle2 {
		make = flunder2
	}
	return post(name, status, in(root, "sample", "flunders?fieldValidation=Strict"), make(`"name": "refused"`, `"spec": {`+spec+`}`))
}

// described tests the documents of the group.
var described = table{"described", []row{
	get("the group", 200, "/apis/wardle.example.com"),
	get("v1alpha1", 200, wardle),
	get("v1beta1", 200, wardle2),
	get("a version that is not", 404, "/apis/wardle.example.com/v1"),
	get("v1alpha1 as protobuf", 200, wardle, accept(asProtobuf)),
	get("all groups", 200, "/apis", accept(discovery2), once(`"fischer"`)),
	openAPIOf("v1alpha1"),
	openAPIOf("v1beta1"),
}}

// converted tests flunders that are written in one version and read in the other.
var converted = table{"converted", join(
	[]row{namespace("sample")},
	older("nothing", ``),
	older("reference", `"reference": "a"`),
	older("flunder", `"reference": "a", "referenceType": "Flunder"`),
	older("fischer", `"reference": "a", "referenceType": "Fischer"`),
	older("no-type", `"reference": "a", "referenceType": ""`),
	older("null-type", `"reference": "a", "referenceType": null`),
	older("unknown-type", `"reference": "a", "referenceType": "Cod"`),
	newer("nothing-new", ``),
	newer("flunder-new", `"flunderReference": "a", "referenceType": "Flunder"`),
	newer("fischer-new", `"fischerReference": "a", "referenceType": "Fischer"`),
	[]row{
		get("the list in v1alpha1", 200, in(wardle, "sample", "flunders")),
		get("the list in v1beta1", 200, in(wardle2, "sample", "flunders")),
		get("a page in v1beta1", 200, in(wardle2, "sample", "flunders?limit=3"), save("continue", "metadata continue")),
		get("the next page in v1alpha1", 200, in(wardle, "sample", "flunders?limit=3&continue=$continue")),
		get("the Table in v1alpha1", 200, in(wardle, "sample", "flunders"), accept(asTable)),
		get("the Table in v1beta1", 200, in(wardle2, "sample", "flunders"), accept(asTable)),
		get("the Table in v1beta1 with objects", 200, in(wardle2, "sample", "flunders?includeObject=Object"), accept(asTable)),
		get("metadata in v1beta1", 200, in(wardle2, "sample", "flunders?limit=2"), accept(asMetaList)),
		get("all namespaces in v1beta1", 200, wardle2+"/flunders?fieldSelector=metadata.namespace%3Dsample,metadata.name%3Dfischer"),
		get("a field of v1beta1 that can't be selected", 400, in(wardle2, "sample", "flunders?fieldSelector=spec.flunderReference%3Da")),
		get("a watch in v1alpha1", 200, in(wardle, "sample", "flunders")+watch(initialEvents), events(11)),
		get("a watch in v1beta1", 200, in(wardle2, "sample", "flunders")+watch(initialEvents), events(11)),
		get("a watch of Tables in v1beta1", 200, in(wardle2, "sample", "flunders")+watch(initialEvents), events(11), accept(asTable)),
		post("one more, to watch from", 201, in(wardle, "sample", "flunders"), flunder(`"name": "watched"`, ""), save("rv", "metadata resourceVersion")),
		get("what happens in v1alpha1, in v1beta1", 200, in(wardle2, "sample", "flunders")+watch("resourceVersion=$rv"), events(3), during(
			post("meanwhile, one more", 201, in(wardle, "sample", "flunders"), flunder(`"name": "live"`, "")),
			patch("meanwhile, a change", 200, in(wardle, "sample", "flunders/live"), mergePatch, `{"spec": {"reference": "a"}}`),
			del("meanwhile, an end", 200, in(wardle, "sample", "flunders/live"), ""),
		)),
	},
)}

// validated tests invalid flunders, and unusual valid ones.
var validated = table{"validated", []row{
	refused("a type alone in v1alpha1", 422, wardle, `"referenceType": "Flunder"`),
	refused("the other type alone in v1alpha1", 422, wardle, `"referenceType": "Fischer"`),
	refused("a type alone in v1beta1", 422, wardle2, `"referenceType": "Flunder"`),
	refused("the other type alone in v1beta1", 422, wardle2, `"referenceType": "Fischer"`),
	refused("two references", 422, wardle2, `"flunderReference": "a", "fischerReference": "b"`),
	refused("two references and a type", 422, wardle2, `"flunderReference": "a", "fischerReference": "b", "referenceType": "Fischer"`),
	refused("two references and an unknown type", 422, wardle2, `"flunderReference": "a", "fischerReference": "b", "referenceType": "Cod"`),
	refused("a flunder without a type", 422, wardle2, `"flunderReference": "a"`),
	refused("a fischer without a type", 422, wardle2, `"fischerReference": "a"`),
	refused("a flunder of the other type", 422, wardle2, `"flunderReference": "a", "referenceType": "Fischer"`),
	refused("a fischer of the other type", 422, wardle2, `"fischerReference": "a", "referenceType": "Flunder"`),
	refused("an unknown type", 422, wardle2, `"referenceType": "Cod"`),
	refused("a flunder of an unknown type", 422, wardle2, `"flunderReference": "a", "referenceType": "Cod"`),
	refused("a field of the other version in v1alpha1", 400, wardle, `"flunderReference": "a"`),
	refused("a field of the other version in v1beta1", 400, wardle2, `"reference": "a"`),
	refused("a field twice", 400, wardle2, `"flunderReference": "a", "flunderReference": "a"`),
	refused("a number for a reference", 400, wardle2, `"flunderReference": 1`),
	refused("a list for a type", 400, wardle, `"referenceType": []`),
	post("a field of the other version, with a warning", 201, in(wardle2, "sample", "flunders?fieldValidation=Warn"), flunder2(`"name": "warned"`, `"spec": {"reference": "a"}`)),
	post("a label that is none", 422, in(wardle2, "sample", "flunders"), flunder2(`"name": "refused", "labels": {"a b": "c"}`, "")),
	post("an owner without a name", 422, in(wardle2, "sample", "flunders"), flunder2(`"name": "refused", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "uid": "u"}]`, "")),
	post("a name with a slash", 422, in(wardle2, "sample", "flunders"), flunder2(`"name": "a/b"`, "")),
	post("a name that is no domain name", 201, in(wardle2, "sample", "flunders?dryRun=All"), flunder2(`"name": "A_b"`, "")),
	post("a status", 201, in(wardle2, "sample", "flunders"), flunder2(`"name": "status"`, `"status": {}`)),
	put("a status by its own path", 404, in(wardle2, "sample", "flunders/status/status"), flunder2(`"name": "status"`, `"status": {}`)),
	post("a scale", 404, in(wardle2, "sample", "flunders/status/scale"), `{}`),
}}

// changed tests changes of flunders in both versions.
var changed = table{"changed", []row{
	post("a flunder", 201, in(wardle, "sample", "flunders"), flunder(`"name": "c"`, `"spec": {"reference": "a"}`), save("rv", "metadata resourceVersion")),
	put("in v1beta1", 200, in(wardle2, "sample", "flunders/c"), flunder2(`"name": "c", "resourceVersion": "$rv"`, `"spec": {"fischerReference": "b", "referenceType": "Fischer"}`), save("rv2", "metadata resourceVersion")),
	get("which reads so in v1alpha1", 200, in(wardle, "sample", "flunders/c")),
	put("in v1alpha1", 200, in(wardle, "sample", "flunders/c"), flunder(`"name": "c", "resourceVersion": "$rv2"`, `"spec": {"reference": "d"}`)),
	get("which reads so in v1beta1", 200, in(wardle2, "sample", "flunders/c")),
	put("from an old copy in v1beta1", 409, in(wardle2, "sample", "flunders/c"), flunder2(`"name": "c", "resourceVersion": "$rv"`, "")),
	put("without a version in v1beta1", 422, in(wardle2, "sample", "flunders/c"), flunder2(`"name": "c"`, "")),
	put("by an object of the other version", 400, in(wardle2, "sample", "flunders/c"), flunder(`"name": "c", "resourceVersion": "$rv"`, "")),
	put("what is not", 404, in(wardle2, "sample", "flunders/nowhere"), flunder2(`"name": "nowhere", "resourceVersion": "$rv"`, "")),
	patch("JSON patch in v1beta1", 200, in(wardle2, "sample", "flunders/c"), jsonPatch, `[{"op": "test", "path": "/spec/flunderReference", "value": "d"}, {"op": "replace", "path": "/spec/flunderReference", "value": "e"}]`),
	patch("JSON patch of a field of v1alpha1 in v1beta1", 200, in(wardle2, "sample", "flunders/c"), jsonPatch, `[{"op": "replace", "path": "/spec/reference", "value": "e"}]`),
	patch("merge patch in v1beta1", 200, in(wardle2, "sample", "flunders/c"), mergePatch, `{"spec": {"flunderReference": "f"}}`),
	patch("merge patch of a type in v1alpha1", 200, in(wardle, "sample", "flunders/c"), mergePatch, `{"spec": {"referenceType": "Fischer"}}`),
	get("which takes the reference along", 200, in(wardle2, "sample", "flunders/c")),
	patch("merge patch that removes the type in v1alpha1", 200, in(wardle, "sample", "flunders/c"), mergePatch, `{"spec": {"referenceType": null}}`),
	patch("strategic merge patch in v1beta1", 200, in(wardle2, "sample", "flunders/c"), strategic, `{"spec": {"flunderReference": "g"}}`),
	patch("merge patch of nothing in v1beta1", 200, in(wardle2, "sample", "flunders/c"), mergePatch, `{}`),
	patch("merge patch only to try in v1beta1", 200, in(wardle2, "sample", "flunders/c?dryRun=All"), mergePatch, `{"spec": {"flunderReference": "h"}}`),
	patch("merge patch that is not valid, which is not looked at", 200, in(wardle2, "sample", "flunders/c"), mergePatch, `{"spec": {"referenceType": "Cod"}}`),
	get("what it reads as afterwards", 200, in(wardle2, "sample", "flunders/c")),
	get("what it reads as afterwards, in v1alpha1", 200, in(wardle, "sample", "flunders/c")),
	patch("apply in v1alpha1", 201, in(wardle, "sample", "flunders/applied?fieldManager=one"), applyPatch, flunder(`"name": "applied"`, `"spec": {"reference": "x"}`)),
	patch("apply the same in v1beta1", 200, in(wardle2, "sample", "flunders/applied?fieldManager=one"), applyPatch, flunder2(`"name": "applied"`, `"spec": {"flunderReference": "x", "referenceType": "Flunder"}`)),
	patch("apply a label in v1alpha1", 200, in(wardle, "sample", "flunders/applied?fieldManager=two"), applyPatch, flunder(`"name": "applied", "labels": {"a": "b"}`, "")),
	patch("apply in conflict in v1beta1", 409, in(wardle2, "sample", "flunders/applied?fieldManager=two"), applyPatch, flunder2(`"name": "applied"`, `"spec": {"flunderReference": "y"}`)),
	patch("apply by force in v1beta1", 200, in(wardle2, "sample", "flunders/applied?fieldManager=two&force=true"), applyPatch, flunder2(`"name": "applied"`, `"spec": {"flunderReference": "y"}`)),
	patch("apply less in v1beta1", 200, in(wardle2, "sample", "flunders/applied?fieldManager=two"), applyPatch, flunder2(`"name": "applied"`, "")),
	patch("apply in conflict across versions", 409, in(wardle, "sample", "flunders/applied?fieldManager=three"), applyPatch, flunder(`"name": "applied"`, `"spec": {"referenceType": "Fischer"}`)),
	patch("apply by force across versions", 200, in(wardle, "sample", "flunders/applied?fieldManager=three&force=true"), applyPatch, flunder(`"name": "applied"`, `"spec": {"referenceType": "Fischer"}`)),
	get("what was applied, in v1beta1", 200, in(wardle2, "sample", "flunders/applied")),
	patch("apply an unknown field in v1beta1", 500, in(wardle2, "sample", "flunders/applied?fieldManager=one"), applyPatch, flunder2(`"name": "applied"`, `"spec": {"reference": "x"}`)),
	patch("apply only to try in v1beta1", 201, in(wardle2, "sample", "flunders/tried?fieldManager=one&dryRun=All"), applyPatch, flunder2(`"name": "tried"`, "")),
	get("which is not there", 404, in(wardle2, "sample", "flunders/tried")),
	patch("apply by way of the other version's path", 400, in(wardle2, "sample", "flunders/applied?fieldManager=one"), applyPatch, flunder(`"name": "applied"`, "")),
	del("the end in v1beta1, only to try", 200, in(wardle2, "sample", "flunders/c?dryRun=All"), ""),
	del("the end of an old version in v1beta1", 409, in(wardle2, "sample", "flunders/c"), `{"preconditions": {"resourceVersion": "1"}}`),
	del("the end in v1beta1", 200, in(wardle2, "sample", "flunders/c"), ""),
	del("the end of what is gone", 404, in(wardle2, "sample", "flunders/c"), ""),
	del("the ends of some in v1alpha1", 200, in(wardle, "sample", "flunders?labelSelector=a%3Db"), ""),
	del("the ends of all in v1beta1, only to try", 200, in(wardle2, "sample", "flunders?dryRun=All"), ""),
	del("the ends of all in v1beta1", 200, in(wardle2, "sample", "flunders"), ""),
	get("nothing is left", 200, in(wardle, "sample", "flunders")),
	get("what happened, in v1beta1", 200, in(wardle2, "sample", "flunders")+watch("resourceVersion=$rv"), events(3)),
}}

// unscoped tests fischers, which are cluster-scoped and exist in one version.
var unscoped = table{"fischers", []row{
	post("a fischer", 201, wardle+"/fischers", fischer(`"name": "a", "labels": {"color": "red"}`, `"disallowedFlunders": ["x", "y"]`), save("rv", "metadata resourceVersion")),
	post("a fischer that is there", 409, wardle+"/fischers", fischer(`"name": "a"`, "")),
	post("a fischer with a name to be made", 201, wardle+"/fischers", fischer(`"generateName": "gen-"`, "")),
	post("a fischer with an empty list", 201, wardle+"/fischers", fischer(`"name": "empty"`, `"disallowedFlunders": []`)),
	post("a fischer with a name that is too long", 201, wardle+"/fischers?dryRun=All", fischer(`"name": "`+strings.Repeat("a", 254)+`"`, "")),
	post("a fischer with a spec", 400, wardle+"/fischers?fieldValidation=Strict", fischer(`"name": "b"`, `"spec": {}`)),
	post("a fischer with numbers", 400, wardle+"/fischers", fischer(`"name": "b"`, `"disallowedFlunders": [1]`)),
	post("a fischer only to try", 201, wardle+"/fischers?dryRun=All", fischer(`"name": "b"`, "")),
	post("a fischer in a namespace", 404, in(wardle, "sample", "fischers"), fischer(`"name": "b"`, "")),
	post("a fischer that says a namespace", 201, wardle+"/fischers?dryRun=All", fischer(`"name": "b", "namespace": "sample"`, "")),
	post("a fischer in v1beta1", 404, wardle2+"/fischers", object("wardle.example.com/v1beta1", "Fischer", `"name": "b"`, "")),
	get("a fischer there", 200, wardle+"/fischers/a"),
	get("a fischer that is not in v1beta1", 404, wardle2+"/fischers/a"),
	get("all fischers", 200, wardle+"/fischers"),
	get("fischers by label", 200, wardle+"/fischers?labelSelector=color%3Dred"),
	get("fischers by name", 200, wardle+"/fischers?fieldSelector=metadata.name%3Da"),
	get("fischers by namespace", 200, wardle+"/fischers?fieldSelector=metadata.namespace%3Da"),
	get("a page of fischers", 200, wardle+"/fischers?limit=1"),
	get("fischers as a Table", 200, wardle+"/fischers", accept(asTable)),
	get("a fischer's metadata", 200, wardle+"/fischers/a", accept(asMetadata)),
	get("a fischer as YAML", 200, wardle+"/fischers/a", accept(asYAML)),
	put("a fischer replaced", 200, wardle+"/fischers/a", fischer(`"name": "a", "resourceVersion": "$rv"`, `"disallowedFlunders": ["x"]`)),
	put("a fischer from an old copy", 409, wardle+"/fischers/a", fischer(`"name": "a", "resourceVersion": "$rv"`, "")),
	patch("a fischer by JSON patch", 200, wardle+"/fischers/a", jsonPatch, `[{"op": "add", "path": "/disallowedFlunders/-", "value": "z"}]`),
	patch("a fischer by merge patch", 200, wardle+"/fischers/a", mergePatch, `{"disallowedFlunders": ["m"]}`),
	patch("a fischer by strategic merge patch", 200, wardle+"/fischers/a", strategic, `{"disallowedFlunders": ["s"]}`),
	patch("a fischer applied", 201, wardle+"/fischers/applied?fieldManager=one", applyPatch, fischer(`"name": "applied"`, `"disallowedFlunders": ["x"]`)),
	patch("a fischer applied in conflict", 409, wardle+"/fischers/applied?fieldManager=two", applyPatch, fischer(`"name": "applied"`, `"disallowedFlunders": ["y"]`)),
	patch("a fischer applied by force", 200, wardle+"/fischers/applied?fieldManager=two&force=true", applyPatch, fischer(`"name": "applied"`, `"disallowedFlunders": ["y"]`)),
	get("events of fischers", 200, wardle+"/fischers"+watch("resourceVersion=$rv"), events(4)),
	get("fischers for someone without rights", 403, wardle+"/fischers", as("anna")),
	get("fischers for nobody in particular", 403, wardle+"/fischers", as(anonymous)),
	del("a fischer's end", 200, wardle+"/fischers/a", ""),
	del("all fischers' ends", 200, wardle+"/fischers", ""),
	get("no fischers", 200, wardle+"/fischers"),
}}

// openAPIOf returns a version's document without the texts that differ between servers: its title, names of Go packages, and
// descriptions.
func openAPIOf(version string) row {
	document := get("OpenAPI of "+version, 200, "/openapi/v3/apis/wardle.example.com/"+version)
	out := document
	out.until = func(got response) bool { return got.status == http.StatusOK } // it takes a while to be read
	out.send = func(ctx context.Context, s *side, _ row) (response, error) {
		got, err := s.once(ctx, document)
		got.header.Del("Etag")
		got.body = ownWords.ReplaceAll(got.body, nil)
		return got, err
	}
	return out
}

var ownWords = regexp.MustCompile(`"info":\{[^}]*\},|io\.k8s\.sample-apiserver\.pkg\.apis\.|com\.example\.|"description":"([^"\\]|\\.)*",?`)

func join(rows ...[]row) (all []row) {
	for _, some := range rows {
		all = append(all, some...)
	}
	return all
}
