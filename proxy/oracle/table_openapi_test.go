package oracle

const openAPIv2Protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

// openAPI tests the merged OpenAPI document and that of each group version.
var openAPI = table{"openapi", []row{
	get("v2, of everything", 200, "/openapi/v2", once("/apis/wardle.example.com/v1alpha1/"), save("etag", "header:Etag")),
	get("v2, of everything, with the project's types", 200, "/openapi/v2", once("/apis/fruit.example.com/v1alpha1/"), save("etag", "header:Etag")),
	get("v2, unchanged", 304, "/openapi/v2", with("If-None-Match", "$etag")),
	get("v2, by another ETag", 200, "/openapi/v2", with("If-None-Match", `"other"`)),
	get("v2 as JSON", 200, "/openapi/v2", accept(asJSON)),
	get("v2 as protobuf", 200, "/openapi/v2", accept(openAPIv2Protobuf)),
	get("v2 as protobuf by its old name", 200, "/openapi/v2", accept("application/com.github.proto-openapi.spec.v2.v1.0+protobuf")),
	get("v2 as HTML", 406, "/openapi/v2", accept("text/html")),
	get("v2, compressed", 200, "/openapi/v2", with("Accept-Encoding", "gzip")),
	get("v2 for nobody in particular", 403, "/openapi/v2", as(anonymous)),
	get("v3's documents", 200, "/openapi/v3", once("apis/fruit.example.com/v1alpha1"),
		save("flunders", "paths apis/wardle.example.com/v1alpha1 serverRelativeURL"), save("apps", "paths apis/apps/v1 serverRelativeURL")),
	get("v3's documents with a slash", 404, "/openapi/v3/"),
	get("v3, of core", 200, "/openapi/v3/api/v1", save("etag", "header:Etag")),
	get("v3, of core, unchanged", 304, "/openapi/v3/api/v1", with("If-None-Match", "$etag")),
	get("v3, of a built-in group", 200, "/openapi/v3/apis/apps/v1"),
	get("v3, of a built-in group by its hash", 200, "$apps"),
	get("v3, of a built-in group by an old hash", 301, "/openapi/v3/apis/apps/v1?hash=OLD"),
	get("v3, of a built-in group as protobuf", 200, "/openapi/v3/apis/batch/v1", accept("application/com.github.proto-openapi.spec.v3@v1.0+protobuf")),
	get("v3, of the aggregation layer's own group", 200, "/openapi/v3/apis/apiregistration.k8s.io/v1"),
	get("v3, of CustomResourceDefinitions", 200, "/openapi/v3/apis/apiextensions.k8s.io/v1"),
	get("v3, of an aggregated version", 200, "/openapi/v3/apis/wardle.example.com/v1alpha1", save("etag", "header:Etag")),
	get("v3, of an aggregated version, unchanged", 304, "/openapi/v3/apis/wardle.example.com/v1alpha1", with("If-None-Match", "$etag")),
	get("v3, of an aggregated version by its hash", 200, "$flunders"),
	get("v3, of an aggregated version by an old hash, which redirects", 502, "/openapi/v3/apis/wardle.example.com/v1alpha1?hash=OLD"),
	get("v3, of an aggregated version as protobuf", 200, "/openapi/v3/apis/wardle.example.com/v1beta1", accept("application/com.github.proto-openapi.spec.v3@v1.0+protobuf")),
	get("v3, of a generated project", 200, "/openapi/v3/apis/fruit.example.com/v1alpha1"),
	get("v3, of paths that are no resources", 404, "/openapi/v3/logs"),
	get("v3, of one that is not", 404, "/openapi/v3/apis/nowhere.example.com/v1"),
	get("v3, of one that says nothing of itself", 404, "/openapi/v3/apis/echo.example.com/v1"),
	get("v3, of core as HTML", 406, "/openapi/v3/api/v1", accept("text/html")),
	get("v3, of core for someone", 200, "/openapi/v3/api/v1", as("anna")),
}}
