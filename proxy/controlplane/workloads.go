package controlplane

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/warning"
)

// neverRuns contains the resources that only nodes, or controllers that do not run here, would act on.
var neverRuns = sets.New(
	schema.GroupResource{Resource: "pods"}, schema.GroupResource{Resource: "replicationcontrollers"},
	schema.GroupResource{Group: "apps", Resource: "deployments"}, schema.GroupResource{Group: "apps", Resource: "replicasets"},
	schema.GroupResource{Group: "apps", Resource: "statefulsets"}, schema.GroupResource{Group: "apps", Resource: "daemonsets"},
	schema.GroupResource{Group: "batch", Resource: "jobs"}, schema.GroupResource{Group: "batch", Resource: "cronjobs"},
)

// warnOfWorkloads adds a warning to the response of a request that creates a workload. kubectl shows it.
func warnOfWorkloads(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := request.RequestInfoFrom(r.Context())
		if ok && info.Verb == "create" && info.Subresource == "" && neverRuns.Has(schema.GroupResource{Group: info.APIGroup, Resource: info.Resource}) {
			warning.AddWarning(r.Context(), "", info.Resource+" are stored here and never run: aggregation-proxy has no nodes")
		}
		next.ServeHTTP(w, r)
	})
}
