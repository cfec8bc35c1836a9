package controller

// Options are the settings of the controller manager and of the reconcilers. The embedded base has the settings of every controller
// manager, and implements the methods below. To change one, declare it on *Options, as in these examples. A reconciler with a field
// Options of type *Options gets the settings before SetupWithManager is called.
//
//	// AddFlags adds the flags. Here, region is a field that you add to Options.
//	func (o *Options) AddFlags(flags *flag.FlagSet) {
//		o.base.AddFlags(flags)
//		flags.StringVar(&o.region, "region", "eu", "the region that the controllers work in")
//	}
//
//	// ManagerOptions changes the options of the manager.
//	func (*Options) ManagerOptions(options *ctrl.Options) {
//		options.Cache.DefaultNamespaces = map[string]cache.Config{"default": {}}
//	}
type Options struct{ base }
