package project

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPluralOfKubernetes compares the plural of every kind of Kubernetes with the name of its resource.
func TestPluralOfKubernetes(t *testing.T) {
	for _, b := range builtins() {
		if got := Plural(b.kind); got != b.resource {
			t.Errorf("the plural of %s is %s, and Kubernetes has %s", b.kind, got, b.resource)
		}
	}
}

// TestPluralOfProjects compares the plurals with the resource names of well-known projects. It omits the few names that are not plurals:
// eventbus for EventBus, and network-attachment-definitions for NetworkAttachmentDefinition.
func TestPluralOfProjects(t *testing.T) {
	for project, resources := range map[string]string{
		"gateway API": `GatewayClass gatewayclasses Gateway gateways HTTPRoute httproutes GRPCRoute grpcroutes TLSRoute tlsroutes ReferenceGrant referencegrants
			BackendTLSPolicy backendtlspolicies ListenerSet listenersets`,
		"cert-manager": `Certificate certificates CertificateRequest certificaterequests Issuer issuers Order orders Challenge challenges`,
		"Argo": `Application applications AppProject appprojects Rollout rollouts AnalysisTemplate analysistemplates AnalysisRun analysisruns
			Workflow workflows CronWorkflow cronworkflows Sensor sensors EventSource eventsources ArgoCD argocds`,
		"OpenShift": `DNS dnses Ingress ingresses Infrastructure infrastructures Proxy proxies OAuth oauths Image images APIServer apiservers
			ClusterOperator clusteroperators Etcd etcds CSISnapshotController csisnapshotcontrollers Storage storages ServiceCA servicecas
			SecurityContextConstraints securitycontextconstraints ImageContentSourcePolicy imagecontentsourcepolicies DNSRecord dnsrecords
			Identity identities UserIdentityMapping useridentitymappings`,
		"Cluster API": `Cluster clusters Machine machines MachineHealthCheck machinehealthchecks ClusterClass clusterclasses IPAddress ipaddresses
			ClusterResourceSet clusterresourcesets`,
		"Crossplane":  `Composition compositions CompositeResourceDefinition compositeresourcedefinitions Usage usages StoreConfig storeconfigs`,
		"Metal3":      `BareMetalHost baremetalhosts HardwareData hardwaredata HostFirmwareSettings hostfirmwaresettings FirmwareSchema firmwareschemas`,
		"Chaos Mesh":  `PodChaos podchaos DNSChaos dnschaos StatusCheck statuschecks`,
		"KubeDB":      `Postgres postgreses Redis redises MongoDB mongodbs MySQL mysqls Elasticsearch elasticsearches Kafka kafkas Memcached memcacheds`,
		"Prometheus":  `Prometheus prometheuses PrometheusRule prometheusrules Probe probes Alertmanager alertmanagers`,
		"Istio":       `VirtualService virtualservices ServiceEntry serviceentries Telemetry telemetries AuthorizationPolicy authorizationpolicies`,
		"Flux":        `GitRepository gitrepositories Kustomization kustomizations HelmRelease helmreleases OCIRepository ocirepositories`,
		"Calico":      `IPPool ippools BlockAffinity blockaffinities CalicoNodeStatus caliconodestatuses BGPPeer bgppeers`,
		"Kueue":       `Topology topologies ClusterQueue clusterqueues LocalQueue localqueues Cohort cohorts`,
		"Strimzi":     `KafkaMirrorMaker2 kafkamirrormaker2s KafkaBridge kafkabridges`,
		"Rook":        `CephNFS cephnfses CephBlockPool cephblockpools`,
		"others":      `Community communities Middleware middlewares KubernetesAPI kubernetesapis UUID uuids HTTPProxy httpproxies CDI cdis Jenkins jenkins`,
		"the service": `Service services Metrics metrics Endpoint endpoints`,
	} {
		words := strings.Fields(resources)
		for i := 0; i < len(words); i += 2 {
			if got := Plural(words[i]); got != words[i+1] {
				t.Errorf("the plural of %s is %s, and %s has %s", words[i], got, project, words[i+1])
			}
		}
	}
}

// TestPluralIdentifiers covers words that rules for endings get wrong. The identifier keeps the kind's case.
func TestPluralIdentifiers(t *testing.T) {
	words := strings.Fields(`Diff Diffs Cafe Cafes DNS DNSes Postgres Postgreses Analysis Analyses Series Series Chassis Chassis Metadata Metadata
		Gateway Gateways Policy Policies Ingress Ingresses Endpoints Endpoints DriftAnalysis DriftAnalyses CoffeeCafe CoffeeCafes
		Safe Safes Proof Proofs Chef Chefs Shelf Shelves Golf Golfs Epoch Epochs Branch Branches Key Keys Schema Schemas
		Person People Index Indices Criterion Criteria Quiz Quizzes Lens Lenses OS OSes CoreDNS CoreDNSes Coredns Corednses PodIPs PodIPs
		VMs VMs K8s K8s TaxY TaxYs PlanX PlanXes ReadMe ReadMes PhaseI PhaseIs EC2 EC2s V2 V2s Antivirus Antiviruses Data Data Foo Foos`)
	for i := 0; i < len(words); i += 2 {
		if got := englishPlural(words[i]); got != words[i+1] {
			t.Errorf("the plural of %s is %s, want %s", words[i], got, words[i+1])
		}
	}
}

// TestFieldPlurals verifies that the entries do not depend on the order in which they are tried, and that each is necessary.
func TestFieldPlurals(t *testing.T) {
	for word, plural := range fieldPlurals {
		for other := range fieldPlurals {
			if word != other && strings.HasSuffix(word, other) {
				t.Errorf("%s ends with %s: take one of them out", word, other)
			}
		}
		if english().Plural(word) == plural {
			t.Errorf("the library knows the plural of %s: take the word out", word)
		}
	}
}

// TestPluralOfOldProject loads a declaration from a release that used the generators' plurals. Existing resources must keep their names;
// only new kinds get the new plurals.
func TestPluralOfOldProject(t *testing.T) {
	p, err := New("shop", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	add := func(group string, k Kind) {
		t.Helper()
		if err := p.AddKind(group, "v1", k); err != nil {
			t.Fatal(err)
		}
	}
	add("old", Kind{Name: "Cafe", Plural: "caves"})
	add("old", Kind{Name: "Fish", Plural: "fishies"})
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "caves") {
		t.Errorf("the old plural is no longer the one that goes without saying:\n%s", data)
	}
	if p, err = Parse(data, FileName); err != nil {
		t.Fatal(err)
	}
	add("old", Kind{Name: "Cafe"}) // changes nothing
	add("recent", Kind{Name: "Cafe"})
	add("recent", Kind{Name: "Diff"})
	got := map[string]string{}
	for _, g := range p.Groups {
		for _, k := range g.Kinds {
			got[g.Name+"/"+k.Name] = k.Resource()
		}
	}
	want := map[string]string{"old/Cafe": "caves", "old/Fish": "fishies", "recent/Cafe": "cafes", "recent/Diff": "diffs"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	// The clientset has one name for both Cafes, and existing code uses it.
	if diff := cmp.Diff(map[string]string{"Diff": "Diffs"}, p.GoPlurals()); diff != "" {
		t.Errorf("Go plurals (-want +got):\n%s", diff)
	}
	if got := p.GoPlural("Cafe"); got != "Caves" {
		t.Errorf("the Go plural of Cafe is %s", got)
	}
}
