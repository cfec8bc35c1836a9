// Package apiserver implements the extension-apiserver of this project.
package apiserver

// Options are the settings of the apiserver. The embedded base has the settings of every extension-apiserver, and implements the
// methods below. To change one, declare it on *Options, as in these examples:
//
//	// AddFlags adds the flags. Here, region is a field that you add to Options.
//	func (o *Options) AddFlags(flags *pflag.FlagSet) {
//		o.base.AddFlags(flags)
//		flags.StringVar(&o.region, "region", "eu", "the region that this apiserver runs in")
//	}
//
//	// Validate returns the errors in the settings.
//	func (o *Options) Validate() error {
//		if o.region == "" {
//			return errors.New("--region must not be empty")
//		}
//		return o.base.Validate()
//	}
//
//	// Config returns the configuration of the server.
//	func (o *Options) Config() (*genericapiserver.RecommendedConfig, error) {
//		config, err := o.base.Config()
//		if err != nil {
//			return nil, err
//		}
//		config.EnableProfiling = false
//		return config, nil
//	}
//
//	// Server returns the server, with the APIs installed.
//	func (o *Options) Server(config *genericapiserver.RecommendedConfig) (*genericapiserver.GenericAPIServer, error) {
//		server, err := o.base.Server(config)
//		if err != nil {
//			return nil, err
//		}
//		return server, server.AddPostStartHook("hello", func(genericapiserver.PostStartHookContext) error {
//			klog.InfoS("The apiserver has started")
//			return nil
//		})
//	}
//
//	// Dependencies sets the fields that you add to registry.Dependencies. ctx ends when the server shuts down.
//	func (*Options) Dependencies(ctx context.Context, d *registry.Dependencies) error {
//		context.AfterFunc(ctx, func() { klog.InfoS("The apiserver shuts down") })
//		return nil
//	}
//
//	// Version returns the version of the apiserver, which has a major and a minor part.
//	func (*Options) Version() string { return "1.0" }
//
//	// FeatureGates returns the feature gates of the apiserver.
//	func (*Options) FeatureGates() map[featuregate.Feature]featuregate.VersionedSpecs {
//		return map[featuregate.Feature]featuregate.VersionedSpecs{
//			"Example": {{Version: version.MustParse("1.0"), Default: false, PreRelease: featuregate.Alpha}},
//		}
//	}
type Options struct{ base }

// NewOptions returns the default settings.
func NewOptions() *Options { return &Options{base: newBase("/registry")} }
