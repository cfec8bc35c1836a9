package aggregation

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/klog/v2"
)

// TestSlowReviewIsLogged sends a fast review and a slow one.
func TestSlowReviewIsLogged(t *testing.T) {
	state := klog.CaptureState()
	t.Cleanup(state.Restore)
	var log bytes.Buffer
	klog.LogToStderr(false)
	klog.SetOutput(&log)
	for _, test := range []struct {
		name string
		took time.Duration
		want bool
	}{{"quick", 0, false}, {"slow", slowReview + 10*time.Millisecond, true}} {
		r := httptest.NewRequest(http.MethodPost, "/apis/authorization.k8s.io/v1/subjectaccessreviews", nil)
		ctx := request.WithRequestInfo(r.Context(), &request.RequestInfo{APIGroup: "authorization.k8s.io", Resource: "subjectaccessreviews"})
		ctx = request.WithUser(ctx, &user.DefaultInfo{Name: test.name})
		next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(test.took) })
		observeReviews(next).ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
		klog.Flush()
		if got := strings.Contains(log.String(), `resource="subjectaccessreviews" user="`+test.name+`"`); got != test.want {
			t.Errorf("%s: logged %t, want %t: %s", test.name, got, test.want, log.String())
		}
	}
}
