package test

import (
	"testing"

	"k8s.io/client-go/discovery"
)

// TestVersion asks the apiserver itself, past the aggregation layer, for its version.
func TestVersion(t *testing.T) {
	if apiserverURL == "" {
		t.Skip("the apiserver of a cluster can't be reached past the aggregation layer")
	}
	user, err := serviceAccountConfig(t.Context(), controllerManagerName)
	if err != nil {
		t.Fatal(err)
	}
	direct := directConfig()
	direct.BearerToken = user.BearerToken
	client, err := discovery.NewDiscoveryClientForConfig(direct)
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version := got.Major + "." + got.Minor; version != "1.2" {
		t.Errorf("the apiserver says that it is version %s, want 1.2", version)
	}
	if emulated := got.EmulationMajor + "." + got.EmulationMinor; emulated != "1.2" {
		t.Errorf("the apiserver says that it emulates version %s, want 1.2", emulated)
	}
}
