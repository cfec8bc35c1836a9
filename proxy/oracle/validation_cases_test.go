package oracle

import (
	"math/rand/v2"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
)

// appleCase is one write. old is the existing object if it is not nil.
type appleCase struct {
	old, in     map[string]any
	subresource []string
}

// appleDifference is a difference between the two servers, with its reason.
type appleDifference struct {
	why string
	// accepted is set if the generated apiserver accepts the object and the CRD does not. Otherwise, both refuse it for different
	// fields.
	accepted bool
	applies  func(c appleCase) bool
}

// appleDifferences are due to Go values, which do not contain all details of a request, except for the last three.
var appleDifferences = []appleDifference{
	{"a field with omitempty that is zero counts as left out", true, func(c appleCase) bool { return hasZero(c.in) || hasZero(c.old) }},
	{"a field with omitempty that is zero gets its default, which a rule may refuse", false, func(c appleCase) bool { return hasZero(c.in) }},
	{"a struct that is no pointer is always there", false, func(c appleCase) bool { return c.in["spec"] == nil }},
	{"an empty string that is required counts as left out, which no old one excuses", false, func(c appleCase) bool {
		spec, _ := c.in["spec"].(map[string]any)
		return spec["variety"] == ""
	}},
	{"a string left out of metav1.Condition is an empty one, whose own rules apply", true, func(c appleCase) bool {
		return slices.ContainsFunc(conditionsOf(c.in), func(condition any) bool {
			return slices.ContainsFunc([]string{"type", "status", "reason", "message"}, func(name string) bool {
				return condition.(map[string]any)[name] == nil
			})
		})
	}},
	{"duplicates in one list excuse no new ones in another", false, func(c appleCase) bool { return duplicates(c.old) }},
	{"a list that has not changed is not looked at, duplicates or not", true, func(c appleCase) bool {
		return duplicates(c.old) && equality.Semantic.DeepEqual(conditionsOf(c.old), conditionsOf(c.in))
	}},
}

// hasZero reports whether a field of the spec that has a default is set to zero.
func hasZero(object map[string]any) bool {
	spec, _ := object["spec"].(map[string]any)
	return spec["color"] == "" || spec["minWeight"] == int64(0) || spec["maxWeight"] == int64(0)
}

func conditionsOf(object map[string]any) []any {
	conditions, _, _ := unstructured.NestedSlice(object, "status", "conditions")
	return conditions
}

// duplicates reports whether a list of an apple contains duplicates.
func duplicates(object map[string]any) bool {
	tags, _, _ := unstructured.NestedStringSlice(object, "spec", "tags")
	var types []string
	for _, condition := range conditionsOf(object) {
		name, _ := condition.(map[string]any)["type"].(string)
		types = append(types, name)
	}
	return sets.New(tags...).Len() < len(tags) || sets.New(types...).Len() < len(types)
}

// excuse returns the reason why the servers may differ in a case, or "".
func (c appleCase) excuse(custom, generated verdict) string {
	for _, d := range appleDifferences {
		differ := generated.accepted == d.accepted && custom.accepted != d.accepted
		if d.applies(c) && (differ || !custom.accepted && !generated.accepted) {
			return d.why
		}
	}
	return ""
}

// values are the possible values of a field. nil means that the field is missing.
type values struct{ good, bad []any }

var (
	long    = strings.Repeat("x", 254)
	variety = values{[]any{"Gala", "Fuji Red", "Ab", "A" + strings.Repeat("b", 39)}, []any{nil, "", "gala", "G", "Gala1", "Gala\n", "A" + strings.Repeat("b", 40), "Äpfel"}}
	color   = values{[]any{nil, "Red", "Green", "Yellow"}, []any{"Blue", "red", ""}}
	weight  = values{[]any{nil, int64(1), int64(50), int64(500), int64(2000)}, []any{int64(-1), int64(2001), int64(0)}}
	orchard = values{[]any{nil, "north", "south", "ö" + long[:252]}, []any{long}}
	tags    = values{
		[]any{nil, []any{}, []any{"a"}, []any{"crisp", "sweet"}, []any{strings.Repeat("ä", 20)}, []any{"1", "2", "3", "4", "5", "6", "7", "8"}},
		[]any{[]any{"a", "b", "a"}, []any{"a", "a", "a"}, []any{strings.Repeat("ä", 21)}, []any{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, []any{"x", strings.Repeat("y", 21), "x"}},
	}

	conditionType   = values{[]any{"Ready", "example.com/Ripe"}, []any{nil, "!", "a/b/c", strings.Repeat("x", 317)}}
	conditionStatus = values{[]any{"True", "False", "Unknown"}, []any{nil, "true", "Maybe"}}
	reason          = values{[]any{"Reconciled", "A_b:c"}, []any{nil, "", "1st", "a b"}}
	message         = values{[]any{"", "all is well"}, []any{nil, strings.Repeat("x", 32769)}}
	transition      = values{[]any{"2026-01-02T03:04:05Z"}, []any{nil}}
	generation      = values{[]any{nil, int64(0), int64(7)}, []any{int64(-1)}}
)

// orchardist generates apples, the same ones each time.
type orchardist struct{ *rand.Rand }

// of chooses a value. One of n is invalid.
func (r orchardist) of(v values, n int) any {
	if r.IntN(n) == 0 {
		return v.bad[r.IntN(len(v.bad))]
	}
	return v.good[r.IntN(len(v.good))]
}

// fields sets the fields that are not nil.
func fields(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			out[pairs[i].(string)] = pairs[i+1]
		}
	}
	return out
}

func (r orchardist) spec(n int) map[string]any {
	return fields("variety", r.of(variety, n), "color", r.of(color, n), "minWeight", r.of(weight, n), "maxWeight", r.of(weight, n),
		"orchard", r.of(orchard, n), "tags", r.of(tags, n))
}

func (r orchardist) condition(n int) any {
	return fields("type", r.of(conditionType, n), "status", r.of(conditionStatus, n), "reason", r.of(reason, n), "message", r.of(message, n),
		"lastTransitionTime", r.of(transition, n), "observedGeneration", r.of(generation, n))
}

func (r orchardist) status(n int) map[string]any {
	conditions := make([]any, r.IntN(3))
	for i := range conditions {
		conditions[i] = r.condition(n)
	}
	return map[string]any{"conditions": conditions}
}

// appleCases returns creates, updates and updates of the status, of apples that were valid or invalid before.
func appleCases(n int) []appleCase {
	r := orchardist{rand.New(rand.NewPCG(20261122, 1))}
	out := make([]appleCase, n)
	for i := range out {
		switch r.IntN(4) {
		case 0, 1:
			out[i] = r.create()
		case 2:
			out[i] = r.update()
		default:
			out[i] = r.statusUpdate()
		}
	}
	return out
}

func (r orchardist) create() appleCase {
	if r.IntN(25) == 0 {
		return appleCase{in: map[string]any{}}
	}
	return appleCase{in: map[string]any{"spec": r.spec(10)}}
}

// update changes some fields of an apple that may be invalid.
func (r orchardist) update() appleCase {
	old := map[string]any{"spec": r.spec(5)}
	in := runtime.DeepCopyJSON(old)
	r.change(in["spec"].(map[string]any), r.spec(10), specFields, 1+r.IntN(2))
	return appleCase{old: old, in: in}
}

func (r orchardist) statusUpdate() appleCase {
	old := map[string]any{"spec": r.spec(5), "status": r.status(5)}
	in := runtime.DeepCopyJSON(old)
	status := in["status"].(map[string]any)
	conditions := status["conditions"].([]any)
	switch {
	case len(conditions) > 0 && r.IntN(2) == 0:
		r.change(conditions[0].(map[string]any), r.condition(8).(map[string]any), conditionFields, 1)
	default:
		status["conditions"] = append(conditions, r.condition(8))
	}
	return appleCase{old: old, in: in, subresource: []string{"status"}}
}

var (
	specFields      = []string{"variety", "color", "minWeight", "maxWeight", "orchard", "tags"}
	conditionFields = []string{"type", "status", "reason", "message", "observedGeneration"}
)

// change copies n of the named fields from another object.
func (r orchardist) change(object, other map[string]any, names []string, n int) {
	for range n {
		name := names[r.IntN(len(names))]
		if value, ok := other[name]; ok {
			object[name] = value
		} else {
			delete(object, name)
		}
	}
}
