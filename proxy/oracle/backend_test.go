package oracle

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// The scripted extension-apiserver returns the request by default. It also serves webhooks.
const (
	echoNamespace = "backend"
	echoGroup     = "echo.example.com"
	echoRoot      = "/apis/" + echoGroup + "/v1"
	echoThings    = echoRoot + "/namespaces/default/things"
)

// prepareBackend starts and registers the scripted extension-apiserver. It sets variables to its port and its CA for rows.
func prepareBackend(t *testing.T, s *side) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: echoNamespace}}
	if _, err := s.Client(t).CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	backend := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{Namespace: echoNamespace, Group: echoGroup})
	for name, handler := range map[string]http.HandlerFunc{
		"redirect":   proxytest.Respond(http.StatusFound, http.Header{"Location": {"https://127.0.0.1:1/elsewhere"}}, "gone"),
		"unmodified": proxytest.Respond(http.StatusNotModified, http.Header{"Etag": {`"1"`}}, ""),
		"teapot":     proxytest.Respond(http.StatusTeapot, http.Header{"X-Pot": {"short", "stout"}}, "I'm a teapot"),
		"broken":     proxytest.Respond(http.StatusInternalServerError, nil, "broken"),
		"busy":       proxytest.Respond(http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, "busy"),
		"nothing":    proxytest.Respond(http.StatusNoContent, nil, ""),
		"warning":    proxytest.Respond(http.StatusOK, http.Header{"Warning": {`299 - "mind the gap"`, `299 - "and the doors"`}}, "{}"),
		"cors": proxytest.Respond(http.StatusOK, http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Headers": {"*"},
			"Access-Control-Allow-Methods": {"GET"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Expose-Headers": {"*"}}, "{}"),
		"cache":   proxytest.Respond(http.StatusOK, http.Header{"Cache-Control": {"public"}, "Vary": {"X-Own"}, "Set-Cookie": {"a=b"}, "Server": {"own"}}, "{}"),
		"hops":    proxytest.Respond(http.StatusOK, http.Header{"Keep-Alive": {"timeout=5"}, "Proxy-Authenticate": {"Basic"}, "X-Stays": {"yes"}}, "{}"),
		"own":     proxytest.Respond(http.StatusOK, http.Header{"Audit-Id": {"own"}, "X-Kubernetes-Pf-Flowschema-Uid": {"own"}, "Date": {"never"}}, "{}"),
		"large":   proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"text/plain"}}, strings.Repeat("0123456789abcdef", 1<<16)),
		"page":    page(false),
		"zipped":  page(true),
		"unzip":   proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}}, "not zipped at all"),
		"created": proxytest.Respond(http.StatusCreated, http.Header{"Content-Type": {"text/html"}, "Location": {"/elsewhere"}}, `<a href="/elsewhere">x</a>`),
		"cut":     proxytest.CloseMidBody,
		"trailer": trailer,
		"chunks":  chunks,
		"lines":   lines,
		"socket":  echoSocket,
		"exec":    proxytest.Exec,
		"refused": proxytest.Raw("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nX-Reason: own\r\n\r\nno\n"),
		"ignored": proxytest.Raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno\n"),
		"moved":   proxytest.Raw("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://127.0.0.1:1/elsewhere\r\n\r\n"),
		"garbage": proxytest.Raw("garbage\r\n\r\n"),
		"silence": proxytest.Raw(""),
	} {
		backend.Handle("namespaces/default/things/"+name, handler)
	}
	backend.Handle("/mutate", review(mutate))
	backend.Handle("/validate", review(validate))
	backend.Handle("/silent", proxytest.Hang)
	// On this machine, the name of the webhook's Service does not resolve.
	backend.SetCertificate(backend.Authority.Serving(t, backend.ServerName(), "localhost"))
	backend.Register(t, s.ControlPlane)
	s.variables["port"] = strconv.Itoa(backend.Options.Port)
	s.variables["ca"] = base64.StdEncoding.EncodeToString(backend.Authority.PEM)
}

// page serves HTML with links.
func page(zipped bool) http.HandlerFunc {
	const text = `<!DOCTYPE html><title>a &lt; b</title><script src=/s.js>"<a href=/no>"</script><p>1 < 2 <a HREF='/a?b=1&amp;c'>x</a>` +
		`<a href="https://other.example.com/">y</a><img src=z alt="/no"/><!-- <a href=/no> --><form action=/b`
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if !zipped {
			_, _ = io.WriteString(w, text)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, text)
		_ = zip.Close()
	}
}

func trailer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Trailer", "X-Sum")
	_, _ = io.WriteString(w, "body")
	_ = http.NewResponseController(w).Flush() // otherwise, the response has a Content-Length and no trailer
	w.Header().Set("X-Sum", "4")
}

func chunks(w http.ResponseWriter, _ *http.Request) {
	for _, chunk := range []string{"one\n", "two\n", "three\n"} {
		_, _ = io.WriteString(w, chunk)
		_ = http.NewResponseController(w).Flush()
	}
}

// lines switches to a protocol in which each line is answered with its number of letters.
func lines(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "lines" {
		http.Error(w, "lines only", http.StatusForbidden)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\nX-From: backend\r\n\r\nhello\n")
	said := bufio.NewScanner(buffered)
	for said.Scan() && said.Text() != "bye" {
		_, _ = io.WriteString(conn, strconv.Itoa(len(said.Text()))+" "+said.Text()+"\n")
	}
}

// echoSocket sends back each message of a WebSocket.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{Subprotocols: []string{"echo"}, CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		return // it has already responded
	}
	defer conn.Close()
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		_ = conn.WriteMessage(kind, message)
	}
}

// review serves an admission webhook.
func review(decide func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no AdmissionReview", http.StatusBadRequest)
			return
		}
		review.Response = decide(review.Request)
		review.Response.UID = review.Request.UID
		review.Request = nil
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review)
	}
}

// mutate adds a label and a warning.
func mutate(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	kind := admissionv1.PatchTypeJSONPatch
	return &admissionv1.AdmissionResponse{
		Allowed: true, PatchType: &kind, Warnings: []string{"labelled"},
		Patch: []byte(`[{"op":"add","path":"/metadata/labels/mutated","value":"yes"}]`),
	}
}

// validate refuses objects with the label refuse.
func validate(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil || object.Labels["refuse"] != "" {
		return &admissionv1.AdmissionResponse{Result: &metav1.Status{Code: http.StatusTeapot, Reason: "Refused", Message: "labels say so"}}
	}
	return &admissionv1.AdmissionResponse{Allowed: true, AuditAnnotations: map[string]string{"seen": "yes"}}
}
