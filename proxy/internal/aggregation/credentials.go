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
	// certificateTTL is the time after which a certificate is verified again, because an intermediate may have expired.
	certificateTTL = time.Minute
)

// certificateCache remembers verified client certificates, because verification is an eighth of kube-apiserver's work for a
// request. A change of the client CAs empties the cache. From then on, a certificate that they no longer sign is refused, on open
// connections too.
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

// Enqueue empties the cache after a change of the client CAs. It implements dynamiccertificates.Listener.
func (c *certificateCache) Enqueue() { c.verified.Store(cache.NewLRUExpireCache(cachedCertificates)) }

// AuthenticateRequest implements authenticator.Request.
func (c *certificateCache) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if !byCertificateAlone(r) {
		return c.Request.AuthenticateRequest(r)
	}
	leaf := r.TLS.PeerCertificates[0] // crypto/tls parses a certificate once for all connections
	// Load the cache first: a certificate that was verified with the old CAs must not get into the new cache.
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

// byCertificateAlone reports whether a single client certificate identifies the user. Then no other authenticator applies, and no
// intermediate certificate is needed for the verification.
func byCertificateAlone(r *http.Request) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) != 1 {
		return false
	}
	_, token := r.Header["Authorization"]
	_, remoteUser := r.Header["X-Remote-User"]
	_, protocols := r.Header["Sec-Websocket-Protocol"]
	return !token && !remoteUser && !protocols
}
