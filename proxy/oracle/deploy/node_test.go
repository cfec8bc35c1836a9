package deploy_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// interval is the time between two looks at the Pods.
const interval = 250 * time.Millisecond

// node does what the scheduler and the kubelet of one node do.
type node struct {
	t      *testing.T
	client kubernetes.Interface
	// images contains the root file systems of the images, dir those of the containers, and their logs.
	images, dir string
	running     sync.WaitGroup
	pods        map[types.UID]bool
}

// startNode runs all Pods until the test ends.
func startNode(t *testing.T, client kubernetes.Interface, images string) *node {
	t.Helper()
	n := &node{t: t, client: client, images: images, dir: t.TempDir(), pods: map[types.UID]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n.running.Go(func() {
		for ctx.Err() == nil {
			n.look(ctx)
			time.Sleep(interval)
		}
	})
	t.Cleanup(func() {
		cancel()
		n.running.Wait()
	})
	return n
}

// look starts the Pods that do not run.
func (n *node) look(ctx context.Context) {
	pods, err := n.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return // the test has ended, or kube-apiserver does not answer for a moment
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if n.pods[pod.UID] {
			continue
		}
		n.pods[pod.UID] = true
		network, err := newPodNetwork()
		if err != nil {
			n.t.Error(err)
			continue
		}
		p := &runningPod{node: n, network: network, dir: filepath.Join(n.dir, pod.Name)}
		n.running.Go(func() { p.run(ctx, pod) })
	}
}

// runningPod is a Pod whose containers run.
type runningPod struct {
	*node
	network    *network
	dir        string
	containers []*container
}

// run runs the Pod until it is deleted.
func (p *runningPod) run(ctx context.Context, pod *corev1.Pod) {
	defer p.network.remove()
	pods := p.client.CoreV1().Pods(pod.Namespace)
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, UID: pod.UID}, Target: corev1.ObjectReference{Kind: "Node", Name: "node"}}
	if err := pods.Bind(ctx, binding, metav1.CreateOptions{}); err != nil && ctx.Err() == nil {
		p.t.Errorf("Pod %s: %v", pod.Name, err)
	}
	for ; ; time.Sleep(interval) {
		current, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil || current.UID != pod.UID { // the test has ended, or the Pod is gone
			p.stop(0)
			return
		}
		if current.DeletionTimestamp != nil {
			p.stop(time.Duration(*current.DeletionGracePeriodSeconds) * time.Second)
			now := int64(0)
			_ = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
			return
		}
		if err := p.sync(ctx, current); err != nil && ctx.Err() == nil {
			p.t.Logf("Pod %s: %v", pod.Name, err)
		}
	}
}

func (p *runningPod) stop(grace time.Duration) {
	var stopping sync.WaitGroup
	for _, c := range p.containers {
		stopping.Go(func() { c.stop(grace) })
	}
	stopping.Wait()
}

// sync starts the containers that do not run, and reports the state of all. A container that has ended is an error: the tests end none.
func (p *runningPod) sync(ctx context.Context, pod *corev1.Pod) error {
	specs := append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...)
	for i, spec := range specs {
		root, log := filepath.Join(p.dir, spec.Name), filepath.Join(p.dir, spec.Name+".log")
		if i < len(p.containers) {
			c := p.containers[i]
			if c.exited() {
				p.t.Errorf("Pod %s: container %s has ended:\n%s", pod.Name, spec.Name, tail(log))
				c.restarts++
				if err := c.start(pod, p.network, root, log); err != nil {
					return err
				}
			}
			continue
		}
		if err := rootFileSystem(p.images, spec.Image, root); err != nil {
			return fmt.Errorf("image %s: %w", spec.Image, err)
		}
		if err := mount(ctx, p.client, pod, spec, root); err != nil {
			return err
		}
		c := &container{spec: spec}
		if err := c.start(pod, p.network, root, log); err != nil {
			return fmt.Errorf("container %s: %w", spec.Name, err)
		}
		p.containers = append(p.containers, c)
	}
	return p.report(ctx, pod)
}

// report writes the status of the Pod.
func (p *runningPod) report(ctx context.Context, pod *corev1.Pod) error {
	ready, changed := corev1.ConditionTrue, pod.Status.PodIP == ""
	var statuses, initStatuses []corev1.ContainerStatus
	for i, c := range p.containers {
		err := probe(ctx, c.spec, c.spec.ReadinessProbe, p.network.address)
		if now := err == nil; c.ready != now {
			c.ready, changed = now, true
		}
		if !c.ready {
			ready = corev1.ConditionFalse
		}
		started := true
		status := corev1.ContainerStatus{
			Name: c.spec.Name, Image: c.spec.Image, Ready: c.ready, Started: &started, RestartCount: c.restarts,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
		}
		if i < len(pod.Spec.InitContainers) {
			initStatuses = append(initStatuses, status)
		} else {
			statuses = append(statuses, status)
		}
	}
	if !changed {
		return nil
	}
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, p.network.address, []corev1.PodIP{{IP: p.network.address}}
	pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = initStatuses, statuses
	pod.Status.Conditions = nil
	for condition, status := range map[corev1.PodConditionType]corev1.ConditionStatus{
		corev1.PodScheduled: corev1.ConditionTrue, corev1.PodInitialized: corev1.ConditionTrue, corev1.ContainersReady: ready, corev1.PodReady: ready,
	} {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: condition, Status: status, LastTransitionTime: metav1.Now()})
	}
	_, err := p.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}
