package corpora

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// A server is a client of the running project.
type server struct {
	*copied
	client *http.Client
	etcd   *clientv3.Client
	url    string
}

// serve runs the project until the test ends.
func (p *copied) serve() *server {
	p.t.Helper()
	builder := filepath.Join(p.bin, "builder")
	p.t.Cleanup(func() { p.runIn(p.dir, builder, "stop") })
	p.runIn(p.dir, builder, "run", "--detach")
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(p.dir, ".builder", "kubeconfig"))
	if err != nil {
		p.t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		p.t.Fatal(err)
	}
	return &server{p, client, p.connect(), config.Host}
}

// A served is a resource in one version, as clients see it.
type served struct {
	discovery []metav1.APIResource
	columns   []metav1.TableColumnDefinition
	// schema is the schema of the kind, from an OpenAPI document with the components schemas.
	schema  map[string]any
	schemas map[string]any
}

// table is the media type of a table of objects.
const table = "application/json;as=Table;v=v1;g=meta.k8s.io"

// resource requests the discovery, the columns and the schema of a resource.
func (s *server) resource(p published, version string) served {
	s.t.Helper()
	group := p.group + ".example.com"
	root := "/apis/" + group + "/" + version
	var out served
	var list metav1.APIResourceList
	s.get(root, "application/json", &list)
	out.discovery = list.APIResources

	var rows metav1.Table
	s.get(root+"/"+p.Names.Plural, table, &rows)
	out.columns = rows.ColumnDefinitions

	var document openAPI
	s.get("/openapi/v3"+root, "application/json", &document)
	out.schemas = document.Components.Schemas
	if out.schema = document.schemaOf(group, version, p.Names.Kind); out.schema == nil {
		s.t.Fatalf("the OpenAPI document of %s doesn't describe %s", root, p.Names.Kind)
	}
	return out
}

func (s *server) get(path, accept string, into any) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s\n%s", path, response.Status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.t.Fatalf("GET %s: %v\n%s", path, err, body)
	}
}
