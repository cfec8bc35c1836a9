package project

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestControllerNames creates controllers of kinds with the same name. The first has the kind's name, the others get a prefix.
func TestControllerNames(t *testing.T) {
	own := func(group, kind string) func(*Project) error {
		return addKindTo(group, "v1", Kind{Name: kind, Controller: true})
	}
	later := func(group, kind string) func(*Project) error {
		return func(p *Project) error {
			if err := addKindTo(group, "v1", Kind{Name: kind})(p); err != nil {
				return err
			}
			return p.SetController(group, kind)
		}
	}
	foreign := func(group, version, kind string) func(*Project) error {
		return addControllers(Controller{Group: group, Version: version, Kind: kind})
	}
	for _, test := range []struct {
		name   string
		create []func(*Project) error
		want   map[string][3]string // the Go type, the file and the name in controller-runtime
	}{
		{"one", []func(*Project) error{own("veg", "Apple")}, map[string][3]string{
			"veg.example.com/Apple": {"AppleReconciler", "apple", "apple"},
		}},
		{"one in each group", []func(*Project) error{own("veg", "Apple"), own("fruit", "Apple"), own("baked-goods", "Apple")}, map[string][3]string{
			"veg.example.com/Apple":         {"AppleReconciler", "apple", "apple"},
			"fruit.example.com/Apple":       {"FruitAppleReconciler", "fruit_apple", "fruit-apple"},
			"baked-goods.example.com/Apple": {"BakedGoodsAppleReconciler", "baked_goods_apple", "baked-goods-apple"},
		}},
		{"added later", []func(*Project) error{own("fruit", "Apple"), later("veg", "Apple")}, map[string][3]string{
			"fruit.example.com/Apple": {"AppleReconciler", "apple", "apple"},
			"veg.example.com/Apple":   {"VegAppleReconciler", "veg_apple", "veg-apple"},
		}},
		{"of a kind that differs in case", []func(*Project) error{own("fruit", "Apple"), own("veg", "APPLE")}, map[string][3]string{
			"fruit.example.com/Apple": {"AppleReconciler", "apple", "apple"},
			"veg.example.com/APPLE":   {"VegAPPLEReconciler", "veg_apple", "veg-apple"},
		}},
		{"with a file of another name", []func(*Project) error{own("fruit", "String"), own("veg", "Stringkind"), own("meat", "String")}, map[string][3]string{
			"fruit.example.com/String":   {"StringReconciler", "stringkind", "string"},
			"veg.example.com/Stringkind": {"VegStringkindReconciler", "veg_stringkind", "veg-stringkind"},
			"meat.example.com/String":    {"MeatStringReconciler", "meat_stringkind", "meat-string"},
		}},
		{"with the name taken", []func(*Project) error{own("fruit", "Apple"), own("fruit", "VegApple"), own("veg", "Apple")}, map[string][3]string{
			"fruit.example.com/Apple":    {"AppleReconciler", "apple", "apple"},
			"fruit.example.com/VegApple": {"VegAppleReconciler", "vegapple", "vegapple"},
			"veg.example.com/Apple":      {"Veg2AppleReconciler", "veg_2_apple", "veg-2-apple"},
		}},
		{"that takes another's name", []func(*Project) error{own("fruit", "Apple"), own("veg", "Apple"), own("fruit", "VegApple")}, map[string][3]string{
			"fruit.example.com/Apple":    {"AppleReconciler", "apple", "apple"},
			"veg.example.com/Apple":      {"VegAppleReconciler", "veg_apple", "veg-apple"},
			"fruit.example.com/VegApple": {"FruitVegAppleReconciler", "fruit_vegapple", "fruit-vegapple"},
		}},
		{"of Kubernetes", []func(*Project) error{own("veg", "Event"), foreign("", "v1", "Event"), foreign("events.k8s.io", "v1", "Event")}, map[string][3]string{
			"veg.example.com/Event":  {"EventReconciler", "event", "event"},
			"v1 Event":               {"CoreEventReconciler", "core_event", "core-event"},
			"events.k8s.io/v1 Event": {"EventsEventReconciler", "events_event", "events-event"},
		}},
		{"of Kubernetes in two versions", []func(*Project) error{
			foreign("autoscaling", "v1", "HorizontalPodAutoscaler"), own("autoscaling", "HorizontalPodAutoscaler"), foreign("autoscaling", "v2", "HorizontalPodAutoscaler"),
		}, map[string][3]string{
			"autoscaling/v1 HorizontalPodAutoscaler":          {"HorizontalPodAutoscalerReconciler", "horizontalpodautoscaler", "horizontalpodautoscaler"},
			"autoscaling.example.com/HorizontalPodAutoscaler": {"AutoscalingHorizontalPodAutoscalerReconciler", "autoscaling_horizontalpodautoscaler", "autoscaling-horizontalpodautoscaler"},
			"autoscaling/v2 HorizontalPodAutoscaler":          {"AutoscalingV2HorizontalPodAutoscalerReconciler", "autoscaling_v2_horizontalpodautoscaler", "autoscaling-v2-horizontalpodautoscaler"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := New("", "example.com", "example.com/shop")
			if err != nil {
				t.Fatal(err)
			}
			for _, create := range test.create {
				if err := create(p); err != nil {
					t.Fatal(err)
				}
			}
			got := map[string][3]string{}
			for _, c := range p.controllers() {
				n := c.names()
				got[c.owner] = [3]string{n.Type(), n.FileStem(), n.Name()}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			checkRoundTrip(t, p)
		})
	}
}

// TestControllerOrder creates kinds whose controllers need the same names in many orders, some with a controller from the start. Every
// order works, and existing controllers keep their names.
func TestControllerOrder(t *testing.T) {
	type kind struct{ group, name string }
	kinds := []kind{
		{"fruit", "Apple"}, {"veg", "Apple"}, {"veg-2", "Apple"}, {"fruit", "VegApple"}, {"veg", "VegApple"}, {"fruit", "Veg2Apple"}, {"veg", "VegAPPLE2"}, {"root-veg", "Apple"},
	}
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		p, err := New("", "example.com", "example.com/shop")
		if err != nil {
			t.Fatal(err)
		}
		had := map[string]ControllerNames{}
		for _, k := range kinds {
			atOnce := random.IntN(2) == 0
			if err := p.AddKind(k.group, "v1", Kind{Name: k.name, Controller: atOnce}); err != nil {
				t.Fatalf("%v of %v: %v", k, kinds, err)
			}
			if err := p.SetController(k.group, k.name); err != nil {
				t.Fatalf("%v of %v: %v", k, kinds, err)
			}
			for _, c := range p.controllers() {
				if names, ok := had[c.owner]; ok && names != c.names() {
					t.Fatalf("%v of %v changes the names of %s from %v to %v", k, kinds, c.owner, names, c.names())
				}
				had[c.owner] = c.names()
			}
		}
		checkRoundTrip(t, p)
	}
}

// TestControllerPrefix edits the names of controllers in PROJECT.
func TestControllerPrefix(t *testing.T) {
	p := fruit(t)
	if err := addKindTo("veg", "v1", Kind{Name: "Apple", Controller: true})(p); err != nil {
		t.Fatal(err)
	}
	const line = "controllerPrefix: veg\n"
	good := marshal(t, p)
	for _, test := range []struct{ name, line, want string }{
		{"another prefix", "controllerPrefix: green\n", ""},
		{"no prefix", "", `PROJECT: the controllers of fruit.example.com/Apple and veg.example.com/Apple would both be internal/controller/apple_controller.go: ` +
			`give one of them another controllerPrefix in PROJECT, such as veg`},
		{"a prefix that isn't one", "controllerPrefix: Veg\n", `PROJECT: controllerPrefix "Veg" of veg.example.com/Apple must be lower-case letters, digits and hyphens, ` +
			`with a letter first and no hyphen last: use "veg"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(good, "    "+line) {
				t.Fatalf("PROJECT lacks %q:\n%s", line, good)
			}
			edited := strings.Replace(good, "    "+line, strings.TrimRight("    "+test.line, " "), 1)
			got := ""
			if _, err := Parse([]byte(edited), FileName); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
