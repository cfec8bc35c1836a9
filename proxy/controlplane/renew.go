package controlplane

import (
	"cmp"
	"context"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// renewalChecks is the number of checks during the validity of a certificate, but there is at least one check a minute. A single timer until the
// renewal would be late if the machine slept, because certificates expire by the wall clock.
const renewalChecks = 30

// renew renews the certificates, and their copies in the kubeconfig, until ctx ends. Other components reload the files when they
// change.
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
			err = o.dataDir().RefreshKubeconfig(url, issuer.Dir)
		}
		if err != nil {
			klog.ErrorS(err, "Renewing certificates failed: those there are stay in use until they expire", "retryIn", every)
		}
	}
}

// waitBriefly waits for background tasks for at most a second, because a disk that does not respond must not delay the end.
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
