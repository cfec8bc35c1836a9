package test

import (
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	k8sadmission "k8s.io/apiserver/pkg/admission"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/rest"

	"example.com/wardle/pkg/admission"
	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/apis/wardle/v1beta1"
	"example.com/wardle/pkg/apiserver"
	"example.com/wardle/pkg/generated/clientset/versioned"
	"example.com/wardle/pkg/registry"
)

// TestAdmissionBanFlunder checks that a flunder can't have a name that a fischer disallows, until the fischer is deleted.
func TestAdmissionBanFlunder(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.WardleV1alpha1()
	fischer := &v1alpha1.Fischer{ObjectMeta: metav1.ObjectMeta{Name: "ban"}, DisallowedFlunders: []string{"banned"}}
	if _, err := client.Fischers().Create(t.Context(), fischer, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	create := func(name string) error {
		flunder := &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := client.Flunders(metav1.NamespaceDefault).Create(t.Context(), flunder, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	eventually(t, func() error {
		if err := create("banned"); !apierrors.IsForbidden(err) {
			return errors.Join(errors.New("a banned flunder is not forbidden"), err)
		}
		return nil
	})
	if err := create("welcome"); err != nil {
		t.Error(err)
	}
	if err := client.Fischers().Delete(t.Context(), fischer.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return create("banned") })
}

// TestAdmissionBeforeSync checks that a request does not pass the plugin before its informers have synced.
func TestAdmissionBeforeSync(t *testing.T) {
	options, plugins := genericoptions.NewAdmissionOptions(), &admission.Plugins{}
	plugins.Register(options)
	plugin, err := options.Plugins.InitPlugin("BanFlunder", nil, k8sadmission.PluginInitializers{})
	if err != nil {
		t.Fatal(err)
	}
	server := genericapiserver.NewRecommendedConfig(apiserver.Codecs)
	server.ClientConfig, server.LoopbackClientConfig = config, &rest.Config{}
	if err := plugins.Setup(registry.NewDependencies(server)); err != nil { // nothing starts the informers
		t.Fatal(err)
	}
	admit := func(kind string) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		attributes := k8sadmission.NewAttributesRecord(&v1beta1.Flunder{}, nil, v1beta1.SchemeGroupVersion.WithKind(kind), metav1.NamespaceDefault, "hello",
			schema.GroupVersionResource{}, "", k8sadmission.Create, &metav1.CreateOptions{}, false, nil)
		mutation, ok := plugin.(k8sadmission.MutationInterface)
		if !ok {
			t.Fatalf("%T does not change objects", plugin)
		}
		return mutation.Admit(ctx, attributes, nil)
	}
	if err := admit("Flunder"); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("a flunder before the informers have synced: %v, want status 503", err)
	}
	if err := admit("Fischer"); err != nil {
		t.Errorf("a kind that the plugin does not handle: %v", err)
	}
}
