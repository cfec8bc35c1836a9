package proxytest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestBackendBehindAProxy tests the features that tests of other packages use.
func TestBackendBehindAProxy(t *testing.T) {
	cp := Start(t)
	client := cp.HTTPClient(t, "jane", "system:masters")
	for _, http1 := range []bool{false, true} {
		b := StartBackend(t, cp, BackendOptions{HTTP1: http1})
		b.Register(t, cp)
		url := cp.URL + b.Path("things")

		status, body := get(t, client, url+"?a=b")
		var seen Echo
		if err := json.Unmarshal([]byte(body), &seen); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s: %v", status, body, err)
		}
		if seen.Header.Get("X-Remote-User") != "jane" || seen.Peer != "front-proxy-client" || seen.Target != b.Path("things")+"?a=b" || seen.Proto != "HTTP/1.1" {
			t.Errorf("the backend saw %+v", seen)
		}
		if recorded := b.Requests("things"); len(recorded) != 1 || recorded[0].Peer.Subject.CommonName != "front-proxy-client" {
			t.Errorf("recorded %+v", recorded)
		}
		if probes := b.Requests(b.Path()); len(probes) == 0 || probes[0].Header.Get("X-Remote-User") != "system:kube-aggregator" {
			t.Errorf("probes: %+v", probes)
		}
		b.Handle("things", Respond(http.StatusTeapot, http.Header{"X-Said": {"so"}}, "tea"))
		if status, body := get(t, client, url); status != http.StatusTeapot || body != "tea" {
			t.Errorf("told to be a teapot: %d %s", status, body)
		}
		b.Handle("things", nil)
		if b.OpenConnections() == 0 {
			t.Error("no open connections")
		}
		b.Stop()
		if status, _ := get(t, client, url); status != http.StatusServiceUnavailable || b.OpenConnections() != 0 {
			t.Errorf("stopped: %d, %d connections", status, b.OpenConnections())
		}
		cp.WaitCondition(t, "v1."+b.Options.Group, "FailedDiscoveryCheck", nil) // otherwise, it may arrive after the backend serves again
		b.Start(t)
		b.WaitServed(t, cp)
		b.Freeze()
		frozen := &http.Client{Transport: client.Transport, Timeout: time.Second}
		if response, err := frozen.Get(url); err == nil {
			t.Errorf("frozen: %s", response.Status)
		}
		b.Thaw()
		Eventually(t, "thawn backend", Patience, func(context.Context) error {
			if status, body := get(t, client, url); status != http.StatusOK {
				return errors.New(body)
			}
			return nil
		})
	}
}
