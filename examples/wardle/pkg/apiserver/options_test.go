package apiserver

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	baseversion "k8s.io/component-base/version"
)

// TestFeatures starts the command with flags, up to where it would serve. A newer Kubernetes has other versions, so those
// are taken from it.
func TestFeatures(t *testing.T) {
	tests := map[string]struct {
		flags []string
		// on is the gate, and back how many minors before its newest is the Kubernetes that is emulated.
		on   bool
		back uint
		err  string
	}{
		"as it is":                   {on: true},
		"the first version":          {flags: []string{"--emulated-version=wardle=1.0"}, back: 2},
		"the second version":         {flags: []string{"--emulated-version=wardle=1.1"}, on: true, back: 1},
		"on while alpha":             {flags: []string{"--emulated-version=wardle=1.0", "--feature-gates=wardle:BanFlunder=true"}, on: true, back: 2},
		"off while beta":             {flags: []string{"--emulated-version=wardle=1.1", "--feature-gates=wardle:BanFlunder=false"}, back: 1},
		"all alpha features":         {flags: []string{"--emulated-version=wardle=1.0", "--feature-gates=wardle:AllAlpha=true"}, on: true, back: 2},
		"off when it can't be":       {flags: []string{"--feature-gates=wardle:BanFlunder=false"}, err: "cannot set feature gate BanFlunder to false, feature is locked to true"},
		"an unknown gate":            {flags: []string{"--feature-gates=wardle:BanFischer=true"}, err: "unrecognized feature gate: BanFischer"},
		"a gate of another":          {flags: []string{"--feature-gates=BanFlunder=true"}, err: "unrecognized feature gate: BanFlunder"},
		"an unknown component":       {flags: []string{"--feature-gates=waddle:BanFlunder=true"}, err: "component not registered: waddle"},
		"a version before the first": {flags: []string{"--emulated-version=wardle=0.9"}, err: "emulation version 0.9 is not between [1.0, 1.2.0]"},
		"a version to come":          {flags: []string{"--emulated-version=wardle=1.3"}, err: "emulation version 1.3 is not between [1.0, 1.2.0]"},
		"Kubernetes' version":        {flags: []string{"--emulated-version=kube=1.36"}, err: "EmulationVersion of kube is set by mapping, cannot set it by flag"},
		"no version":                 {flags: []string{"--emulated-version=wardle=new"}, err: `could not parse "new" as version`},
	}
	newest := version.MustParse(baseversion.DefaultKubeBinaryVersion)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			registry := compatibility.NewComponentGlobalsRegistry()
			kube := compatibility.NewEffectiveVersion(newest, false, newest.SubtractMinor(3), newest.SubtractMinor(3))
			if err := registry.Register(compatibility.DefaultKubeComponent, kube, featuregate.NewVersionedFeatureGate(newest)); err != nil {
				t.Fatal(err)
			}
			options := NewOptions()
			options.Run.ComponentGlobalsRegistry = registry
			cmd := NewCommand(t.Context(), options)
			err := cmd.ParseFlags(test.flags)
			if err == nil {
				err = cmd.PersistentPreRunE(cmd, nil)
			}
			if err == nil {
				options.Recommended.Etcd.StorageConfig.Transport.ServerList = []string{"http://127.0.0.1:1"}
				err = options.Validate()
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got the error %v, want one with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if on := registry.FeatureGateFor("wardle").Enabled("BanFlunder"); on != test.on {
				t.Errorf("the gate is on: %v, want %v", on, test.on)
			}
			if got, want := kube.EmulationVersion(), newest.SubtractMinor(test.back); !got.EqualTo(want) {
				t.Errorf("Kubernetes %s is emulated, want %s", got, want)
			}
		})
	}
}

// TestPlugins checks that BanFlunder is enabled by default, in its place, and can be disabled by its name.
func TestPlugins(t *testing.T) {
	for flag, want := range map[string]string{
		"--disable-admission-plugins=BanFlunder": "",
		"--enable-admission-plugins=BanFlunder":  "",
		"--disable-admission-plugins=BanFischer": `plugin "BanFischer" is unknown`,
	} {
		options, flags := NewOptions(), pflag.NewFlagSet("", pflag.ContinueOnError)
		options.AddFlags(flags)
		if usage := flags.Lookup("disable-admission-plugins").Usage; !strings.Contains(usage, "(NamespaceLifecycle, BanFlunder, MutatingAdmissionPolicy, ") {
			t.Errorf("the plugins that are enabled by default: %s", usage)
		}
		if err := flags.Parse([]string{flag}); err != nil {
			t.Fatal(err)
		}
		err := errors.Join(options.Recommended.Admission.Validate()...)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want %q", flag, err, want)
		}
	}
}
