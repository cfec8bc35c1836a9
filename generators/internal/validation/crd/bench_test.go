package crd

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/shop/pkg/apis/fruit/v1beta1"
)

// most is the maximum time for the validation of an Apple.
const most = 6 * time.Microsecond

func apple() *v1beta1.Apple {
	return &v1beta1.Apple{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1beta1.SchemeGroupVersion.String(), Kind: "Apple"},
		ObjectMeta: metav1.ObjectMeta{Name: "gala", Namespace: "default", Labels: map[string]string{"a": "b"}},
		Spec:       v1beta1.AppleSpec{Variety: "Gala", Color: "Red", MinWeight: 50, MaxWeight: 500, Orchard: "north", Tags: []string{"crisp", "sweet"}},
	}
}

// BenchmarkValidation creates the same Apple with the generated validation and with a CRD's, alternately. It compares the minimum CPU
// times, which do not depend on the load of the machine.
func BenchmarkValidation(b *testing.B) {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(apple())
	if err != nil {
		b.Fatal(err)
	}
	delete(object, "status")
	scheme, strategy, typed, custom := ours(b), customResources(b), apple(), &unstructured.Unstructured{Object: object}
	create := []func() field.ErrorList{
		func() field.ErrorList { return scheme.Validate(context.Background(), nil, typed) },
		func() field.ErrorList { return strategy.Validate(context.Background(), custom) },
	}
	const turns, creates = 20, 2000
	for b.Loop() {
		var best [2]time.Duration
		for turn := range turns {
			for i, f := range create {
				if cost := perCall(b, creates, f); turn == 0 || cost < best[i] {
					best[i] = cost
				}
			}
		}
		b.ReportMetric(float64(best[0].Nanoseconds()), "ns/create")
		b.ReportMetric(float64(best[1].Nanoseconds()), "CRD-ns/create")
		b.Logf("a create of an Apple: %v, by a CRD with the same markers %v", best[0], best[1])
		fmt.Printf("ratio validation %.3f\n", float64(best[0])/float64(best[1]))
		if best[0] > most {
			b.Errorf("a create costs %v, more than %v", best[0], most)
		}
	}
}

// perCall returns the average CPU time of n calls.
func perCall(b *testing.B, n int, f func() field.ErrorList) time.Duration {
	b.Helper()
	start := cpuTime(b)
	for range n {
		if errs := f(); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
	return (cpuTime(b) - start) / time.Duration(n)
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
