package run

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
	"github.com/apiserver-builder/builder/internal/regular"
)

// apiServicesFile is the manifest of the APIServices, relative to the project's folder.
const apiServicesFile = "config/base/apiserver/zz_generated.apiservices.yaml"

// managedBy is the label that identifies the APIServices of earlier runs.
const managedBy = "app.kubernetes.io/managed-by"

// readObjects reads the objects in a YAML file with any number of documents.
func readObjects(name string) ([]*unstructured.Unstructured, error) {
	content, err := regular.Read(name)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for number := 1; ; number++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", name, number, err)
		}
		if len(object) == 0 {
			continue // only comments
		}
		u := &unstructured.Unstructured{Object: object}
		if u.GetAPIVersion() == "" || u.GetKind() == "" || u.GetName() == "" {
			return nil, fmt.Errorf("%s: document %d has no apiVersion, no kind or no metadata.name", name, number)
		}
		objects = append(objects, u)
	}
}

// readIdentities reads the manifests that identify the project's processes: the namespace, the ServiceAccounts and their rights.
func readIdentities(dir string) ([]*unstructured.Unstructured, error) {
	files, err := fs.Glob(regular.DirFS(dir), "config/base/rbac/*.yaml") // not filepath.Glob, because dir may contain a *
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var objects []*unstructured.Unstructured
	for _, file := range append([]string{"config/base/namespace.yaml"}, files...) {
		if path.Base(file) == "kustomization.yaml" {
			continue
		}
		read, err := readObjects(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		objects = append(objects, read...)
	}
	return objects, nil
}

// isIdentity reports whether readIdentities reads a file.
func isIdentity(name string) bool {
	return name == "config/base/namespace.yaml" || path.Dir(name) == "config/base/rbac" && path.Ext(name) == ".yaml"
}

// readAPIServices reads the manifests of the APIServices, and makes them refer to a port of a Service on this machine.
func readAPIServices(dir string, port int, ca []byte) ([]*unstructured.Unstructured, error) {
	objects, err := readObjects(filepath.Join(dir, filepath.FromSlash(apiServicesFile)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // there are no kinds yet
	}
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.GetKind() != "APIService" {
			return nil, fmt.Errorf("%s: %s %s is not an APIService", apiServicesFile, object.GetKind(), object.GetName())
		}
		if err := unstructured.SetNestedField(object.Object, int64(port), "spec", "service", "port"); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", apiServicesFile, object.GetName(), err)
		}
		if err := setCABundle(object, ca); err != nil {
			return nil, err
		}
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[managedBy] = cluster.Manager
		object.SetLabels(labels)
	}
	return objects, nil
}

// setCABundle makes the APIService trust certificates that the CA signed.
func setCABundle(apiService *unstructured.Unstructured, ca []byte) error {
	if err := unstructured.SetNestedField(apiService.Object, base64.StdEncoding.EncodeToString(ca), "spec", "caBundle"); err != nil {
		return fmt.Errorf("%s: %s: %w", apiServicesFile, apiService.GetName(), err)
	}
	return nil
}

// localService returns a Service for a port of this machine.
func localService(namespace, name string, port int) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Service",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec": map[string]any{
			"type":         "ExternalName",
			"externalName": "localhost",
			"ports":        []any{map[string]any{"name": "https", "port": int64(port), "protocol": "TCP"}},
		},
	}}
}
