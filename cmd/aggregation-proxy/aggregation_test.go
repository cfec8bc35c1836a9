package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// echo is what the backend says about a request it got.
type echo struct {
	User, Group, Authorization []string
	CommonName                 string // of the client's certificate, verified against the front-proxy authority
}

// startBackend serves discovery of group/v1 and echoes requests below /things, on this machine, under name.
func startBackend(t *testing.T, name, group string) (port int32, ca []byte) {
	t.Helper()
	certificate, ca := selfSigned(t, name)
	frontProxy, err := os.ReadFile(filepath.Join(shared.dir, "pki", "front-proxy-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(frontProxy)
	root := "/apis/" + group + "/v1"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: group + "/v1",
		})
	})
	mux.HandleFunc("GET "+root+"/things", func(w http.ResponseWriter, r *http.Request) {
		seen := echo{User: r.Header.Values("X-Remote-User"), Group: r.Header.Values("X-Remote-Group"), Authorization: r.Header.Values("Authorization")}
		if len(r.TLS.VerifiedChains) > 0 {
			seen.CommonName = r.TLS.VerifiedChains[0][0].Subject.CommonName
		}
		json.NewEncoder(w).Encode(seen)
	})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	server.StartTLS()
	t.Cleanup(server.Close)
	return int32(server.Listener.Addr().(*net.TCPAddr).Port), ca
}

func selfSigned(t *testing.T, name string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// register makes the backend of group/v1 known the way the documentation of `builder run` shows: an ExternalName
// Service to localhost. It returns when the APIService is Available.
func register(t *testing.T, namespace, group string, port int32, ca []byte) {
	t.Helper()
	if _, err := shared.client(t).CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "backend"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	client, err := aggregator.NewForConfig(shared.config(t))
	if err != nil {
		t.Fatal(err)
	}
	services := client.ApiregistrationV1().APIServices()
	name := "v1." + group
	if _, err := services.Create(t.Context(), &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: group, Version: "v1", GroupPriorityMinimum: 1000, VersionPriority: 10, CABundle: ca,
			Service: &apiregistrationv1.ServiceReference{Namespace: namespace, Name: "backend", Port: &port},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// Not with the test's context, which has ended by then.
	t.Cleanup(func() { services.Delete(context.Background(), name, metav1.DeleteOptions{}) })
	eventually(t, "APIService "+name, func(ctx context.Context) error {
		service, err := services.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range service.Status.Conditions {
			if c.Type == apiregistrationv1.Available && c.Status == apiregistrationv1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("conditions %+v", service.Status.Conditions)
	})
}

func TestRequestsReachAnExtensionAPIServer(t *testing.T) {
	t.Parallel()
	const group = "echo.example.com"
	admin := shared.client(t)
	namespace := newNamespace(t, admin)
	port, ca := startBackend(t, "backend."+namespace+".svc", group)
	register(t, namespace, group, port, ca)
	things := "/apis/" + group + "/v1/things"

	forged := http.Header{"X-Remote-User": {"system:admin"}, "X-Remote-Group": {"system:masters"}}
	got := askEcho(t, shared.config(t), things, forged)
	if fmt.Sprint(got.User) != "[kubernetes-admin]" || strings.Contains(fmt.Sprint(got.User), "system:admin") {
		t.Errorf("X-Remote-User is %q, want the certificate's user alone", got.User)
	}
	if want := "[system:masters system:authenticated]"; fmt.Sprint(got.Group) != want {
		t.Errorf("X-Remote-Group is %q, want %s", got.Group, want)
	}
	if got.CommonName != "front-proxy-client" {
		t.Errorf("the client certificate's name is %q, want front-proxy-client", got.CommonName)
	}

	if _, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "default"}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	got = askEcho(t, token(t, shared.config(t), namespace, "default"), things, forged)
	if want := "[system:serviceaccount:" + namespace + ":default]"; fmt.Sprint(got.User) != want {
		t.Errorf("X-Remote-User is %q, want %s", got.User, want)
	}
	if strings.Contains(fmt.Sprint(got.Group), "system:masters") {
		t.Errorf("the forged group got through: %q", got.Group)
	}
	if len(got.Authorization) > 0 {
		t.Error("the caller's token was handed to the backend")
	}
}

// askEcho sends a request with the headers, as whoever the configuration is for, until it is let through.
func askEcho(t *testing.T, config *rest.Config, path string, headers http.Header) echo {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	var got echo
	eventually(t, "GET "+path, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, shared.url+path, nil)
		if err != nil {
			return err
		}
		request.Header = headers.Clone()
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s %w", response.Status, body, err)
		}
		return json.NewDecoder(bytes.NewReader(body)).Decode(&got)
	})
	return got
}
