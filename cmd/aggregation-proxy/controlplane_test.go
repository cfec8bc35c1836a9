package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// newNamespace creates a namespace. It is not deleted after the test, because that would take a while.
func newNamespace(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

func newConfigMap(t *testing.T, client kubernetes.Interface, namespace string, meta metav1.ObjectMeta) *corev1.ConfigMap {
	t.Helper()
	made, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// token requests a ServiceAccount's token, and returns a configuration with no other credentials.
func token(t *testing.T, admin *rest.Config, namespace, account string) *rest.Config {
	t.Helper()
	var request *authenticationv1.TokenRequest
	eventually(t, "token for "+account, func(ctx context.Context) (err error) {
		request, err = clientFor(t, admin).CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		return err
	})
	config := rest.AnonymousClientConfig(admin)
	config.BearerToken = request.Status.Token
	return config
}

func TestReleaseIsToldAsAClusterWould(t *testing.T) {
	t.Parallel()
	version, err := shared.client(t).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.Major != "1" || !strings.HasPrefix(version.GitVersion, "v1."+version.Minor+".") {
		t.Errorf("/version says %+v", version)
	}
}

func TestAnonymousSeesHealthOnly(t *testing.T) {
	t.Parallel()
	client := clientFor(t, rest.AnonymousClientConfig(shared.config(t)))
	if _, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing namespaces gave %v, want forbidden", err)
	}
	if body, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context()); err != nil || string(body) != "ok" {
		t.Errorf("/readyz gave %q, %v", body, err)
	}
}

// TestRBAC checks that a user without permissions is refused, and allowed after an aggregated ClusterRole gets a rule.
func TestRBAC(t *testing.T) {
	t.Parallel()
	admin := shared.client(t)
	namespace := newNamespace(t, admin)
	config := shared.config(t)
	config.Impersonate.UserName = "jane"
	jane := clientFor(t, config).CoreV1().ConfigMaps(namespace)
	if _, err := jane.List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Fatalf("listing without rights gave %v, want forbidden", err)
	}
	_, err := admin.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "jane"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "jane"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "list as viewer", func(ctx context.Context) error {
		_, err := jane.List(ctx, metav1.ListOptions{})
		return err
	})
	if err := jane.Delete(t.Context(), "kube-root-ca.crt", metav1.DeleteOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("deleting as viewer gave %v, want forbidden", err)
	}
}

func TestNamespaceBeginsFurnishedAndEndsEmpty(t *testing.T) {
	t.Parallel()
	client := shared.client(t)
	core := client.CoreV1()
	namespace := newNamespace(t, client)
	eventually(t, "default ServiceAccount", func(ctx context.Context) error {
		_, err := core.ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	eventually(t, "kube-root-ca.crt", func(ctx context.Context) error {
		ca, err := core.ConfigMaps(namespace).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		if err == nil && ca.Data["ca.crt"] != string(shared.config(t).CAData) {
			return errors.New("holds another authority than the kubeconfig")
		}
		return err
	})
	newConfigMap(t, client, namespace, metav1.ObjectMeta{Name: "content"})
	if err := core.Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the namespace", func(ctx context.Context) error {
		if _, err := core.Namespaces().Get(ctx, namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("still there: %w", err)
		}
		return nil
	})
	if _, err := core.ConfigMaps(namespace).Get(t.Context(), "content", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace's content: %v, want not found", err)
	}
}

func TestServiceAccountTokenAuthenticates(t *testing.T) {
	t.Parallel()
	client := shared.client(t)
	namespace := newNamespace(t, client)
	review, err := clientFor(t, token(t, shared.config(t), namespace, "default")).AuthenticationV1().SelfSubjectReviews().
		Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := review.Status.UserInfo.Username, "system:serviceaccount:"+namespace+":default"; got != want {
		t.Errorf("the token's user is %q, want %q", got, want)
	}
}

func TestOwnedObjectsGoWithTheirOwner(t *testing.T) {
	t.Parallel()
	client := shared.client(t)
	namespace := newNamespace(t, client)
	maps := client.CoreV1().ConfigMaps(namespace)
	owner := newConfigMap(t, client, namespace, metav1.ObjectMeta{Name: "owner"})
	newConfigMap(t, client, namespace, metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
	}})
	newConfigMap(t, client, namespace, metav1.ObjectMeta{Name: "free"})
	if err := maps.Delete(t.Context(), owner.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the owned object", func(ctx context.Context) error {
		if _, err := maps.Get(ctx, "owned", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("still there: %w", err)
		}
		return nil
	})
	if _, err := maps.Get(t.Context(), "free", metav1.GetOptions{}); err != nil {
		t.Errorf("an object without owner: %v", err)
	}
}

func TestEndpointsAreMirroredToEndpointSlices(t *testing.T) {
	t.Parallel()
	client := shared.client(t)
	namespace := newNamespace(t, client)
	port := corev1.ServicePort{Port: 443}
	if _, err := client.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{port}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// deprecated, but mirrored to EndpointSlices
	//
	//nolint:staticcheck // deprecated, and what is mirrored
	if _, err := client.CoreV1().Endpoints(namespace).Create(t.Context(), &corev1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Subsets:    []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "192.0.2.1"}}, Ports: []corev1.EndpointPort{{Port: 8443}}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mirrored EndpointSlice", func(ctx context.Context) error {
		slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=api"})
		if err == nil && len(slices.Items) == 0 {
			return errors.New("none yet")
		}
		return err
	})
}

// TestReadyMeansReady checks that the objects of every cluster exist when the proxy prints the ready line.
func TestReadyMeansReady(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	client := p.client(t)
	if _, err := client.RbacV1().ClusterRoleBindings().Get(t.Context(), "system:basic-user", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := client.RbacV1().Roles("kube-system").Get(t.Context(), "extension-apiserver-authentication-reader", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := client.SchedulingV1().PriorityClasses().Get(t.Context(), "system-node-critical", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	trust, err := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := json.Unmarshal([]byte(trust.Data["requestheader-allowed-names"]), &names); err != nil || !slices.Contains(names, "front-proxy-client") {
		t.Errorf("requestheader-allowed-names: %v, %v", names, err)
	}
	newConfigMap(t, client, metav1.NamespaceDefault, metav1.ObjectMeta{Name: "first"})

	checks, err := client.RESTClient().Get().AbsPath("/readyz").Param("verbose", "").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{"rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes"} {
		if !strings.Contains(string(checks), "[+]poststarthook/"+check+" ok") {
			t.Errorf("/readyz does not tell about %s:\n%s", check, checks)
		}
	}
	p.stopQuietly(t)
}

// TestNothingIsAddedBeforeAnAPIServiceIs checks that a new proxy serves only the built-in groups.
func TestNothingIsAddedBeforeAnAPIServiceIs(t *testing.T) {
	t.Parallel()
	client := shared.client(t)
	var status int
	client.RESTClient().Get().AbsPath("/apis/unregistered.example.com/v1").Do(t.Context()).StatusCode(&status)
	if status != http.StatusNotFound {
		t.Errorf("an unregistered group answers %d, want %d", status, http.StatusNotFound)
	}
}

// TestKubeAPIServersFlags checks the effect of some flags of kube-apiserver.
func TestKubeAPIServersFlags(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--runtime-config", "api/beta=true", "--feature-gates", "PodTopologyLabelsAdmission=false",
		"--enable-admission-plugins", "AlwaysPullImages", "--disable-admission-plugins", "NamespaceLifecycle")
	client := p.client(t)
	metrics, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil || !strings.Contains(string(metrics), `kubernetes_feature_enabled{name="PodTopologyLabelsAdmission",stage="BETA"} 0`) {
		t.Errorf("--feature-gates: %v", err)
	}
	groups, err := client.Discovery().ServerGroups()
	if err != nil {
		t.Fatal(err)
	}
	beta := func(v metav1.GroupVersionForDiscovery) bool { return strings.Contains(v.Version, "beta") }
	if !slices.ContainsFunc(groups.Groups, func(g metav1.APIGroup) bool { return slices.ContainsFunc(g.Versions, beta) }) {
		t.Errorf("--runtime-config: no beta version in %v", groups.Groups)
	}
	eventually(t, "default ServiceAccount", func(ctx context.Context) error { // the warning about the Pod
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pulled"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/c:v1"}}},
	}
	if pod, err = client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := pod.Spec.Containers[0].ImagePullPolicy; got != corev1.PullAlways {
		t.Errorf("--enable-admission-plugins: imagePullPolicy is %q, want %q", got, corev1.PullAlways)
	}
	newConfigMap(t, client, "nowhere", metav1.ObjectMeta{Name: "in-no-namespace"}) // --disable-admission-plugins
}
