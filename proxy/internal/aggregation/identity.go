package aggregation

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
	auditinternal "k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/transport"
)

const (
	extraPrefix     = "X-Remote-Extra-"
	openAPIv3Prefix = "/openapi/v3"
)

// checkIdentity returns an error if headers would not carry the identity unchanged. It is called for every request to an
// extension-apiserver, because a group "system:masters " that loses its space would make its members administrators.
//
// The result does not depend on the protocol. HTTP/1.1 trims white space around a value. HTTP/2 forbids it (RFC 9113, section
// 8.2.1), although Go's implementation accepts it. An empty group is accepted and sent: extension-apiservers ignore it, no rule can
// refer to it, and an empty column in a token file produces it.
func checkIdentity(who user.Info) error {
	if who.GetName() == "" {
		return errors.New("the user's identity can't be sent to the extension-apiserver: the user name is empty")
	}
	if err := checkHeaderValue("user name", who.GetName()); err != nil {
		return err
	}
	if err := checkHeaderValue("UID", who.GetUID()); err != nil {
		return err
	}
	for _, group := range who.GetGroups() {
		if err := checkHeaderValue("group", group); err != nil {
			return err
		}
	}
	for key, values := range who.GetExtra() {
		if len(values) == 0 {
			return fmt.Errorf("the user's identity can't be sent to the extension-apiserver: extra key %.64q has no values, which a header can't express", key)
		}
		for _, value := range values {
			if err := checkHeaderValue("extra value", value); err != nil {
				return fmt.Errorf("%w (extra key %.64q)", err, key)
			}
		}
	}
	return nil
}

// checkHeaderValue returns an error if a header would not carry the value of a field of the identity unchanged.
func checkHeaderValue(field, value string) error {
	var reason string
	switch {
	case !httpguts.ValidHeaderFieldValue(value):
		reason = "has a control character, which is not allowed in an HTTP header"
	case textproto.TrimString(value) != value:
		reason = "begins or ends with white space, which HTTP removes"
	default:
		return nil
	}
	return fmt.Errorf("the user's identity can't be sent to the extension-apiserver: %s %.64q %s", field, value, reason)
}

// setIdentity sets the headers with the user's identity and the audit ID. It removes those headers that the client sent.
func (x *exchange) setIdentity(out *http.Request) {
	plain, mixed := splitExtra(x.user.GetExtra())
	transport.SetAuthProxyHeaders(out, x.user.GetName(), x.user.GetUID(), x.user.GetGroups(), plain)
	for key, values := range mixed {
		for _, value := range values {
			out.Header.Add(extraPrefix+escapeKey(key), value)
		}
	}
	if id, ok := audit.AuditIDFrom(x.in.Context()); ok {
		out.Header.Set(auditinternal.HeaderAuditID, string(id))
	}
}

// splitExtra returns the extra fields whose keys client-go encodes without loss, and those whose keys contain upper-case letters.
// Header names are case-insensitive, so extension-apiservers convert keys to lower case: "Scopes" would become "scopes".
func splitExtra(extra map[string][]string) (plain, mixed map[string][]string) {
	if !hasMixedKeys(extra) {
		return extra, nil
	}
	plain, mixed = map[string][]string{}, map[string][]string{}
	for key, values := range extra {
		if isMixed(key) {
			mixed[key] = values
		} else {
			plain[key] = values
		}
	}
	return plain, mixed
}

func hasMixedKeys(extra map[string][]string) bool {
	for key := range extra {
		if isMixed(key) {
			return true
		}
	}
	return false
}

func isMixed(key string) bool {
	for i := range len(key) {
		if 'A' <= key[i] && key[i] <= 'Z' {
			return true
		}
	}
	return false
}

// escapeKey percent-encodes a key so that a conversion to lower case does not change it.
func escapeKey(key string) string {
	var escaped strings.Builder
	for _, b := range []byte(key) {
		if 'a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '-' || b == '.' || b == '_' {
			escaped.WriteByte(b)
		} else {
			fmt.Fprintf(&escaped, "%%%02x", b)
		}
	}
	return escaped.String()
}

// serveGuarded serves requests that kube-aggregator may forward itself, with client-go's headers for the identity: those for
// OpenAPI v3 documents of extension-apiservers, and all requests while the layer does not know the routes.
func (l *Layer) serveGuarded(w http.ResponseWriter, r *http.Request, next http.Handler) {
	requester, ok := request.UserFrom(r.Context())
	if !ok {
		next.ServeHTTP(w, r)
		return
	}
	err := checkIdentity(requester)
	if err == nil && hasMixedKeys(requester.GetExtra()) {
		err = errors.New("the user's identity can't be sent to the extension-apiserver: an extra key has upper-case letters, which would be lost")
	}
	document, isDocument := strings.CutPrefix(r.URL.Path, openAPIv3Prefix)
	switch {
	case err == nil:
		next.ServeHTTP(w, r)
	case !isDocument || l.backendFor(document) != nil:
		fail(w, r, err.Error(), http.StatusForbidden)
	default:
		// This server's own documents need no user. For other paths, an extension-apiserver may have published the document, but
		// without a user, kube-aggregator refuses to forward the request.
		next.ServeHTTP(w, r.WithContext(request.WithUser(r.Context(), nil)))
	}
}
