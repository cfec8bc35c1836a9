package e2e

import (
	"context"
	"encoding/json"
	"path"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// stored PREFIX APIVERSION verifies that there are objects in etcd below the prefix, and that all of them have that version. The project in
// the working directory must be running.
func stored(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stored prefix apiVersion")
	}
	pki := ts.MkAbs(".builder/pki")
	tls, err := transport.TLSInfo{
		TrustedCAFile: path.Join(pki, "etcd-ca.crt"),
		CertFile:      path.Join(pki, "etcd-client.crt"),
		KeyFile:       path.Join(pki, "etcd-client.key"),
	}.ClientConfig()
	ts.Check(err)
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{strings.TrimSpace(ts.ReadFile(".builder/etcd.url"))}, TLS: tls, DialTimeout: 10 * time.Second,
	})
	ts.Check(err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	found, err := client.Get(ctx, args[0], clientv3.WithPrefix())
	ts.Check(err)
	if len(found.Kvs) == 0 {
		ts.Fatalf("nothing is stored below %s", args[0])
	}
	for _, pair := range found.Kvs {
		var object struct{ APIVersion string }
		ts.Check(json.Unmarshal(pair.Value, &object))
		if object.APIVersion != args[1] {
			ts.Fatalf("%s is stored as %s, want %s", pair.Key, object.APIVersion, args[1])
		}
	}
}
