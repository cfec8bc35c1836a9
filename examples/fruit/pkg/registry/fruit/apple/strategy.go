// Package apple implements the validation, storage and table output of apples.fruit.example.com.
package apple

import (
	fruitlisters "example.com/shop/pkg/generated/listers/fruit/v1alpha1"
	"example.com/shop/pkg/registry"
)

// Strategy customizes how objects of kind Apple are prepared, validated and stored.
type Strategy struct {
	base
	orchards fruitlisters.OrchardLister
}

// Setup gets the lister of the orchards.
func (s *Strategy) Setup(d *registry.Dependencies) error {
	s.orchards = d.Informers().Fruit().V1alpha1().Orchards().Lister()
	return nil
}
