package test

import (
	"net/http"
	"testing"
)

// TestSubresourcesMachineProxy sends requests to the web server in a machine.
func TestSubresourcesMachineProxy(t *testing.T) {
	if err := setMachine(t.Context(), "proxied", agent().URL, nil); err != nil {
		t.Fatal(err)
	}
	client := restClient(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		got, err := client.Verb(method).AbsPath(machinesPath + "proxied/proxy/some/path").DoRaw(t.Context())
		if want := method + " /http/some/path"; err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
