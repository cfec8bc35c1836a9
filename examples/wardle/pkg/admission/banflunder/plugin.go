// Package banflunder implements the admission plugin BanFlunder.
package banflunder

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/admission"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	wardlelisters "example.com/wardle/pkg/generated/listers/wardle/v1alpha1"
	"example.com/wardle/pkg/registry"
)

// Plugin is the admission plugin BanFlunder: a new flunder may not have a name that a fischer disallows.
type Plugin struct {
	base
	fischers wardlelisters.FischerLister
}

// Setup gets the lister of fischers.
func (p *Plugin) Setup(dependencies *registry.Dependencies) error {
	p.fischers = dependencies.Informers().Wardle().V1alpha1().Fischers().Lister()
	return nil
}

// Admit checks the name. As upstream's, it does so before the flunder is validated.
func (p *Plugin) Admit(_ context.Context, flunder, old *Flunder, attributes admission.Attributes) error {
	fischers, err := p.fischers.List(labels.Everything())
	if old == nil && slices.ContainsFunc(fischers, func(f *v1alpha1.Fischer) bool { return slices.Contains(f.DisallowedFlunders, flunder.Name) }) {
		return admission.NewForbidden(attributes, errors.New("this name may not be used, please change the resource name"))
	}
	return err
}
