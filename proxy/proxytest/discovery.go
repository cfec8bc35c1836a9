package proxytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AggregatedDiscovery is the media type of aggregated discovery.
const AggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// discoveryETag is constant because a backend's resources do not change.
const discoveryETag = `"discovery"`

func itoa(n int) string { return strconv.Itoa(n) }

// serveDiscovery answers requests for discovery, and reports whether a request was one.
func (b *Backend) serveDiscovery(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	group := "/apis/" + b.Options.Group
	version := strings.TrimPrefix(r.URL.Path, group+"/")
	switch {
	case r.URL.Path == "/apis" && !strings.Contains(r.Header.Get("Accept"), "g=apidiscovery.k8s.io;v=v2;"):
		writeJSON(w, "application/json", metav1.APIGroupList{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"},
			Groups:   []metav1.APIGroup{b.group()},
		})
	case r.URL.Path == "/apis" && r.Header.Get("If-None-Match") == discoveryETag:
		w.WriteHeader(http.StatusNotModified)
	case r.URL.Path == "/apis":
		w.Header().Set("ETag", discoveryETag)
		writeJSON(w, AggregatedDiscovery, b.aggregatedDiscovery())
	case r.URL.Path == group:
		document := b.group()
		document.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}
		writeJSON(w, "application/json", document)
	case slices.Contains(b.Options.Versions, version):
		writeJSON(w, "application/json", metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
			GroupVersion: b.Options.Group + "/" + version,
			APIResources: b.Options.Resources,
		})
	case strings.HasPrefix(r.URL.Path, "/openapi/"):
		http.NotFound(w, r)
	default:
		return false
	}
	return true
}

func (b *Backend) group() metav1.APIGroup {
	group := metav1.APIGroup{Name: b.Options.Group}
	for _, version := range b.Options.Versions {
		group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: b.Options.Group + "/" + version, Version: version})
	}
	group.PreferredVersion = group.Versions[0]
	return group
}

func (b *Backend) aggregatedDiscovery() apidiscoveryv2.APIGroupDiscoveryList {
	var resources []apidiscoveryv2.APIResourceDiscovery
	for _, r := range b.Options.Resources {
		scope := apidiscoveryv2.ScopeCluster
		if r.Namespaced {
			scope = apidiscoveryv2.ScopeNamespace
		}
		resources = append(resources, apidiscoveryv2.APIResourceDiscovery{
			Resource: r.Name, SingularResource: r.SingularName, Scope: scope, Verbs: r.Verbs,
			ResponseKind: &metav1.GroupVersionKind{Kind: r.Kind},
		})
	}
	group := apidiscoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: b.Options.Group}}
	for _, version := range b.Options.Versions {
		group.Versions = append(group.Versions, apidiscoveryv2.APIVersionDiscovery{
			Version: version, Resources: resources, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent,
		})
	}
	return apidiscoveryv2.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{APIVersion: "apidiscovery.k8s.io/v2", Kind: "APIGroupDiscoveryList"},
		Items:    []apidiscoveryv2.APIGroupDiscovery{group},
	}
}

func writeJSON(w http.ResponseWriter, contentType string, object any) {
	w.Header().Set("Content-Type", contentType)
	_ = json.NewEncoder(w).Encode(object) // the client may have closed the connection
}
