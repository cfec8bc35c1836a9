package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/internal/regular"
)

var apiServices = apiregistrationv1.SchemeGroupVersion.WithResource("apiservices")

// A cluster is a client of the proxy with the administrator's rights.
type cluster struct {
	kubeconfig string
	config     *rest.Config
	dynamic    dynamic.Interface
	typed      kubernetes.Interface
	discovery  *discovery.DiscoveryClient
	mapper     meta.RESTMapper
}

// newCluster returns the cluster of a kubeconfig. The timeout applies to each request.
func newCluster(ctx context.Context, kubeconfig string, timeout time.Duration) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // there are no other clients
	config.Timeout = timeout
	c := &cluster{kubeconfig: kubeconfig, config: config}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return nil, err
	}
	groups, err := restmapper.GetAPIGroupResourcesWithContext(ctx, discovery.ToDiscoveryInterfaceWithContext(c.discovery))
	if err != nil {
		return nil, err
	}
	c.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	return c, nil
}

// apply applies the objects one after the other with server-side apply.
func (c *cluster) apply(ctx context.Context, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		kind := object.GroupVersionKind()
		mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return fmt.Errorf("%s %s: %w", kind.Kind, object.GetName(), err)
		}
		var client dynamic.ResourceInterface = c.dynamic.Resource(mapping.Resource)
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			client = c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace())
		}
		// A control plane that has just started creates its own namespaces, such as kube-system, shortly afterwards.
		var failure error
		err = wait(ctx, 10*time.Second, func(ctx context.Context) error {
			_, err := client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
			if apierrors.IsNotFound(err) {
				return err
			}
			failure = err
			return nil
		})
		if err = errors.Join(err, failure); err != nil {
			return fmt.Errorf("apply %s %s: %w", kind.Kind, object.GetName(), err)
		}
	}
	return nil
}

// writeKubeconfig writes a kubeconfig that authenticates a process as the ServiceAccount whose token is in a file. It refers to the file of
// the proxy's CA too, because processes reload files after a renewal.
func (c *cluster) writeKubeconfig(path, authority, tokenFile, namespace, serviceAccount string) error {
	config, err := clientcmd.LoadFromFile(c.kubeconfig)
	if err != nil {
		return err
	}
	if err := clientcmdapi.MinifyConfig(config); err != nil {
		return fmt.Errorf("%s: %w", c.kubeconfig, err)
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
func (c *cluster) writeToken(ctx context.Context, path, namespace, serviceAccount string, validity time.Duration) error {
	seconds := int64(max(validity, minTokenValidity) / time.Second)
	request, err := c.typed.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, serviceAccount,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("token of the ServiceAccount %s: %w", serviceAccount, err)
	}
	return regular.Replace(path, []byte(request.Status.Token))
}

// removeOthers deletes the APIServices of earlier runs that are not in keep, and returns their names.
func (c *cluster) removeOthers(ctx context.Context, keep []*unstructured.Unstructured) (removed []string, err error) {
	list, err := c.dynamic.Resource(apiServices).List(ctx, metav1.ListOptions{LabelSelector: managedBy + "=" + manager})
	if err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		if slices.ContainsFunc(keep, func(o *unstructured.Unstructured) bool { return o.GetName() == item.GetName() }) {
			continue
		}
		err := c.dynamic.Resource(apiServices).Delete(ctx, item.GetName(), metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return removed, err
		}
		removed = append(removed, item.GetName())
	}
	return removed, nil
}

// served returns an error until the APIServices are Available, and the proxy's discovery and OpenAPI, which kubectl reads, contain
// everything that their server serves. It does not wait for changes that only --revalidate-openapi detects.
func (c *cluster) served(ctx context.Context, objects []*unstructured.Unstructured, server *discovery.DiscoveryClient) error {
	for _, object := range objects {
		now, err := c.dynamic.Resource(apiServices).Get(ctx, object.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := available(now); err != nil {
			return err
		}
	}
	want, err := resourcesOf(ctx, server)
	if err != nil {
		return err
	}
	got, err := resourcesOf(ctx, c.discovery)
	if err != nil {
		return err
	}
	paths, err := c.discovery.OpenAPIV3WithContext(ctx).PathsWithContext(ctx)
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

// available returns an error with the message of the condition Available unless its status is True.
func available(apiService *unstructured.Unstructured) error {
	conditions, _, _ := unstructured.NestedSlice(apiService.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] != string(apiregistrationv1.Available) {
			continue
		}
		if condition["status"] == string(apiregistrationv1.ConditionTrue) {
			return nil
		}
		return fmt.Errorf("APIService %s is not Available: %v: %v", apiService.GetName(), condition["reason"], condition["message"])
	}
	return fmt.Errorf("APIService %s has no condition Available yet", apiService.GetName())
}

// groupVersion returns the group version of an APIService.
func groupVersion(apiService *unstructured.Unstructured) schema.GroupVersion {
	group, _, _ := unstructured.NestedString(apiService.Object, "spec", "group")
	version, _, _ := unstructured.NestedString(apiService.Object, "spec", "version")
	return schema.GroupVersion{Group: group, Version: version}
}
