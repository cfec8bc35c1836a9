package proxy

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	schedulingv1 "k8s.io/kubernetes/pkg/apis/scheduling/v1"
	rbacrest "k8s.io/kubernetes/pkg/registry/rbac/rest"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

// kube-apiserver's hooks that write the objects every cluster begins with. Both sleep a second before they try, and
// readiness waits for them; bootstrapRBAC and bootstrapPriorityClasses stand in, under the same names.
const (
	rbacHook            = rbacrest.PostStartHookName
	priorityClassesHook = "scheduling/bootstrap-system-priority-classes"
	// As many writes at once as flow control lets the loopback client have without queueing.
	bootstrapParallelism = 16
)

// create is one object to write.
type create func(context.Context) error

// createAll writes all the objects at once; one that is there already is left alone.
func createAll(ctx context.Context, objects []create) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bootstrapParallelism)
	for _, object := range objects {
		g.Go(func() error {
			if err := object(ctx); err != nil && !apierrors.IsAlreadyExists(err) {
				return err
			}
			return nil
		})
	}
	return g.Wait()
}

// bootstrapRBAC writes the roles and bindings that are missing, and leaves it to the stock hook, in the background, to
// bring those of an older version up to date.
func bootstrapRBAC(hook genericapiserver.PostStartHookContext) error {
	client, err := kubernetes.NewForConfig(hook.LoopbackClientConfig)
	if err != nil {
		return err
	}
	namespaces, objects, err := missingRBAC(hook, client)
	if err != nil {
		return fmt.Errorf("list the bootstrap roles: %w", err)
	}
	if err := createAll(hook, namespaces); err != nil {
		return fmt.Errorf("create the system namespaces: %w", err)
	}
	if err := createAll(hook, objects); err != nil {
		return fmt.Errorf("create the bootstrap roles: %w", err)
	}
	_, stock, err := rbacrest.RESTStorageProvider{}.PostStartHook()
	if err != nil {
		return err
	}
	go func() {
		if err := stock(hook); err != nil && hook.Err() == nil {
			klog.ErrorS(err, "Bringing the bootstrap roles up to date failed")
		}
	}()
	return nil
}

// missingRBAC returns the bootstrap policy's objects that don't exist yet, after the namespaces they need.
func missingRBAC(ctx context.Context, client kubernetes.Interface) (namespaces, objects []create, err error) {
	rbac := client.RbacV1()
	roles, err := rbac.ClusterRoles().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, nil, err
	}
	have := sets.New[string]()
	for i := range roles.Items {
		have.Insert(roles.Items[i].Name)
	}
	for _, r := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		if !have.Has(r.Name) {
			objects = append(objects, func(ctx context.Context) error {
				_, err := rbac.ClusterRoles().Create(ctx, &r, metav1.CreateOptions{})
				return err
			})
		}
	}
	bindings, err := rbac.ClusterRoleBindings().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, nil, err
	}
	have = sets.New[string]()
	for i := range bindings.Items {
		have.Insert(bindings.Items[i].Name)
	}
	for _, b := range append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...) {
		if !have.Has(b.Name) {
			objects = append(objects, func(ctx context.Context) error {
				_, err := rbac.ClusterRoleBindings().Create(ctx, &b, metav1.CreateOptions{})
				return err
			})
		}
	}
	namespaces, namespaced := namespacedRBAC(client)
	return namespaces, append(objects, namespaced...), nil
}

// namespacedRBAC is the few roles and bindings in kube-system and kube-public.
func namespacedRBAC(client kubernetes.Interface) (namespaces, objects []create) {
	rbac := client.RbacV1()
	names := sets.New[string]()
	for namespace, roles := range bootstrappolicy.NamespaceRoles() {
		names.Insert(namespace)
		for _, r := range roles {
			objects = append(objects, func(ctx context.Context) error {
				_, err := rbac.Roles(namespace).Create(ctx, &r, metav1.CreateOptions{})
				return err
			})
		}
	}
	for namespace, bindings := range bootstrappolicy.NamespaceRoleBindings() {
		names.Insert(namespace)
		for _, b := range bindings {
			objects = append(objects, func(ctx context.Context) error {
				_, err := rbac.RoleBindings(namespace).Create(ctx, &b, metav1.CreateOptions{})
				return err
			})
		}
	}
	for name := range names {
		namespaces = append(namespaces, func(ctx context.Context) error {
			_, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			return err
		})
	}
	return namespaces, objects
}

// bootstrapPriorityClasses writes system-cluster-critical and system-node-critical.
func bootstrapPriorityClasses(hook genericapiserver.PostStartHookContext) error {
	client, err := kubernetes.NewForConfig(hook.LoopbackClientConfig)
	if err != nil {
		return err
	}
	var objects []create
	for _, class := range schedulingv1.SystemPriorityClasses() {
		objects = append(objects, func(ctx context.Context) error {
			_, err := client.SchedulingV1().PriorityClasses().Create(ctx, class, metav1.CreateOptions{})
			return err
		})
	}
	if err := createAll(hook, objects); err != nil {
		return fmt.Errorf("create the system priority classes: %w", err)
	}
	return nil
}
