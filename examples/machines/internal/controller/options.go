package controller

import "flag"

// Options are the settings of the reconcilers. To add one, add a field and its flag. A reconciler with a field
// Options of type *Options gets them before SetupWithManager is called.
type Options struct{}

// AddFlags adds flags to those of the controller manager, as in this example. Here, Region is a field that you add to Options:
//
//	flags.StringVar(&o.Region, "region", "eu", "the region that the controllers work in")
func (o *Options) AddFlags(_ *flag.FlagSet) {}
