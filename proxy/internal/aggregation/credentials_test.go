package aggregation

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// authorities is a set of client CAs that changes when change is called.
type authorities struct{ change func() }

func (a *authorities) AddListener(listener dynamiccertificates.Listener) { a.change = listener.Enqueue }

// TestCertificateIsVerifiedAgain counts how often a client's certificate is verified.
func TestCertificateIsVerifiedAgain(t *testing.T) {
	verified := 0
	next := authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		verified++
		return &authenticator.Response{User: &user.DefaultInfo{Name: "jane"}}, true, nil
	})
	set := &authorities{}
	c := newCertificateCache(next, set)
	send := func(leaf *x509.Certificate, want int) {
		t.Helper()
		r := &http.Request{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}}
		if response, ok, err := c.AuthenticateRequest(r); !ok || err != nil || response.User.GetName() != "jane" {
			t.Fatalf("got %v, %t, %v", response, ok, err)
		}
		if verified != want {
			t.Errorf("verified %d times, want %d", verified, want)
		}
	}
	leaf := &x509.Certificate{NotAfter: time.Now().Add(time.Hour)}
	send(leaf, 1)
	send(leaf, 1)
	set.change()
	send(leaf, 2)
	send(leaf, 2)
	expired := &x509.Certificate{NotAfter: time.Now().Add(-time.Second)}
	send(expired, 3)
	send(expired, 4)
}
