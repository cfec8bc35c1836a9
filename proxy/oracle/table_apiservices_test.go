package oracle

import "fmt"

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices"

// apiService returns an APIService of GROUP/v1 with a Service in namespace apiservices, and more fields of its spec.
func apiService(group, service, rest string) string {
	return object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.`+group+`"`,
		fmt.Sprintf(`"spec": {"group": %q, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "service": {"namespace": "apiservices", %s}%s}`, group, service, rest))
}

const insecure = `, "insecureSkipTLSVerify": true`

// registration tests valid and invalid APIServices, and their availability.
var registration = table{"apiservices", []row{
	namespace("apiservices"),
	post("a name that is not version.group", 422, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "other"`, `"spec": {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "service": {"namespace": "a", "name": "b"}, "insecureSkipTLSVerify": true}`)),
	post("no priorities", 422, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.a.example.com"`, `"spec": {"group": "a.example.com", "version": "v1", "insecureSkipTLSVerify": true, "service": {"namespace": "a", "name": "b"}}`)),
	post("priorities that are too high", 422, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.a.example.com"`, `"spec": {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 20001, "versionPriority": 1001, "insecureSkipTLSVerify": true, "service": {"namespace": "a", "name": "b"}}`)),
	post("no spec", 422, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.a.example.com"`, "")),
	post("an authority and none", 422, apiServices, apiService("a.example.com", `"name": "b"`, insecure+`, "caBundle": "$ca"`)),
	post("an authority that is none", 201, apiServices+"?dryRun=All", apiService("a.example.com", `"name": "b"`, `, "caBundle": "bm9uZQ=="`)),
	post("an authority that is not base64", 400, apiServices, apiService("a.example.com", `"name": "b"`, `, "caBundle": "%%"`)),
	post("a port that is none", 422, apiServices, apiService("a.example.com", `"name": "b", "port": 70000`, insecure)),
	post("a Service without a name", 422, apiServices, apiService("a.example.com", `"name": ""`, insecure)),
	post("no Service, with an authority", 422, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.a.example.com"`, `"spec": {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "caBundle": "$ca"}`)),
	post("a group in capitals", 422, apiServices, apiService("A.example.com", `"name": "b"`, insecure)),
	post("a status from the start", 201, apiServices+"?dryRun=All", object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.a.example.com"`, `"spec": {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}, "status": {"conditions": [{"type": "Available", "status": "True"}]}`)),
	post("an APIService, as protobuf it is not", 400, apiServices, apiService("a.example.com", `"name": "b"`, insecure), content(asProtobuf)),
	post("an APIService without rights", 403, apiServices, apiService("a.example.com", `"name": "b"`, insecure), as("anna")),

	post("a Service that is not", 201, apiServices, apiService("missing.example.com", `"name": "missing"`, insecure)),
	get("is why it is not available", 200, apiServices+"/v1.missing.example.com", once("ServiceNotFound")),
	get("as kubectl shows it", 200, apiServices+"/v1.missing.example.com", accept(asTable)),
	get("its resources", 503, "/apis/missing.example.com/v1/things"),
	get("its version", 503, "/apis/missing.example.com/v1"),
	get("its group", 200, "/apis/missing.example.com"),
	get("its group with a slash", 200, "/apis/missing.example.com/"),
	get("something else of its group", 404, "/apis/missing.example.com/v2"),
	get("its resources for nobody in particular", 403, "/apis/missing.example.com/v1/things", as(anonymous)),
	post("something new of it", 503, "/apis/missing.example.com/v1/things", "{}"),
	get("its group in discovery", 200, "/apis", accept(discovery2), once("missing.example.com")),
	get("its group in discovery, one by one", 200, "/apis", once("missing.example.com")),
	post("the Service, with no endpoints", 201, in(core, "apiservices", "services"), object("v1", "Service", `"name": "missing"`, `"spec": {"ports": [{"port": 443}]}`)),
	get("is why it is not available then", 200, apiServices+"/v1.missing.example.com", once("EndpointsNotFound")),
	get("its resources then", 503, "/apis/missing.example.com/v1/things"),
	post("an EndpointSlice without endpoints", 201, in("/apis/discovery.k8s.io/v1", "apiservices", "endpointslices"), object("discovery.k8s.io/v1", "EndpointSlice", `"name": "missing-1", "labels": {"kubernetes.io/service-name": "missing"}`, `"addressType": "IPv4", "endpoints": [], "ports": [{"port": 443}]`)),
	get("is why it is not available even so", 200, apiServices+"/v1.missing.example.com", once("MissingEndpoints")),
	del("the EndpointSlice", 200, in("/apis/discovery.k8s.io/v1", "apiservices", "endpointslices/missing-1"), ""),
	post("Endpoints, to be mirrored", 201, in(core, "apiservices", "endpoints"), object("v1", "Endpoints", `"name": "missing"`, `"subsets": [{"notReadyAddresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 443}]}]`)),
	get("in an EndpointSlice", 200, in("/apis/discovery.k8s.io/v1", "apiservices", "endpointslices?labelSelector=kubernetes.io/service-name%3Dmissing"), once("192.0.2.1")),
	get("which is not ready", 200, apiServices+"/v1.missing.example.com", once("MissingEndpoints")),
	patch("another port", 200, apiServices+"/v1.missing.example.com", mergePatch, `{"spec": {"service": {"port": 8443}}}`),
	get("which the Service has not", 200, apiServices+"/v1.missing.example.com", once("ServicePortError")),
	del("it", 200, apiServices+"/v1.missing.example.com", ""),
	get("nothing", 404, "/apis/missing.example.com/v1/things", once("")),
	get("no group", 404, "/apis/missing.example.com", once("")),

	post("a Service on this machine", 201, in(core, "apiservices", "services"), object("v1", "Service", `"name": "local"`, `"spec": {"type": "ExternalName", "externalName": "localhost"}`)),
	post("a server that nobody has started", 201, apiServices, apiService("refused.example.com", `"name": "local", "port": 1`, insecure)),
	get("is why it is not available there", 200, apiServices+"/v1.refused.example.com", once("FailedDiscoveryCheck")),
	get("its things", 503, "/apis/refused.example.com/v1/things"),
	post("a server of another name", 201, apiServices, apiService("named.example.com", `"name": "local", "port": $port`, `, "caBundle": "$ca"`)),
	get("which its certificate is not for", 200, apiServices+"/v1.named.example.com", once("FailedDiscoveryCheck")),
	post("a server of another authority", 201, apiServices, apiService("unknown.example.com", `"name": "local", "port": $port`, "")),
	get("which nobody knows", 200, apiServices+"/v1.unknown.example.com", once("FailedDiscoveryCheck")),
	post("a server that serves another group", 201, apiServices, apiService("other.example.com", `"name": "local", "port": $port`, insecure)),
	get("which is a server", 200, apiServices+"/v1.other.example.com", once(`"Passed"`)),
	get("and echoes", 200, "/apis/other.example.com/v1/namespaces/x/things/y", once("other.example.com")),
	patch("trust instead of none", 200, apiServices+"/v1.other.example.com", mergePatch, `{"spec": {"insecureSkipTLSVerify": null, "caBundle": "$ca"}}`),
	get("which is not enough", 200, apiServices+"/v1.other.example.com", once("FailedDiscoveryCheck")),
	patch("a version's priority", 200, apiServices+"/v1.other.example.com", mergePatch, `{"spec": {"versionPriority": 20}}`),
	patch("another group", 422, apiServices+"/v1.other.example.com", mergePatch, `{"spec": {"group": "else.example.com"}}`),
	patch("a status, through the status", 200, apiServices+"/v1.other.example.com/status", mergePatch, `{"metadata": {"labels": {"ignored": "yes"}}}`),
	patch("a status, through the object", 200, apiServices+"/v1.other.example.com", mergePatch, `{"status": null}`),
	post("a group of nobody's", 201, apiServices, object("apiregistration.k8s.io/v1", "APIService", `"name": "v1.nobody.example.com"`, `"spec": {"group": "nobody.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}`)),
	get("is local, and so available", 200, apiServices+"/v1.nobody.example.com", once(`"Local"`)),
	get("its things, of which there are none", 404, "/apis/nobody.example.com/v1/things"),
	del("an APIService of the control plane's own", 200, apiServices+"/v1.node.k8s.io", ""),
	get("which is back after the next start", 404, apiServices+"/v1.node.k8s.io"),
	get("and whose resources are served all the same", 200, "/apis/node.k8s.io/v1/runtimeclasses"),
	get("all in the order of their priorities", 200, "/apis", once("nobody.example.com")),
	del("all that this table made", 200, apiServices+"?labelSelector=!kube-aggregator.kubernetes.io/automanaged&fieldSelector=metadata.name!%3Dv1.echo.example.com,metadata.name!%3Dv1alpha1.wardle.example.com,metadata.name!%3Dv1beta1.wardle.example.com,metadata.name!%3Dv1alpha1.fruit.example.com,metadata.name!%3Dv1beta1.fruit.example.com", "", accept(asMetaList)),
}}
