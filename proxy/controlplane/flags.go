package controlplane

import (
	"errors"

	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// The sections of the flags, in the order of the help.
const (
	servingSection     = "Serving"
	storageSection     = "Storage"
	aggregationSection = "Aggregation layer"
	auditSection       = "Audit log"
	featuresSection    = "Admission and features"
)

// kubeAPIServer contains kube-apiserver's options, and the flags that set them.
type kubeAPIServer struct {
	*options.ServerRunOptions
	flags cliflag.NamedFlagSets
}

func newKubeAPIServer() *kubeAPIServer {
	o := options.NewServerRunOptions()
	return &kubeAPIServer{o, o.Flags()}
}

// kubeAPIServerFlags lists the flags of kube-apiserver that make sense on one machine, with shorter descriptions.
var kubeAPIServerFlags = []struct{ section, origin, name, usage string }{
	{servingSection, "generic", "shutdown-delay-duration", "duration of serving requests after SIGTERM with a failing /readyz, so that load balancers stop sending requests"},
	{auditSection, "auditing", "audit-policy-file", "`file` with the audit policy, which selects the requests to record; without it, none are recorded"},
	{auditSection, "auditing", "audit-log-path", "`file` for audit events, - for standard error"},
	{auditSection, "auditing", "audit-log-format", "`format` of audit events: json, legacy"},
	{auditSection, "auditing", "audit-log-maxsize", "`size` in megabytes at which the audit log is rotated; 0 for never"},
	{auditSection, "auditing", "audit-log-maxage", "`days` to keep rotated audit logs; 0 to keep them forever"},
	{auditSection, "auditing", "audit-log-maxbackup", "`number` of rotated audit logs to keep; 0 for all"},
	{featuresSection, "admission", "enable-admission-plugins", "admission `plugins` to enable beside kube-apiserver's defaults, such as AlwaysPullImages"},
	{featuresSection, "admission", "disable-admission-plugins", "admission `plugins` to disable of kube-apiserver's defaults"},
	{featuresSection, "admission", "admission-control-config-file", "`file` with the admission plugins' configuration"},
	{featuresSection, "generic", "feature-gates", "feature `gates` to set, such as MutatingAdmissionPolicy=false"},
	{featuresSection, "API enablement", "runtime-config", "`APIs` to switch on or off, such as api/beta=true"},
}

// AddFlags adds a flag for each option, grouped in sections. A flag that kube-apiserver also has gets the same name.
func (o *Options) AddFlags(sections *cliflag.NamedFlagSets) {
	serving := sections.FlagSet(servingSection)
	serving.StringVar(&o.DataDir, "data-dir", o.DataDir, "`folder` for the kubeconfig, the certificates and etcd's data; created if missing (required)")
	serving.StringVar(&o.CertDir, "cert-dir", o.CertDir, "`folder` for certificates and keys, shared by replicas (default pki in --data-dir)")
	serving.DurationVar(&o.CertificateValidity, "certificate-validity", o.CertificateValidity, "validity of certificates other than authorities; each is renewed when a third of it remains")
	serving.StringVar(&o.BindAddress, "bind-address", o.BindAddress, "IP `address` to serve on")
	serving.IntVar(&o.SecurePort, "secure-port", o.SecurePort, "`port` to serve on; 0 selects the port of the last run if it is free, otherwise any free port")

	storage := sections.FlagSet(storageSection)
	storage.StringSliceVar(&o.Etcd.Servers, "etcd-servers", o.Etcd.Servers, "`URLs` of an etcd to use instead of the embedded one; several proxies may use the same")
	storage.StringVar(&o.Etcd.CAFile, "etcd-cafile", o.Etcd.CAFile, "`file` with the certificate authority of --etcd-servers")
	storage.StringVar(&o.Etcd.CertFile, "etcd-certfile", o.Etcd.CertFile, "`file` with the client certificate for --etcd-servers")
	storage.StringVar(&o.Etcd.KeyFile, "etcd-keyfile", o.Etcd.KeyFile, "`file` with the key of --etcd-certfile")
	storage.BoolVar(&o.UnsafeNoFsync, "unsafe-no-fsync", o.UnsafeNoFsync, "don't sync etcd's data to disk: faster, for data that may be lost, as in tests")

	aggregation := sections.FlagSet(aggregationSection)
	aggregation.DurationVar(&o.DiscoveryTimeout, "discovery-timeout", o.DiscoveryTimeout, "timeout for discovery requests to an extension-apiserver; 0 for no limit")
	aggregation.BoolVar(&o.RevalidateOpenAPI, "revalidate-openapi", o.RevalidateOpenAPI, "serve a changed OpenAPI document of an extension-apiserver at once; kube-apiserver serves it within a minute")

	for _, f := range kubeAPIServerFlags {
		flag := o.kube.flags.FlagSet(f.origin).Lookup(f.name)
		flag.Usage = f.usage
		sections.FlagSet(f.section).AddFlag(flag)
	}
}

func (k *kubeAPIServer) validate() []error {
	errs := k.Audit.Validate()
	errs = append(errs, k.Admission.Validate()...)
	errs = append(errs, k.GenericServerRunOptions.Validate()...)
	policy, path := k.Audit.PolicyFile, k.Audit.LogOptions.Path
	if policy == "" && path != "" {
		errs = append(errs, errors.New("--audit-log-path goes with --audit-policy-file: without a policy no request is recorded"))
	}
	if policy != "" && path == "" {
		errs = append(errs, errors.New("--audit-policy-file goes with --audit-log-path: set the file for the events"))
	}
	return errs
}
