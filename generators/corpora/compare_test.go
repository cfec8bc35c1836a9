package corpora

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A comparison collects the differences between a CustomResourceDefinition and the API that builder's apiserver serves, one per line.
type comparison struct {
	kind string
	// published is a schema with references to publishedSchemas. Served schemas refer to schemas.
	published, publishedSchemas, schemas map[string]any

	differences []string
}

func (c *comparison) add(path, what string, published, served any) {
	if a, b := text(published), text(served); a != b {
		c.differences = append(c.differences, fmt.Sprintf("%s %s %s: published %s, served %s", c.kind, path, what, a, b))
	}
}

// text returns a value as JSON, or "-" if there is none.
func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if s := string(b); s != "null" && s != "[]" && s != `""` {
		return s
	}
	return "-"
}

// compare compares a resource in one version with the served resource. It does not compare the columns of Kubernetes' own resources, which
// kube-apiserver defines in Go.
func compare(p published, version apiextensionsv1.CustomResourceDefinitionVersion, server *server) []string {
	s := server.resource(p, version.Name)
	c := &comparison{kind: p.Names.Kind + "/" + version.Name, published: p.schema, publishedSchemas: p.schemas, schemas: s.schemas}
	if p.schema != nil {
		c.kind = "Kubernetes' " + c.kind
	}
	c.compareNames(p, version, s.discovery)
	if c.published == nil {
		if b, err := json.Marshal(version.Schema.OpenAPIV3Schema); err != nil || json.Unmarshal(b, &c.published) != nil {
			return []string{fmt.Sprintf("%s: the published schema isn't JSON: %v", c.kind, err)}
		}
		columns := version.AdditionalPrinterColumns
		if len(columns) == 0 { // then the table of a custom resource shows the age
			columns = []apiextensionsv1.CustomResourceColumnDefinition{{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp"}}
		}
		c.compareColumns(columns, s.columns)
		c.compareCells(p, version.Name, columns, server)
	}
	c.compareSchemas("", c.published, s.schema, nil)
	return c.differences
}

// compareNames compares the names of a resource, its scope and its subresources.
func (c *comparison) compareNames(p published, version apiextensionsv1.CustomResourceDefinitionVersion, resources []metav1.APIResource) {
	find := func(name string) *metav1.APIResource {
		i := slices.IndexFunc(resources, func(r metav1.APIResource) bool { return r.Name == name })
		if i < 0 {
			return nil
		}
		return &resources[i]
	}
	r := find(p.Names.Plural)
	if r == nil {
		c.add(".", "resource", p.Names.Plural, nil)
		return
	}
	c.add(".", "kind", p.Names.Kind, r.Kind)
	c.add(".", "singular", p.Names.Singular, r.SingularName)
	c.add(".", "short names", p.Names.ShortNames, r.ShortNames)
	c.add(".", "categories", p.Names.Categories, r.Categories)
	c.add(".", "namespaced", p.Scope == apiextensionsv1.NamespaceScoped, r.Namespaced)
	subresources := version.Subresources
	if subresources == nil {
		subresources = &apiextensionsv1.CustomResourceSubresources{}
	}
	c.add(".", "status subresource", subresources.Status != nil, find(p.Names.Plural+"/status") != nil)
	c.add(".", "scale subresource", subresources.Scale != nil, find(p.Names.Plural+"/scale") != nil)
}

// compareColumns compares the columns after the first one, which is the name.
func (c *comparison) compareColumns(columns []apiextensionsv1.CustomResourceColumnDefinition, served []metav1.TableColumnDefinition) {
	if len(served) > 0 && served[0].Name == "Name" {
		served = served[1:]
	}
	var order, servedOrder []string
	for _, column := range columns {
		order = append(order, column.Name)
	}
	for _, column := range served {
		servedOrder = append(servedOrder, column.Name)
		i := slices.IndexFunc(columns, func(p apiextensionsv1.CustomResourceColumnDefinition) bool { return p.Name == column.Name })
		if i < 0 {
			continue
		}
		p := columns[i]
		columns = slices.Delete(slices.Clone(columns), i, i+1) // another one may have the same name
		if p.Description == "" {
			column.Description = "" // builder uses the field's comment as the description
		}
		c.add(".", "column "+p.Name, []any{p.Type, p.Format, p.Description, p.Priority}, []any{column.Type, column.Format, column.Description, column.Priority})
	}
	c.add(".", "columns", order, servedOrder)
}

// compareSchemas compares two schemas recursively.
func (c *comparison) compareSchemas(path string, published, served map[string]any, within []string) {
	served, within, recursive := resolve(c.schemas, served, within)
	published, _, _ = resolve(c.publishedSchemas, published, nil)
	published, served = c.normalize(published), c.normalize(served)
	if recursive {
		c.add(path, "recursion", nil, "refers to itself")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(merge(published, served))) {
		switch key {
		case "properties":
			c.compareProperties(path, object(published[key]), object(served[key]), within)
		case "items", "additionalProperties":
			below := path + map[string]string{"items": "[]", "additionalProperties": "{}"}[key]
			a, aOK := published[key].(map[string]any)
			b, bOK := served[key].(map[string]any)
			if aOK && bOK {
				c.compareSchemas(below, a, b, within)
			} else {
				c.add(below, "schema", presence(published[key]), presence(served[key]))
			}
		case "x-kubernetes-validations":
			c.compareRules(path, published[key], served[key])
		default:
			c.add(path, key, published[key], served[key])
		}
	}
}

func (c *comparison) compareProperties(path string, published, served map[string]any, within []string) {
	for _, name := range slices.Sorted(maps.Keys(merge(published, served))) {
		below := path + "." + name
		if path == "" && name == "metadata" {
			continue // a definition leaves this to the server
		}
		a, aOK := published[name].(map[string]any)
		b, bOK := served[name].(map[string]any)
		if aOK && bOK {
			c.compareSchemas(below, a, b, within)
		} else {
			c.add(below, "property", presence(published[name]), presence(served[name]))
		}
	}
}

// compareRules compares CEL rules one by one.
func (c *comparison) compareRules(path string, published, served any) {
	rules := func(of any) map[string]any {
		out := map[string]any{}
		list, _ := of.([]any)
		for _, rule := range list {
			out[text(rule)] = rule
		}
		return out
	}
	a, b := rules(published), rules(served)
	for _, rule := range slices.Sorted(maps.Keys(merge(a, b))) {
		c.add(path, "rule", a[rule], b[rule])
	}
}

// resolve follows the references of a schema. It reports whether the schema contains itself.
func resolve(schemas, schema map[string]any, within []string) (map[string]any, []string, bool) {
	for {
		schema = maps.Clone(schema)
		ref, _ := schema["$ref"].(string)
		delete(schema, "$ref")
		if all, ok := schema["allOf"].([]any); ok && len(all) == 1 && ref == "" { // a schema with a reference cannot have other fields
			if ref, ok = all[0].(map[string]any)["$ref"].(string); ok {
				delete(schema, "allOf")
			}
		}
		if ref == "" {
			return schema, within, false
		}
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		if slices.Contains(within, name) {
			return schema, within, true
		}
		within = append(slices.Clone(within), name)
		schema = merge(object(schemas[name]), schema)
	}
}

// normalize removes fields that are not compared, and converts equivalent schemas to the same form.
func (c *comparison) normalize(schema map[string]any) map[string]any {
	schema = maps.Clone(schema)
	for _, key := range []string{"description", "title", "x-kubernetes-group-version-kind"} { // the first two come from comments in Go
		delete(schema, key)
	}
	if c.publishedSchemas == nil { // custom resources have no strategic merge patches
		delete(schema, "x-kubernetes-patch-merge-key")
		delete(schema, "x-kubernetes-patch-strategy")
	}
	if text(schema["default"]) == "{}" {
		delete(schema, "default") // from openapi-gen, for any struct that is not a pointer
	}
	integerOrString := func(key, other string) bool {
		list, _ := schema[key].([]any)
		return len(list) == 2 && (text(list) == `[{"type":"`+other+`"},{"type":"string"}]` || text(list) == `[{"type":"string"},{"type":"`+other+`"}]`)
	}
	if schema["x-kubernetes-int-or-string"] == true || schema["format"] == "int-or-string" || integerOrString("oneOf", "number") {
		for _, key := range []string{"x-kubernetes-int-or-string", "format", "oneOf", "anyOf", "type"} {
			delete(schema, key)
		}
		schema["type"] = "integer or string"
	}
	for _, key := range []string{"enum", "required"} {
		if list, ok := schema[key].([]any); ok {
			list = slices.Clone(list)
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
			schema[key] = list
		}
	}
	return schema
}

// merge returns the entries of both maps. Entries of b take precedence.
func merge(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

func object(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// presence returns a summary of a schema that exists only on one side.
func presence(value any) any {
	if m, ok := value.(map[string]any); ok {
		if t, ok := m["type"].(string); ok {
			return t
		}
		return "any"
	}
	return value
}
