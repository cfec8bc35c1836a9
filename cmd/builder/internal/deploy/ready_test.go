package deploy

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// parse parses an object in YAML.
func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestRollout(t *testing.T) {
	for _, c := range []struct{ name, object, want string }{
		{"updated by hand", "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {updateStrategy: {type: OnDelete}}}", ""},
		{"updated by hand", "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {updateStrategy: {type: OnDelete}}}", ""},
		{"rolling out", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}}", "0 out of 1 new replicas"},
		{
			"over quota",
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}, status: {conditions: [
				{type: Available, status: "False", message: no replicas}, {type: ReplicaFailure, status: "True", message: "exceeded quota: pods"}]}}`,
			": exceeded quota: pods",
		},
	} {
		err := rollout(parse(t, c.object))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestPodProblems describes Pods that are not ready for the usual reasons.
func TestPodProblems(t *testing.T) {
	container := func(name string, ready bool, state, last corev1.ContainerState) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Ready: ready, State: state, LastTerminationState: last}
	}
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	terminated := func(reason string, code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
	}
	running, none := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, corev1.ContainerState{}
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, message string) []corev1.PodCondition {
		return []corev1.PodCondition{{Type: kind, Status: status, Message: message}}
	}
	list := func(s ...corev1.ContainerStatus) []corev1.ContainerStatus { return s }
	for _, c := range []struct {
		name    string
		status  corev1.PodStatus
		deleted bool
		warning *corev1.Event
		want    []string
	}{
		{name: "ready", status: corev1.PodStatus{Conditions: condition(corev1.PodReady, corev1.ConditionTrue, "")}, warning: &corev1.Event{Reason: "Unhealthy"}},
		{name: "being deleted", deleted: true, status: corev1.PodStatus{ContainerStatuses: list(container("a", false, running, none))}},
		{name: "no node", status: corev1.PodStatus{Conditions: condition(corev1.PodScheduled, corev1.ConditionFalse, "0/1 nodes are available")}, want: []string{"0/1 nodes are available"}},
		{
			name: "no Secret", status: corev1.PodStatus{ContainerStatuses: list(container("a", false, waiting("ContainerCreating", ""), none))},
			warning: &corev1.Event{Reason: "FailedMount", Message: "secret \"etcd\" not found\n"},
			want:    []string{"container a: ContainerCreating", "FailedMount: secret \"etcd\" not found"},
		},
		{
			name: "crashes", want: []string{"container a: CrashLoopBackOff: back-off 10s; before: Error (exit code 3)"},
			status: corev1.PodStatus{ContainerStatuses: list(container("a", false, waiting("CrashLoopBackOff", "back-off 10s"), terminated("Error", 3)))},
		},
		{
			name: "not ready", want: []string{"container b: running, but not ready"},
			status: corev1.PodStatus{ContainerStatuses: list(container("a", true, running, terminated("Error", 1)), container("b", false, running, none))},
		},
		{
			name: "init containers", want: []string{"container b: Error (exit code 1)"},
			status: corev1.PodStatus{InitContainerStatuses: list(container("a", true, terminated("Completed", 0), none), container("b", false, terminated("Error", 1), none))},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := &corev1.Pod{Status: c.status}
			if c.deleted {
				pod.DeletionTimestamp = &metav1.Time{Time: time.Now()}
			}
			if got := problemsOf(pod, c.warning); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNewestEvents(t *testing.T) {
	now := time.Now()
	event := func(reason string, age time.Duration) corev1.Event {
		e := corev1.Event{Reason: reason, LastTimestamp: metav1.NewTime(now.Add(-age))}
		e.InvolvedObject.UID = "pod"
		return e
	}
	series := corev1.Event{Reason: "series", Series: &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(now)}}
	series.InvolvedObject.UID = "other"
	got := newestEvents([]corev1.Event{event("old", time.Hour), event("new", time.Minute), event("older", 2*time.Hour), series})
	if len(got) != 2 || got["pod"].Reason != "new" || got["other"].Reason != "series" {
		t.Errorf("got %v", got)
	}
}

func TestSetImage(t *testing.T) {
	deployment := func(name, container string) *unstructured.Unstructured {
		return parse(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: "+name+"}, spec: {template: {spec: {containers: [{name: "+container+", image: old}]}}}}")
	}
	image := func(object *unstructured.Unstructured) any {
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		return containers[0].(map[string]any)["image"]
	}
	own, foreign := deployment("shop-controller-manager", "controller-manager"), deployment("other-apiserver", "apiserver")
	if err := setImage([]*unstructured.Unstructured{own, foreign}, "shop", "new"); err != nil {
		t.Error(err)
	}
	if image(own) != "new" || image(foreign) != "old" {
		t.Errorf("the images are %v and %v", image(own), image(foreign))
	}
	if err := setImage([]*unstructured.Unstructured{foreign}, "shop", "new"); err == nil || !strings.HasPrefix(err.Error(), "no Deployment is named shop-apiserver or shop-controller-manager") {
		t.Errorf("without a Deployment: %v", err)
	}
	if err := setImage([]*unstructured.Unstructured{deployment("shop-apiserver", "server")}, "shop", "new"); err == nil || !strings.Contains(err.Error(), "no container is named apiserver") {
		t.Errorf("without a container: %v", err)
	}
}
