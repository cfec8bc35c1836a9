package etcd

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

// serveInProcess serves the control plane through pipes. kube-apiserver keeps about seventy connections, one for each resource, and
// most of their cost would be TLS and sockets. Extension-apiservers use the port.
func (m *member) serveInProcess() storagebackend.TransportConfig {
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		<-m.Server.ReadyNotify() // etcd does the same before it serves its ports
		// etcd uses this policy for its ports. With gRPC's default, kube-apiserver's keepalives would be too frequent.
		keepalives := grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime})
		server := v3rpc.Server(m.Server, nil, nil, keepalives)
		context.AfterFunc(m.serving, server.Stop)
		_ = server.Serve(pipes) // returns after server.Stop
	}()
	return storagebackend.TransportConfig{
		ServerList: []string{"http://in-process"},
		EgressLookup: func(egressselector.NetworkContext) (utilnet.DialFunc, error) {
			return pipes.dial, nil
		},
	}
}

// pipeListener accepts connections from this process.
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

// Close implements net.Listener. The server calls it once.
func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
