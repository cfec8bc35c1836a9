package proxy

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/apiserver-builder/builder/proxy/pki"
)

// renewalChecks is how often, at most, certificates are looked at in their lives. It is the wall clock that ages them: a
// timer until the day of renewal would be late by the time that the machine slept.
const renewalChecks = 30

// renew keeps the certificates current until ctx ends, and the kubeconfig, which has copies. Everything else reads the files
// again when they change.
func (o Options) renew(ctx context.Context, issuer pki.Issuer, url string) {
	every := min(time.Minute, cmp.Or(o.CertificateValidity, pki.DefaultValidity)/renewalChecks)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := issuer.Ensure(ctx, time.Now())
		if err == nil {
			err = dataDir(o.DataDir).refreshKubeconfig(url, issuer.Dir)
		}
		if err != nil {
			klog.ErrorS(err, "Renewing certificates failed: those there are stay in use until they expire", "retryIn", every)
		}
	}
}

// waitBriefly returns when what runs in the background has ended, and after a second: a disk that doesn't answer must not keep the
// proxy from ending.
func waitBriefly(background *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() {
		background.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Second):
	}
}

// refreshKubeconfig puts the current certificates into the kubeconfig, and leaves alone what its owner has set in it.
func (d dataDir) refreshKubeconfig(server string, certs pki.Dir) error {
	have, err := clientcmd.LoadFromFile(d.kubeconfig())
	if err != nil || have.Clusters[contextName] == nil || have.AuthInfos[contextName] == nil {
		return d.writeKubeconfig(server, certs)
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
