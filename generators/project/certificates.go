package project

import (
	"fmt"
	"slices"
	"strings"
)

// The origins of the apiserver's serving certificate, and of the CA that kube-apiserver trusts.
const (
	// CertificatesSelfManaged means that the apiserver creates and renews both.
	CertificatesSelfManaged = "self-managed"
	// CertificatesCertManager means that cert-manager does.
	CertificatesCertManager = "cert-manager"
	// CertificatesProvided means that users put them into a Secret and into the APIServices.
	CertificatesProvided = "provided"
)

// CertificateOrigins returns all origins of certificates. The first is the default.
func CertificateOrigins() []string {
	return []string{CertificatesSelfManaged, CertificatesCertManager, CertificatesProvided}
}

// Certificates sets the origin of the apiserver's certificate.
func Certificates(origin string) Option {
	return func(p *Project) { p.Certificates = origin }
}

// CertificateOrigin returns the origin of the apiserver's certificate.
func (p *Project) CertificateOrigin() string {
	if p.Certificates == "" {
		return CertificatesSelfManaged
	}
	return p.Certificates
}

// SelfManaged reports whether the apiserver creates and renews its certificate.
func (p *Project) SelfManaged() bool { return p.CertificateOrigin() == CertificatesSelfManaged }

// CertManager reports whether cert-manager creates and renews the certificate.
func (p *Project) CertManager() bool { return p.CertificateOrigin() == CertificatesCertManager }

// APIServices returns the names of the project's APIServices, those of versions with kinds, in the order of the groups and versions.
func (p *Project) APIServices() []string {
	var names []string
	for _, group := range p.Groups {
		for _, version := range group.Versions {
			if slices.ContainsFunc(group.Kinds, func(k Kind) bool { return slices.Contains(k.Versions, version) }) {
				names = append(names, version+"."+p.FullName(group))
			}
		}
	}
	return names
}

func (p *Project) checkCertificates() error {
	if !slices.Contains(CertificateOrigins(), p.CertificateOrigin()) {
		return fmt.Errorf("certificates is %s: use one of %s", show(p.Certificates), strings.Join(CertificateOrigins(), ", "))
	}
	return nil
}
