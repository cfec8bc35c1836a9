// Package banflunder implements the admission plugin BanFlunder.
package banflunder

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/util/compatibility"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	wardlelisters "example.com/wardle/pkg/generated/listers/wardle/v1alpha1"
	"example.com/wardle/pkg/registry"
)

// Plugin is the admission plugin BanFlunder. It rejects new flunders whose name a fischer disallows, if the feature gate
// BanFlunder is enabled.
type Plugin struct {
	base
	fischers wardlelisters.FischerLister
}

// Setup gets the lister of fischers.
func (p *Plugin) Setup(d *registry.Dependencies) error {
	p.fischers = d.Informers().Wardle().V1alpha1().Fischers().Lister()
	return nil
}

// Admit checks the name of a new flunder before the flunder is validated, as k8s.io/sample-apiserver does.
func (p *Plugin) Admit(_ context.Context, flunder, old *Flunder, attributes admission.Attributes) error {
	enabled := compatibility.DefaultComponentGlobalsRegistry.FeatureGateFor("wardle").Enabled("BanFlunder")
	fischers, err := p.fischers.List(labels.Everything())
	bans := func(f *v1alpha1.Fischer) bool { return slices.Contains(f.DisallowedFlunders, flunder.Name) }
	if enabled && old == nil && slices.ContainsFunc(fischers, bans) {
		return admission.NewForbidden(attributes, errors.New("this name may not be used, please change the resource name"))
	}
	return err
}
