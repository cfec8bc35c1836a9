package deploy_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/client-go/kubernetes"
)

// auditPolicy logs the requests of ServiceAccounts of the projects.
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts:shop-system", "system:serviceaccounts:wardle-system"]
  - level: None
`

// permission is a verb on a resource, as in a rule of a role.
type permission struct{ account, namespace, group, resource, verb string }

// exempt returns why a permission need not be used, or an empty string.
func exempt(p permission, used map[permission]bool) string {
	watch := p
	watch.verb = "watch"
	switch {
	case p.verb == "list" && used[watch]:
		return "informers list if kube-apiserver does not send initial events in watches"
	case p.verb == "get" && p.resource == "namespaces":
		return "admission reads a namespace that is not in its cache yet"
	case p.verb == "get" && used[watch]:
		return "who may list and watch may also get; the apiserver requires all three"
	case p.verb == "update" && strings.HasSuffix(p.resource, "/finalizers"):
		return "owner references that block deletion require it if OwnerReferencesPermissionEnforcement is on"
	case p.verb == "patch" && p.resource == "events":
		return "an event that is repeated is changed"
	}
	return ""
}

// testRules checks with the audit log that no request of the project's ServiceAccounts was forbidden, and that each permission in the
// project's roles was used.
func testRules(t *testing.T, client kubernetes.Interface, log string) {
	t.Helper()
	used, forbidden, err := requests(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range slices.Sorted(maps.Keys(forbidden)) {
		t.Errorf("forbidden: %s", request)
	}
	granted, err := permissions(t, client)
	if err != nil {
		t.Fatal(err)
	}
	if len(granted) == 0 {
		t.Error("no permission is granted")
	}
	for p, role := range granted {
		if !used[p] && exempt(p, used) == "" {
			t.Errorf("no request needed %s %s in group %q, which %s grants to %s", p.verb, p.resource, p.group, role, p.account)
		}
	}
}

// requests returns the permissions that requests needed, in their namespace and in all, and the requests that were forbidden.
func requests(log string) (used map[permission]bool, forbidden map[string]bool, err error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	used, forbidden = map[permission]bool{}, map[string]bool{}
	for events := json.NewDecoder(bufio.NewReader(f)); ; {
		var event auditv1.Event
		if err := events.Decode(&event); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return used, forbidden, nil
		} else if err != nil {
			return nil, nil, err
		}
		if event.Annotations["authorization.k8s.io/decision"] == "forbid" {
			forbidden[fmt.Sprintf("%s %s by %s", event.Verb, event.RequestURI, event.User.Username)] = true
		}
		if event.ObjectRef == nil {
			continue
		}
		resource := event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			resource += "/" + event.ObjectRef.Subresource
		}
		for _, namespace := range []string{"", event.ObjectRef.Namespace} {
			used[permission{event.User.Username, namespace, event.ObjectRef.APIGroup, resource, event.Verb}] = true
		}
	}
}

// permissions returns what the roles grant that are bound to the projects' ServiceAccounts, with the role. Kubernetes' own roles are left out.
func permissions(t *testing.T, client kubernetes.Interface) (map[permission]string, error) {
	granted := map[permission]string{}
	add := func(subjects []rbacv1.Subject, namespace, role string, rules []rbacv1.PolicyRule) {
		for _, subject := range subjects {
			if subject.Kind != rbacv1.ServiceAccountKind || !strings.HasSuffix(subject.Namespace, "-system") || subject.Namespace == metav1.NamespaceSystem {
				continue
			}
			account := serviceaccount.MakeUsername(subject.Namespace, subject.Name)
			for _, rule := range rules {
				for _, group := range rule.APIGroups {
					for _, resource := range rule.Resources {
						for _, verb := range rule.Verbs {
							granted[permission{account, namespace, group, resource, verb}] = role
						}
					}
				}
			}
		}
	}
	rbac := client.RbacV1()
	bindings, err := rbac.ClusterRoleBindings().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, b := range bindings.Items {
		role, err := rbac.ClusterRoles().Get(t.Context(), b.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(role.Name, "system:") {
			add(b.Subjects, "", "ClusterRole "+role.Name, role.Rules)
		}
	}
	inNamespaces, err := rbac.RoleBindings("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, b := range inNamespaces.Items {
		if b.RoleRef.Kind != "Role" || b.Namespace == metav1.NamespaceSystem {
			continue
		}
		role, err := rbac.Roles(b.Namespace).Get(t.Context(), b.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		add(b.Subjects, b.Namespace, "Role "+role.Name, role.Rules)
	}
	return granted, nil
}
