package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
	"github.com/apiserver-builder/builder/internal/regular"
)

// An administrator is a client of the proxy with all rights.
type administrator struct {
	*cluster.Cluster
	kubeconfig string
	config     *rest.Config
	typed      kubernetes.Interface
}

// newAdministrator returns the client of a kubeconfig. The timeout applies to each request.
func newAdministrator(kubeconfig string, timeout time.Duration) (*administrator, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // there are no other clients
	config.Timeout = timeout
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	client, err := cluster.New(config, metav1.NamespaceDefault)
	return &administrator{client, kubeconfig, config, typed}, err
}

// apply applies the objects one after the other.
func (a *administrator) apply(ctx context.Context, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		// A control plane that has just started creates its own namespaces, such as kube-system, shortly afterwards.
		var failure error
		err := wait(ctx, 10*time.Second, func(ctx context.Context) error {
			err := a.Apply(ctx, object)
			if apierrors.IsNotFound(err) {
				return err
			}
			failure = err
			return nil
		})
		if err = errors.Join(err, failure); err != nil {
			return fmt.Errorf("apply %s: %w", cluster.Name(object), err)
		}
	}
	return nil
}

// writeKubeconfig writes a kubeconfig that authenticates a process as the ServiceAccount whose token is in a file. It refers to the file of
// the proxy's CA too, because processes reload files after a renewal.
func (a *administrator) writeKubeconfig(path, authority, tokenFile, namespace, serviceAccount string) error {
	config, err := clientcmd.LoadFromFile(a.kubeconfig)
	if err != nil {
		return err
	}
	if err := clientcmdapi.MinifyConfig(config); err != nil {
		return fmt.Errorf("%s: %w", a.kubeconfig, err)
	}
	current := config.Contexts[config.CurrentContext]
	current.AuthInfo, current.Namespace = serviceAccount, namespace
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{serviceAccount: {TokenFile: tokenFile}}
	server := config.Clusters[current.Cluster]
	server.CertificateAuthority, server.CertificateAuthorityData = authority, nil
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return regular.Replace(path, content)
}

// writeToken writes a new token of the ServiceAccount to a file.
func (a *administrator) writeToken(ctx context.Context, path, namespace, serviceAccount string, validity time.Duration) error {
	seconds := int64(max(validity, minTokenValidity) / time.Second)
	request, err := a.typed.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, serviceAccount,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("token of the ServiceAccount %s: %w", serviceAccount, err)
	}
	return regular.Replace(path, []byte(request.Status.Token))
}

// removeOthers deletes the APIServices of earlier runs that are not in keep, and returns their names.
func (a *administrator) removeOthers(ctx context.Context, keep []*unstructured.Unstructured) (removed []string, err error) {
	others, err := a.APIServices(ctx, func(found *unstructured.Unstructured) bool {
		kept := func(o *unstructured.Unstructured) bool { return o.GetName() == found.GetName() }
		return found.GetLabels()[managedBy] == cluster.Manager && !slices.ContainsFunc(keep, kept)
	})
	for _, other := range others {
		if _, err := a.Delete(ctx, other); err != nil {
			return removed, err
		}
		removed = append(removed, other.GetName())
	}
	return removed, err
}

// served returns an error until the APIServices are Available, and the proxy's discovery and OpenAPI, which kubectl reads, contain
// everything that their server serves. It does not wait for changes that only --revalidate-openapi detects.
func (a *administrator) served(ctx context.Context, objects []*unstructured.Unstructured, server *discovery.DiscoveryClient) error {
	for _, object := range objects {
		now, err := a.Dynamic.Resource(cluster.APIServices).Get(ctx, object.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := cluster.Available(now); err != nil {
			return fmt.Errorf("%s is not Available: %w", cluster.Name(object), err)
		}
	}
	want, err := resourcesOf(ctx, server)
	if err != nil {
		return err
	}
	got, err := resourcesOf(ctx, a.Discovery)
	if err != nil {
		return err
	}
	paths, err := a.Discovery.OpenAPIV3WithContext(ctx).PathsWithContext(ctx)
	if err != nil {
		return err
	}
	for _, object := range objects {
		version := groupVersion(object)
		if names := got[version]; len(names) == 0 || !slices.Equal(names, want[version]) {
			return fmt.Errorf("%s is Available, but discovery lists %q instead of %q", version, names, want[version])
		}
		if _, ok := paths["apis/"+version.String()]; !ok {
			return fmt.Errorf("%s is Available but not in /openapi/v3", version)
		}
	}
	return nil
}

// resourcesOf returns the sorted names of the resources of each version in the discovery of a server or of the aggregation layer.
func resourcesOf(ctx context.Context, client *discovery.DiscoveryClient) (map[schema.GroupVersion][]string, error) {
	_, lists, _, err := client.GroupsAndMaybeResourcesWithContext(ctx)
	names := map[schema.GroupVersion][]string{}
	for version, list := range lists {
		for _, resource := range list.APIResources {
			names[version] = append(names[version], resource.Name)
		}
		slices.Sort(names[version])
	}
	return names, err
}

// groupVersion returns the group version of an APIService.
func groupVersion(apiService *unstructured.Unstructured) schema.GroupVersion {
	group, _, _ := unstructured.NestedString(apiService.Object, "spec", "group")
	version, _, _ := unstructured.NestedString(apiService.Object, "spec", "version")
	return schema.GroupVersion{Group: group, Version: version}
}
