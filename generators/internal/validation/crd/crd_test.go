// Package crd compares the validation of examples/fruit with that of a CRD for the same Go types. It runs kube-apiserver's code for custom
// resources in the test's process.
package crd

import (
	"context"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	apiextensionsvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/gengo/v2/types"

	"example.com/shop/pkg/apis/fruit/v1beta1"
	"example.com/shop/pkg/generated/validation"

	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
)

// A validator validates custom resources.
type validator interface {
	Validate(ctx context.Context, obj runtime.Object) field.ErrorList
	ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList
}

// customResources returns the validator of a CRD with the markers of v1beta1's Apple.
func customResources(t testing.TB) validator {
	t.Helper()
	name := types.Name{Package: "example.com/shop/pkg/apis/fruit/v1beta1", Name: "Apple"}
	schemas, problems, err := schema.Read(t.Context(), "../../../../examples/fruit", nil, "example.com/shop", []types.Name{name})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	properties := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schemas.Kind(name).DeepCopy(), properties, nil); err != nil {
		t.Fatal(err)
	}
	structural, err := structuralschema.NewStructural(properties)
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := apiextensionsvalidation.NewSchemaValidator(properties)
	if err != nil {
		t.Fatal(err)
	}
	status := properties.Properties["status"]
	ofStatus, _, err := apiextensionsvalidation.NewSchemaValidator(&status)
	if err != nil {
		t.Fatal(err)
	}
	kind := v1beta1.SchemeGroupVersion.WithKind("Apple")
	return customresource.NewStrategy(nil, true, kind, whole, ofStatus, structural, &apiextensions.CustomResourceSubresourceStatus{}, nil, nil)
}

// ours returns a scheme with the generated validation.
func ours(t testing.TB) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := validation.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}
