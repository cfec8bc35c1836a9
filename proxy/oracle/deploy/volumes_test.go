package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// mount writes the volumes of a container to its root file system. Each volume is in one container.
func mount(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, container corev1.Container, root string) error {
	for _, m := range container.VolumeMounts {
		for _, volume := range pod.Spec.Volumes {
			if volume.Name != m.Name {
				continue
			}
			dir := filepath.Join(root, m.MountPath)
			if volume.EmptyDir != nil {
				user, group := identity(pod)
				if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chown(dir, user, group)); err != nil {
					return err
				}
				continue
			}
			files, err := contents(ctx, client, pod, volume)
			if err != nil {
				return fmt.Errorf("volume %s: %w", volume.Name, err)
			}
			for name, content := range files {
				name = filepath.Join(dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, content, 0o644)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// contents returns the files of a volume.
func contents(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, volume corev1.Volume) (map[string][]byte, error) {
	if volume.Secret != nil {
		secret, err := client.CoreV1().Secrets(pod.Namespace).Get(ctx, volume.Secret.SecretName, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return secret.Data, nil
	}
	if volume.Projected == nil {
		return nil, errors.New("this kind of volume is not supported here")
	}
	files := map[string][]byte{}
	for _, source := range volume.Projected.Sources {
		switch {
		case source.ServiceAccountToken != nil:
			token, err := token(ctx, client, pod, source.ServiceAccountToken)
			if err != nil {
				return nil, err
			}
			files[source.ServiceAccountToken.Path] = []byte(token)
		case source.ConfigMap != nil:
			configMap, err := client.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, source.ConfigMap.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			for _, item := range source.ConfigMap.Items {
				files[item.Path] = []byte(configMap.Data[item.Key])
			}
		case source.DownwardAPI != nil:
			for _, item := range source.DownwardAPI.Items {
				value, err := field(pod, item.FieldRef)
				if err != nil {
					return nil, err
				}
				files[item.Path] = []byte(value)
			}
		default:
			return nil, errors.New("this kind of projected volume is not supported here")
		}
	}
	return files, nil
}

// token requests a token of the Pod's ServiceAccount, as the kubelet does.
func token(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, projection *corev1.ServiceAccountTokenProjection) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: projection.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	if projection.Audience != "" {
		request.Spec.Audiences = []string{projection.Audience}
	}
	request, err := client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return request.Status.Token, nil
}

// field returns the value of a field of the Pod.
func field(pod *corev1.Pod, ref *corev1.ObjectFieldSelector) (string, error) {
	switch ref.FieldPath {
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.name":
		return pod.Name, nil
	}
	return "", fmt.Errorf("field %s is not supported here", ref.FieldPath)
}

// identity returns the user and the group of the Pod's processes.
func identity(pod *corev1.Pod) (user, group int) {
	context := pod.Spec.SecurityContext
	return int(*context.RunAsUser), int(*context.RunAsGroup)
}
