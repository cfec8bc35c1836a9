// Package etcd opens the storage of the control plane: an etcd embedded in this process, or external servers.
package etcd

import (
	"context"

	"k8s.io/apiserver/pkg/storage/storagebackend"
)

// Storage is an etcd that is in use, embedded or external.
type Storage struct {
	// Transport configures kube-apiserver's connections.
	Transport storagebackend.TransportConfig
	// Servers are the URLs for other clients.
	Servers []string
	// WaitReady returns when etcd serves requests.
	WaitReady func(context.Context) error
	// Close stops an embedded etcd.
	Close func()
}
