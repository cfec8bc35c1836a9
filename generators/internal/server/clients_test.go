package server

import (
	"strings"
	"testing"
)

// TestTrackResources verifies that the fake clientset only changes in projects with resource names that client-go guesses wrong.
func TestTrackResources(t *testing.T) {
	upstream := "\to := testing.NewObjectTracker(scheme, codecs.UniversalDecoder())\n\tfor _, obj := range objects {\n\t}\n" +
		"\to := testing.NewFieldManagedObjectTracker(\n\t\tscheme,\n\t\tapplyconfiguration.NewTypeConverter(scheme),\n\t)\n\tfor _, obj := range objects {\n\t}\n"
	files := map[string][]byte{fakeClientset: []byte(upstream)}
	if err := TrackResources(files); err != nil || string(files[fakeClientset]) != upstream {
		t.Errorf("changed without need, error %v:\n%s", err, files[fakeClientset])
	}

	files[resourceTracker] = []byte("package fake\n")
	want := strings.NewReplacer("testing.NewO", "resourceTracker{testing.NewO", "testing.NewF", "resourceTracker{testing.NewF", ")\n\tfor", ")}\n\tfor").Replace(upstream)
	if err := TrackResources(files); err != nil || string(files[fakeClientset]) != want {
		t.Errorf("error %v, got:\n%s\nwant:\n%s", err, files[fakeClientset], want)
	}

	files[fakeClientset] = []byte("package fake\n")
	if err := TrackResources(files); err == nil {
		t.Error("no error for a clientset without trackers")
	}
}

func TestGuess(t *testing.T) {
	server := &Server{Kinds: []*Kind{
		{Name: "Apple", Resource: "apples"}, {Name: "Policy", Resource: "policies"}, {Name: "Gateway", Resource: "gateways"},
		{Name: "Box", Resource: "boxes"}, {Name: "Series", Resource: "series"}, {Name: "Endpoints", Resource: "endpoints"}, {Name: "Person", Resource: "folk"},
	}}
	var got []string
	for _, k := range server.Misnamed() {
		got = append(got, k.Resource+" for "+k.Guess())
	}
	if got, want := strings.Join(got, ", "), "gateways for gatewaies, boxes for boxs, series for serieses, folk for persons"; got != want {
		t.Errorf("misnamed: %s, want %s", got, want)
	}
}
