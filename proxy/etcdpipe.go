package proxy

import (
	"context"
	"io"
	"net"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/apiserver/pkg/storage/storagebackend"
)

// serveInProcess has etcd serve the control plane without a network, beside the port for extension-apiservers:
// kube-apiserver keeps a connection for each resource, seventy in all, of which TLS and sockets would be most of the cost.
func (e *embeddedEtcd) serveInProcess() storagebackend.TransportConfig {
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		<-e.Server.ReadyNotify() // as etcd does with its ports
		// etcd's own for its ports: by gRPC's, kube-apiserver's client asks too often whether the server is alive.
		keepalives := grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime})
		server := v3rpc.Server(e.Server, nil, nil, keepalives)
		context.AfterFunc(e.serving, server.Stop)
		_ = server.Serve(pipes) // ends with the above
	}()
	return storagebackend.TransportConfig{
		ServerList: []string{"http://in-process"},
		EgressLookup: func(egressselector.NetworkContext) (utilnet.DialFunc, error) {
			return pipes.dial, nil
		},
	}
}

// pipeListener accepts connections from within this process.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, io.ErrClosedPipe
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; it is called once, by the server.
func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
