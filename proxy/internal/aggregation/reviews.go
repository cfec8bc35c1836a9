package aggregation

import (
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/klog/v2"
)

// slowReview is the duration from which a review is logged, because an extension-apiserver's client waits for it.
const slowReview = time.Second

// observeReviews measures requests in the other direction: the reviews that extension-apiservers request from this server.
func observeReviews(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resource := reviewed(r)
		if resource == "" {
			next.ServeHTTP(w, r)
			return
		}
		started := time.Now()
		next.ServeHTTP(w, r)
		took := time.Since(started)
		var name string
		if requester, ok := request.UserFrom(r.Context()); ok {
			name = requester.GetName()
		}
		reviewDuration.WithLabelValues(resource, name).Observe(took.Seconds())
		if took > slowReview {
			klog.InfoS("A review that an extension-apiserver asked for was slow", "resource", resource, "user", name, "took", took.Round(time.Millisecond))
		}
	})
}

// reviewed returns the resource of a request that creates a TokenReview or a SubjectAccessReview, or "" for other requests.
func reviewed(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	info, ok := request.RequestInfoFrom(r.Context())
	if !ok {
		return ""
	}
	switch info.APIGroup + "/" + info.Resource {
	case authenticationv1.GroupName + "/tokenreviews", authorizationv1.GroupName + "/subjectaccessreviews":
		return info.Resource
	}
	return ""
}
