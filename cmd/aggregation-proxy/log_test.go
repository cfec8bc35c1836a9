package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// auditPolicy records the requests of users, and not those of the control plane.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver"]
- level: Metadata
`

func writePolicy(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// auditEvent contains the fields of an event that these tests check.
type auditEvent struct {
	Kind, AuditID, RequestURI, Verb, Stage string
	User                                   struct{ Username string }
	ResponseStatus                         struct{ Code int }
	Annotations                            map[string]string
}

// findEvent returns the event of a request in a log with one event a line.
func findEvent(log []byte, uri string) (auditEvent, error) {
	for line := range bytes.Lines(log) {
		var event auditEvent
		if err := json.Unmarshal(line, &event); err == nil && event.Kind == "Event" && event.RequestURI == uri {
			return event, nil
		}
	}
	return auditEvent{}, fmt.Errorf("no event for %s", uri)
}

// TestAuditLog sends a request to an extension-apiserver and one to kube-apiserver, and looks for both in the log.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit", "audit.log")
	p := start(t, t.TempDir(), "--audit-policy-file", writePolicy(t), "--audit-log-path", path)
	plane := p.plane()
	backend := proxytest.StartBackend(t, plane, proxytest.BackendOptions{})
	backend.Register(t, plane)
	client := plane.HTTPClient(t, "jane", "system:masters")

	const core = "/api/v1/namespaces/default/configmaps?limit=7"
	if status, body := fetch(t, client, plane.URL+core); status != http.StatusOK {
		t.Fatalf("%s: %d %s", core, status, body)
	}
	extension := backend.Path("things") + "?limit=7"
	if status, body := fetch(t, client, plane.URL+extension); status != http.StatusOK {
		t.Fatalf("%s: %d %s", extension, status, body)
	}
	for _, uri := range []string{core, extension} {
		var event auditEvent
		eventually(t, "audit event", func(context.Context) (err error) {
			event, err = findEvent(read(t, path), uri)
			return err
		})
		if event.User.Username != "jane" || event.Verb != "list" || event.Stage != "ResponseComplete" || event.ResponseStatus.Code != http.StatusOK ||
			event.Annotations["authorization.k8s.io/decision"] != "allow" {
			t.Errorf("%s is recorded as %+v", uri, event)
		}
		if uri != extension {
			continue
		}
		requests := backend.Requests("things")
		if got := requests[len(requests)-1].Header.Get("Audit-ID"); got == "" || got != event.AuditID {
			t.Errorf("the extension-apiserver was given Audit-ID %q, the log has %q", got, event.AuditID)
		}
	}
}

// TestJSONLog checks that every line on standard error is a JSON object, including the audit log, etcd's messages and requests.
func TestJSONLog(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--logging-format", "json", "-v", "3", "--audit-policy-file", writePolicy(t), "--audit-log-path", "-")
	plane := p.plane()
	backend := proxytest.StartBackend(t, plane, proxytest.BackendOptions{})
	backend.Register(t, plane)
	requests := []string{"/api/v1/namespaces/kube-system/configmaps", backend.Path("things")}
	client := plane.HTTPClient(t, "jane", "system:masters")
	for _, path := range requests {
		fetch(t, client, plane.URL+path)
	}
	if err := p.stop(); err != nil { // checks that standard output contains only the ready line
		t.Error(err)
	}
	got := map[string]bool{}
	for line := range bytes.Lines(p.stderr.Bytes()) {
		var entry struct {
			TS        any // no setting disables this message of etcd's client at the end
			V         *int
			Caller    string
			Msg       string
			Verb      string
			URI       string
			UserAgent string
			Resp      int
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Errorf("not an object: %v: %s", err, line)
		}
		if seconds, _ := entry.TS.(float64); strings.HasPrefix(entry.Msg, "etcd: ") && seconds > 0 && strings.Contains(entry.Caller, ".go:") && entry.V != nil {
			got["etcd"] = true
		}
		if entry.Msg == "HTTP" && entry.Resp == http.StatusOK {
			got[entry.URI] = true
		}
	}
	for _, want := range append(requests, "etcd") {
		if !got[want] {
			t.Errorf("the log has nothing about %s", want)
		}
	}
	if _, err := findEvent(p.stderr.Bytes(), requests[1]); err != nil {
		t.Error(err)
	}
}

// TestAvailabilityIsLogged checks that -v 1 logs each change of availability, and a slow probe.
func TestAvailabilityIsLogged(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "-v", "1")
	plane := p.plane()
	backend := proxytest.StartBackend(t, plane, proxytest.BackendOptions{})
	backend.Register(t, plane)
	name := "v1." + backend.Options.Group
	var slow atomic.Int32
	backend.Handle(backend.Path(), func(http.ResponseWriter, *http.Request) {
		time.Sleep(1100 * time.Millisecond)
		slow.Add(1)
	})
	eventually(t, "slow probes", func(context.Context) error {
		if n := slow.Load(); n < 8 { // some are for discovery, and a probe sends up to five
			return fmt.Errorf("%d requests", n)
		}
		return nil
	})
	backend.Stop()
	eventually(t, "not available", func(ctx context.Context) error {
		service, err := plane.Aggregator(t).ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
		if err == nil && service.Status.Conditions[0].Status == "True" {
			err = fmt.Errorf("still %+v", service.Status.Conditions)
		}
		return err
	})
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(p.stderr.String(), `slow at discovery: after five seconds it counts as unavailable" apiService="`+name+`" took=`) {
		t.Error("the log has nothing about a slow probe")
	}
	var changes []string
	for line := range strings.Lines(p.stderr.String()) {
		if strings.Contains(line, `"`+name+`"`) && strings.Contains(line, "eason=") {
			changes = append(changes, line)
		}
	}
	if len(changes) < 2 || !strings.Contains(changes[len(changes)-1], `"FailedDiscoveryCheck"`) || !strings.Contains(changes[len(changes)-1], `"False"`) {
		t.Errorf("the log's lines about %s: %q, want at least one for Available and the last for FailedDiscoveryCheck", name, changes)
	}
	if strings.Contains(p.stderr.String(), `"HTTP" verb=`) {
		t.Error("requests are logged at -v 1")
	}
}
