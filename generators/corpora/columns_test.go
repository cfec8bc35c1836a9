package corpora

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/jsonpath"
)

// compareCells compares the cells of two objects, one with a value at each column's JSONPath and one without, with the cells of a custom
// resource with the same JSON. The objects are written to etcd, because most of them are not valid.
func (c *comparison) compareCells(p published, version string, columns []apiextensionsv1.CustomResourceColumnDefinition, s *server) {
	s.t.Helper()
	convertor, err := tableconvertor.New(columns)
	if err != nil {
		s.t.Fatal(err)
	}
	filled := map[string]any{}
	for i, column := range columns {
		parsed, err := jsonpath.Parse(column.Name, "{"+column.JSONPath+"}")
		if err != nil {
			s.t.Fatal(err)
		}
		filled, _ = fill(filled, object(c.published), parsed.Root.Nodes[0].(*jsonpath.ListNode).Nodes, i).(map[string]any)
	}
	for name, obj := range map[string]map[string]any{"filled": filled, "empty": {}} {
		name += "-" + version
		s.store(p, version, name, obj)
		var stored unstructured.Unstructured
		s.get(p.object(version, name), "application/json", &stored.Object)
		want, err := convertor.ConvertToTable(s.t.Context(), &stored, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		var got metav1.Table
		s.get(p.object(version, name), table, &got)
		c.addCells(columns, want.Rows[0].Cells[1:], got)
	}
}

// addCells compares the cells of the served columns. An empty string is displayed like a missing value.
func (c *comparison) addCells(columns []apiextensionsv1.CustomResourceColumnDefinition, want []any, got metav1.Table) {
	served := slices.Clone(got.ColumnDefinitions)
	for i, column := range columns {
		j := slices.IndexFunc(served, func(s metav1.TableColumnDefinition) bool { return s.Name == column.Name })
		if j < 0 {
			continue
		}
		served[j].Name = "" // another column may have the same name
		c.add(".", "cell "+column.Name+" of "+column.JSONPath, want[i], got.Rows[0].Cells[j])
	}
}

// fill puts the i-th value at a JSONPath into a value with the given schema.
func fill(value any, schema map[string]any, nodes []jsonpath.Node, i int) any {
	if len(nodes) == 0 {
		return example(schema, i)
	}
	switch node := nodes[0].(type) {
	case *jsonpath.FieldNode:
		m, _ := value.(map[string]any)
		below, ok := object(schema["properties"])[node.Value]
		if !ok {
			below = schema["additionalProperties"]
		}
		return merge(m, map[string]any{node.Value: fill(m[node.Value], object(below), nodes[1:], i)})
	case *jsonpath.FilterNode: // of the form @.field == "text"
		list, _ := value.([]any)
		key, text := node.Left.Nodes[0].(*jsonpath.FieldNode).Value, node.Right.Nodes[0].(*jsonpath.TextNode).Text
		items := object(schema["items"])
		at := slices.IndexFunc(list, func(item any) bool { return object(item)[key] == text })
		if at < 0 {
			at, list = len(list), append(slices.Clone(list), map[string]any{key: text})
		}
		list[at] = fill(list[at], items, nodes[1:], i)
		return list
	default: // the index 0, or all elements
		list, _ := value.([]any)
		out := []any{nil, nil}
		copy(out, list)
		for j := range out {
			out[j] = fill(out[j], object(schema["items"]), nodes[1:], i+j)
		}
		return out
	}
}

// example returns the i-th value that matches a schema.
func example(schema map[string]any, i int) any {
	if list, ok := schema["enum"].([]any); ok {
		return list[i%len(list)]
	}
	switch {
	case schema["format"] == "date-time":
		return fmt.Sprintf("20%02d-01-01T00:00:00Z", i+1)
	case schema["type"] == "boolean":
		return true
	case schema["type"] == "integer", schema["x-kubernetes-int-or-string"] == true:
		return i + 1
	case schema["type"] == "array":
		return []any{example(object(schema["items"]), i), example(object(schema["items"]), i+1)}
	}
	return fmt.Sprint("value", i)
}

// object returns the URL path of an object.
func (p published) object(version, name string) string {
	resource := p.Names.Plural
	if p.Scope == apiextensionsv1.NamespaceScoped {
		resource = "namespaces/default/" + resource
	}
	return path.Join("/apis", p.group+".example.com", version, resource, name)
}

// store writes an object to etcd like the project's apiserver, but without validation.
func (s *server) store(p published, version, name string, obj map[string]any) {
	s.t.Helper()
	key := path.Join("/registry", p.group+".example.com", p.Names.Plural)
	metadata := map[string]any{"name": name, "uid": name, "creationTimestamp": time.Now().AddDate(-3, 0, 0).UTC().Format(time.RFC3339)}
	if p.Scope == apiextensionsv1.NamespaceScoped {
		metadata["namespace"], key = "default", path.Join(key, "default")
	}
	content, err := json.Marshal(merge(obj, map[string]any{"apiVersion": p.group + ".example.com/" + version, "kind": p.Names.Kind, "metadata": metadata}))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.etcd.Put(s.t.Context(), path.Join(key, name), string(content)); err != nil {
		s.t.Fatal(err)
	}
}

// connect connects to the etcd of the running project.
func (p *copied) connect() *clientv3.Client {
	p.t.Helper()
	state := filepath.Join(p.dir, ".builder")
	url, err := os.ReadFile(filepath.Join(state, "etcd.url"))
	if err != nil {
		p.t.Fatal(err)
	}
	pki := filepath.Join(state, "pki")
	authorities, err := cert.NewPool(filepath.Join(pki, "etcd-ca.crt"))
	if err != nil {
		p.t.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(pki, "etcd-client.crt"), filepath.Join(pki, "etcd-client.key"))
	if err != nil {
		p.t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{strings.TrimSpace(string(url))}, DialTimeout: time.Minute,
		TLS: &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { client.Close() })
	return client
}
