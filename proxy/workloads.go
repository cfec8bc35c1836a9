package proxy

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/warning"
)

// neverRuns is what a cluster's nodes, or controllers that this proxy doesn't have, would make something of.
var neverRuns = sets.New(
	schema.GroupResource{Resource: "pods"}, schema.GroupResource{Resource: "replicationcontrollers"},
	schema.GroupResource{Group: "apps", Resource: "deployments"}, schema.GroupResource{Group: "apps", Resource: "replicasets"},
	schema.GroupResource{Group: "apps", Resource: "statefulsets"}, schema.GroupResource{Group: "apps", Resource: "daemonsets"},
	schema.GroupResource{Group: "batch", Resource: "jobs"}, schema.GroupResource{Group: "batch", Resource: "cronjobs"},
)

// warnOfWorkloads tells who creates a workload that it is stored and will not run. kubectl shows it.
func warnOfWorkloads(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := request.RequestInfoFrom(r.Context())
		if ok && info.Verb == "create" && info.Subresource == "" && neverRuns.Has(schema.GroupResource{Group: info.APIGroup, Resource: info.Resource}) {
			warning.AddWarning(r.Context(), "", info.Resource+" are stored here and never run: aggregation-proxy has no nodes")
		}
		next.ServeHTTP(w, r)
	})
}
