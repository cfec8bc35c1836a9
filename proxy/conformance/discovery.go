package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// discovery checks how clients discover the resources of extension-apiservers.
func (s *suite) discovery(t *testing.T) {
	run(t, "in_one_document", s.aggregatedDiscovery)
	run(t, "ETag", s.discoveryETag)
	for name, answer := range map[string]http.HandlerFunc{
		"without_apis":        proxytest.Respond(http.StatusNotFound, nil, ""),
		"not_acceptable":      proxytest.Respond(http.StatusNotAcceptable, nil, ""),
		"unaggregated":        proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`),
		"forbidding_its_list": proxytest.Respond(http.StatusForbidden, nil, ""),
	} {
		run(t, "old_server_"+name+"_is_asked_for_each_version", func(t *testing.T) { s.oldServer(t, answer) })
	}
	run(t, "unreachable_is_Stale", func(t *testing.T) {
		b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
		b.Stop()
		b.CreateService(t, s.ControlPlane, externalName)
		b.CreateAPIServices(t, s.ControlPlane)
		s.awaitVersions(t, b.Options.Group, staleVersion)
	})
	run(t, "failing_discovery_is_Stale_until_it_works", s.staleDiscovery)
	run(t, "unavailable_is_not_Stale_while_it_answers", func(t *testing.T) {
		b, _ := s.failedDiscovery(t, proxytest.Respond(http.StatusInternalServerError, nil, ""))
		s.awaitVersions(t, b.Options.Group, oneThing("v1"))
	})
	run(t, "order", s.discoveryOrder)
	run(t, "list_includes_the_unavailable", s.legacyDiscovery)
	run(t, "clients_find_resources", func(t *testing.T) {
		b := s.backend(t, proxytest.BackendOptions{})
		client := discovery.NewDiscoveryClientForConfigOrDie(s.Config(t))
		proxytest.Eventually(t, "things among the preferred resources", proxytest.Patience, func(context.Context) error {
			lists, _ := client.ServerPreferredResources() // other tests' groups may cause errors
			for _, list := range lists {
				if list.GroupVersion == b.Options.Group+"/v1" && len(list.APIResources) == 1 && list.APIResources[0].Kind == "Thing" {
					return nil
				}
			}
			return fmt.Errorf("not among %d lists", len(lists))
		})
	})
}

// staleVersion is an entry of a server from which discovery could not be read yet.
var staleVersion = apidiscoveryv2.APIVersionDiscovery{Version: "v1", Freshness: apidiscoveryv2.DiscoveryFreshnessStale}

// groups returns aggregated discovery.
func (s *suite) groups(t *testing.T) []apidiscoveryv2.APIGroupDiscovery {
	t.Helper()
	a := s.send(t, s.client, http.MethodGet, "/apis", http.Header{"Accept": {proxytest.AggregatedDiscovery}}, "")
	a.WantHeader(t, "Content-Type", proxytest.AggregatedDiscovery)
	var list apidiscoveryv2.APIGroupDiscoveryList
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || a.Status != http.StatusOK {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return list.Items
}

// awaitVersions waits until discovery lists exactly these versions of the group.
func (s *suite) awaitVersions(t *testing.T, group string, want ...apidiscoveryv2.APIVersionDiscovery) {
	t.Helper()
	proxytest.Eventually(t, "discovery of "+group, proxytest.Patience, func(context.Context) error {
		groups := s.groups(t)
		i := slices.IndexFunc(groups, func(g apidiscoveryv2.APIGroupDiscovery) bool { return g.Name == group })
		if i < 0 {
			return errors.New("it is not there")
		}
		if diff := cmp.Diff(want, groups[i].Versions); diff != "" {
			return fmt.Errorf("versions (-want +got):\n%s", diff)
		}
		return nil
	})
}

// oneThing returns a Backend's default resource in discovery.
func oneThing(version string) apidiscoveryv2.APIVersionDiscovery {
	return apidiscoveryv2.APIVersionDiscovery{
		Version: version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent,
		Resources: []apidiscoveryv2.APIResourceDiscovery{{
			Resource: "things", SingularResource: "thing", Scope: apidiscoveryv2.ScopeNamespace, Verbs: []string{"get", "list"},
			ResponseKind: &metav1.GroupVersionKind{Kind: "Thing"},
		}},
	}
}

func (s *suite) aggregatedDiscovery(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{Versions: []string{"v2", "v1"}})
	s.awaitVersions(t, b.Options.Group, oneThing("v2"), oneThing("v1"))
	name := "v1." + b.Options.Group
	asked := len(b.Requests("/apis"))
	for _, r := range b.Requests("/apis") {
		proxytest.WantHeader(t, r.Header, "X-Remote-User", aggregatorUser)
		proxytest.WantHeader(t, r.Header, "X-Remote-Group", masters)
		if !strings.HasPrefix(r.Header.Get("Accept"), proxytest.AggregatedDiscovery) {
			t.Errorf("asked to answer with %s", r.Header.Get("Accept"))
		}
	}
	// A change makes the aggregation layer read the discovery again, which has changed since.
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.VersionPriority = 1000 })
	s.awaitVersions(t, b.Options.Group, oneThing("v1"), oneThing("v2"))
	proxytest.Eventually(t, "request with If-None-Match", proxytest.Patience, func(context.Context) error {
		for _, r := range b.Requests("/apis")[asked:] {
			if r.Header.Get("If-None-Match") == `"discovery"` {
				return nil
			}
		}
		return errors.New("none")
	})
	if a := s.get(t, "/apis"); strings.Contains(a.Header.Get("Content-Type"), "g=") {
		t.Errorf("who doesn't ask for one document gets %s", a.Header.Get("Content-Type"))
	}
}

func (s *suite) discoveryETag(t *testing.T) {
	ask := func(etag string) proxytest.Answer {
		t.Helper()
		return s.send(t, s.client, http.MethodGet, "/apis", http.Header{"Accept": {proxytest.AggregatedDiscovery}, "If-None-Match": {etag}}, "")
	}
	before := ask("").Header.Get("Etag")
	s.backend(t, proxytest.BackendOptions{})
	// Other tests change the document, too, so the test waits for two equal responses.
	proxytest.Eventually(t, "unchanged discovery", proxytest.Patience, func(context.Context) error {
		etag := ask("").Header.Get("Etag")
		if etag == before || len(etag) < 3 || !strings.HasPrefix(etag, `"`) {
			return fmt.Errorf("ETag is %s, and was %s before there was another group", etag, before)
		}
		if a := ask(etag); a.Status != http.StatusNotModified || a.Body != "" {
			return fmt.Errorf("If-None-Match: %s answers %d", etag, a.Status)
		}
		return nil
	})
}

// oldServer registers a server without aggregated discovery.
func (s *suite) oldServer(t *testing.T, apis http.HandlerFunc) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{Resources: []metav1.APIResource{
		{Name: "things", SingularName: "thing", Kind: "Thing", Verbs: metav1.Verbs{"list"}, ShortNames: []string{"th"}, Categories: []string{"all"}},
		{Name: "things/status", Kind: "Thing", Verbs: metav1.Verbs{"get"}},
		{Name: "things/scale", Group: "autoscaling", Version: "v1", Kind: "Scale", Verbs: metav1.Verbs{"update"}},
	}})
	b.Handle("/apis", apis)
	b.Register(t, s.ControlPlane)
	gvk := func(group, version, kind string) *metav1.GroupVersionKind {
		return &metav1.GroupVersionKind{Group: group, Version: version, Kind: kind}
	}
	s.awaitVersions(t, b.Options.Group, apidiscoveryv2.APIVersionDiscovery{
		Version: "v1", Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent,
		Resources: []apidiscoveryv2.APIResourceDiscovery{{
			Resource: "things", SingularResource: "thing", Scope: apidiscoveryv2.ScopeCluster, Verbs: []string{"list"},
			ShortNames: []string{"th"}, Categories: []string{"all"}, ResponseKind: gvk("", "", "Thing"),
			Subresources: []apidiscoveryv2.APISubresourceDiscovery{
				{Subresource: "status", ResponseKind: gvk("", "", "Thing"), Verbs: []string{"get"}},
				{Subresource: "scale", ResponseKind: gvk("autoscaling", "v1", "Scale"), Verbs: []string{"update"}},
			},
		}},
	})
}

func (s *suite) staleDiscovery(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	b.Handle("/apis", proxytest.Respond(http.StatusServiceUnavailable, nil, ""))
	b.Register(t, s.ControlPlane)
	s.awaitVersions(t, b.Options.Group, staleVersion)
	b.Handle("/apis", nil)
	s.awaitVersions(t, b.Options.Group, oneThing("v1"))
}

// discoveryOrder registers groups that differ only in their priorities, and then only in their names.
func (s *suite) discoveryOrder(t *testing.T) {
	suffix := s.Namespace(t) + ".example.com"
	for _, service := range []struct {
		group, version   string
		group_, version_ int32
	}{
		{"b", "v1", 5000, 10}, {"a", "v1", 5000, 10}, {"c", "v1", 20, 10}, {"d", "v1", 15000, 10},
		{"c", "v2", 20, 20}, {"c", "v2alpha1", 20, 20}, {"c", "v1beta1", 20, 10}, {"c", "v10", 20, 10}, {"c", "latest", 20, 10}, {"c", "v3", 10, 1},
	} {
		s.CreateAPIService(t, &apiregistrationv1.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: service.version + "." + service.group + "." + suffix},
			Spec: apiregistrationv1.APIServiceSpec{
				Group: service.group + "." + suffix, Version: service.version,
				GroupPriorityMinimum: service.group_, VersionPriority: service.version_, InsecureSkipTLSVerify: true,
				Service: &apiregistrationv1.ServiceReference{Namespace: "default", Name: "missing"},
			},
		})
	}
	versionsOfC := []string{"v2", "v2alpha1", "v10", "v1", "v1beta1", "latest", "v3"}
	want := []string{"d", "a", "b", "c " + strings.Join(versionsOfC, " ")}
	compare := func(got []string) error {
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("order (-want +got):\n%s", diff)
		}
		return nil
	}
	proxytest.Eventually(t, "order in one document", proxytest.Patience, func(context.Context) error {
		var got []string
		groups := s.groups(t)
		for _, group := range groups {
			name, own := strings.CutSuffix(group.Name, "."+suffix)
			if own && name == "c" {
				for _, version := range group.Versions {
					name += " " + version.Version
				}
			}
			if own {
				got = append(got, name)
			}
		}
		if groups[0].Name != apiregistrationv1.GroupName {
			return fmt.Errorf("%s is first", groups[0].Name)
		}
		return compare(got)
	})
	proxytest.Eventually(t, "order in the list", proxytest.Patience, func(context.Context) error {
		var got []string
		list := s.groupList(t, "/apis")
		for _, group := range list {
			name, own := strings.CutSuffix(group.Name, "."+suffix)
			if own && name == "c" {
				for _, version := range group.Versions {
					name += " " + version.Version
				}
			}
			if own {
				got = append(got, name)
			}
			if group.PreferredVersion != group.Versions[0] {
				return fmt.Errorf("%s prefers %s, and begins with %s", group.Name, group.PreferredVersion.Version, group.Versions[0].Version)
			}
		}
		if list[0].Name != apiregistrationv1.GroupName {
			return fmt.Errorf("%s is first", list[0].Name)
		}
		return compare(got)
	})
}

// groupList returns discovery as a list of groups and versions.
func (s *suite) groupList(t *testing.T, path string) []metav1.APIGroup {
	t.Helper()
	a := s.send(t, s.client, http.MethodGet, path, http.Header{"Accept": {"application/json"}}, "")
	a.WantHeader(t, "Content-Type", "application/json")
	var list metav1.APIGroupList
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || a.Status != http.StatusOK || list.Kind != "APIGroupList" {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return list.Groups
}

func (s *suite) legacyDiscovery(t *testing.T) {
	b, _ := s.failedDiscovery(t, proxytest.Respond(http.StatusInternalServerError, nil, ""))
	version := metav1.GroupVersionForDiscovery{GroupVersion: b.Options.Group + "/v1", Version: "v1"}
	want := metav1.APIGroup{Name: b.Options.Group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}
	s.awaitUnavailable(t, b.Path())
	for _, path := range []string{"/apis", "/apis/"} {
		groups := s.groupList(t, path)
		i := slices.IndexFunc(groups, func(g metav1.APIGroup) bool { return g.Name == b.Options.Group })
		if i < 0 {
			t.Errorf("%s does not list the unavailable group", path)
		} else if diff := cmp.Diff(want, groups[i]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	// The aggregation layer itself answers requests for a group.
	want.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}
	var group metav1.APIGroup
	if a := s.get(t, "/apis/"+b.Options.Group); json.Unmarshal([]byte(a.Body), &group) != nil || a.Status != http.StatusOK {
		t.Errorf("the group answers %d %s", a.Status, a.Body)
	}
	if diff := cmp.Diff(want, group); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	if n := len(b.Requests("/apis/" + b.Options.Group)); n > 0 {
		t.Errorf("the backend was asked %d times about its group", n)
	}
}
