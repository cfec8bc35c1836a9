package aggregation

import (
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

const (
	cachedCertificates = 4096
	// A verified certificate is verified again after this time, for an intermediate may have expired.
	certificateTTL = time.Minute
)

// certificateCache verifies a client's certificate once, not with every request, which is an eighth of kube-apiserver's
// work for one. A change of the client authorities empties it, so a certificate is refused from then on, also on a
// connection that is open.
type certificateCache struct {
	authenticator.Request
	verified atomic.Pointer[cache.LRUExpireCache]
}

func newCertificateCache(next authenticator.Request, authorities dynamiccertificates.Notifier) *certificateCache {
	c := &certificateCache{Request: next}
	c.Enqueue()
	authorities.AddListener(c)
	return c
}

// Enqueue is told that the client authorities have changed. It implements dynamiccertificates.Listener.
func (c *certificateCache) Enqueue() { c.verified.Store(cache.NewLRUExpireCache(cachedCertificates)) }

// AuthenticateRequest implements authenticator.Request.
func (c *certificateCache) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if !byCertificateAlone(r) {
		return c.Request.AuthenticateRequest(r)
	}
	leaf := r.TLS.PeerCertificates[0] // crypto/tls parses a certificate once, whatever the number of connections
	// Taken before verifying: what was verified with the old authorities must not get into the new cache.
	verified := c.verified.Load()
	if response, ok := verified.Get(leaf); ok {
		return response.(*authenticator.Response), true, nil
	}
	response, ok, err := c.Request.AuthenticateRequest(r)
	if ok && err == nil && response.User.GetName() != user.Anonymous {
		verified.Add(leaf, response, min(certificateTTL, time.Until(leaf.NotAfter)))
	}
	return response, ok, err
}

// byCertificateAlone tells whether nothing but one certificate says who sent the request: no other authenticator can
// have the first or the last word, and no intermediates are part of the proof.
func byCertificateAlone(r *http.Request) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) != 1 {
		return false
	}
	_, token := r.Header["Authorization"]
	_, remoteUser := r.Header["X-Remote-User"]
	_, protocols := r.Header["Sec-Websocket-Protocol"]
	return !token && !remoteUser && !protocols
}
