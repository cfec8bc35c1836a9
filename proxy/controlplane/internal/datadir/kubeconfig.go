package datadir

import (
	"bytes"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// contextName is the name of the context, the cluster and the user in the kubeconfig.
const contextName = "aggregation-proxy"

// LastServer returns the server's URL in the kubeconfig of an earlier run, or "".
func (d Dir) LastServer() string {
	c, err := clientcmd.LoadFromFile(d.kubeconfig())
	if err != nil || c.Clusters[contextName] == nil {
		return ""
	}
	return c.Clusters[contextName].Server
}

// WriteKubeconfig writes a kubeconfig for a cluster-admin at a server. It refers to no other file, so it can be copied.
func (d Dir) WriteKubeconfig(server string, certs pki.Dir) error {
	c, err := newKubeconfig(server, certs)
	if err != nil {
		return err
	}
	return d.saveKubeconfig(c)
}

// RefreshKubeconfig writes the current certificates to the kubeconfig, and keeps other changes that its owner made.
func (d Dir) RefreshKubeconfig(server string, certs pki.Dir) error {
	have, err := clientcmd.LoadFromFile(d.kubeconfig())
	if err != nil || have.Clusters[contextName] == nil || have.AuthInfos[contextName] == nil {
		return d.WriteKubeconfig(server, certs)
	}
	want, err := newKubeconfig(server, certs)
	if err != nil {
		return err
	}
	cluster, user := have.Clusters[contextName], have.AuthInfos[contextName]
	wantCluster, wantUser := want.Clusters[contextName], want.AuthInfos[contextName]
	if bytes.Equal(cluster.CertificateAuthorityData, wantCluster.CertificateAuthorityData) &&
		bytes.Equal(user.ClientCertificateData, wantUser.ClientCertificateData) && bytes.Equal(user.ClientKeyData, wantUser.ClientKeyData) {
		return nil
	}
	cluster.CertificateAuthorityData = wantCluster.CertificateAuthorityData
	user.ClientCertificateData, user.ClientKeyData = wantUser.ClientCertificateData, wantUser.ClientKeyData
	return d.saveKubeconfig(have)
}

func newKubeconfig(server string, certs pki.Dir) (*clientcmdapi.Config, error) {
	var data [3][]byte
	for i, path := range []string{certs.Cert(pki.ServingCA), certs.Cert(pki.Admin), certs.Key(pki.Admin)} {
		var err error
		if data[i], err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("write the kubeconfig: %w", err)
		}
	}
	c := clientcmdapi.NewConfig()
	c.Clusters[contextName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: data[0]}
	c.AuthInfos[contextName] = &clientcmdapi.AuthInfo{ClientCertificateData: data[1], ClientKeyData: data[2]}
	c.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: contextName}
	c.CurrentContext = contextName
	return c, nil
}

func (d Dir) saveKubeconfig(c *clientcmdapi.Config) error {
	out, err := clientcmd.Write(*c)
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return atomicfile.Write(d.kubeconfig(), out, 0o600)
}
