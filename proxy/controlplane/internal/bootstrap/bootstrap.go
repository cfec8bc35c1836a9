// Package bootstrap writes the objects that every cluster starts with: roles, bindings and priority classes.
package bootstrap

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

// parallelism is the number of concurrent writes that flow control admits from the loopback client without queueing.
const parallelism = 16

// Hooks returns hooks that replace kube-apiserver's hooks of the same names. Readiness waits for these hooks, and kube-apiserver's
// sleep for a second before their first attempt.
func Hooks() map[string]genericapiserver.PostStartHookFunc {
	return map[string]genericapiserver.PostStartHookFunc{
		rbacrest.PostStartHookName:                     createRBAC,
		"scheduling/bootstrap-system-priority-classes": createPriorityClasses,
	}
}

// create writes one object.
type create func(context.Context) error

// createAll writes the objects in parallel, and skips existing ones.
func createAll(ctx context.Context, objects []create) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelism)
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

// createRBAC writes missing roles and bindings, and then runs the original hook in the background, which updates those of an older
// version.
func createRBAC(hook genericapiserver.PostStartHookContext) error {
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

// missingRBAC returns the missing objects of the bootstrap policy, and the namespaces that they need.
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

// namespacedRBAC returns the roles and bindings in kube-system and kube-public, and these namespaces.
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

// createPriorityClasses writes system-cluster-critical and system-node-critical.
func createPriorityClasses(hook genericapiserver.PostStartHookContext) error {
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
