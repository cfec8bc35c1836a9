package oracle

import (
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

func overSPDY(config *rest.Config, target string) (remotecommand.Executor, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewSPDYExecutor(config, http.MethodPost, u)
}

func overWebSocket(config *rest.Config, target string) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(config, http.MethodGet, target)
}

// upgrades tests requests that switch to another protocol.
var upgrades = table{"upgrades", []row{
	upgrade("a protocol of the backend's own", 101, echoThings+"/lines", "lines", "one\nthree\nbye\n"),
	upgrade("a protocol of the backend's own, spelled otherwise", 101, echoThings+"/lines", "lines", "bye\n", with("x-remote-user", "system:admin")),
	upgrade("a protocol that the backend refuses", 403, echoThings+"/lines", "words", ""),
	upgrade("a refusal with a body", 403, echoThings+"/refused", "lines", ""),
	upgrade("a backend that takes no notice", 503, echoThings+"/ignored", "lines", ""),
	upgrade("a backend that redirects", 503, echoThings+"/moved", "lines", ""),
	upgrade("a backend that answers garbage", 503, echoThings+"/garbage", "lines", ""),
	upgrade("a backend that hangs up", 503, echoThings+"/silence", "lines", ""),
	upgrade("a backend that echoes", 503, echoThings+"/a", "lines", ""),
	upgrade("an error of the backend", 500, echoThings+"/broken", "lines", ""),
	upgrade("nobody in particular", 403, echoThings+"/lines", "lines", "", as(anonymous)),
	upgrade("someone without rights", 403, echoThings+"/lines", "lines", "", as("anna")),
	upgrade("discovery", 503, echoRoot, "lines", ""),
	upgrade("an object of another extension-apiserver", 404, in(wardle, "upgrades", "flunders/a"), "lines", ""),
	upgrade("HTTP/2 without TLS", 200, "/apis", "h2c", ""),
	socket("a WebSocket", 101, echoThings+"/socket", "", "hello", 1),
	socket("a WebSocket with a subprotocol", 101, echoThings+"/socket", "other echo", "hello", 1),
	socket("a WebSocket from a browser", 101, echoThings+"/socket", "", "hello", 1, with("Origin", "https://elsewhere")),
	socket("a WebSocket to what has none", 503, echoThings+"/a", "", "", 0),
	socket("a WebSocket without rights", 403, echoThings+"/socket", "", "", 0, as("anna")),
	socket("a WebSocket with a bad token in its protocols", 401, echoThings+"/socket", "base64url.bearer.authorization.k8s.io.bm9uc2Vuc2U echo", "", 0, as(anonymous)),
	execute("exec over SPDY", echoThings+"/exec?stdin=true&stdout=true&command=x", "hello", overSPDY),
	execute("exec over a WebSocket", echoThings+"/exec?stdin=true&stdout=true&command=x", "hello", overWebSocket),
	execute("exec over SPDY where there is none", echoThings+"/a?stdin=true&stdout=true", "hello", overSPDY),
	execute("exec over a WebSocket where there is none", echoThings+"/a?stdin=true&stdout=true", "hello", overWebSocket),
	namespace("upgrades"),
	post("a flunder", 201, in(wardle, "upgrades", "flunders"), flunder(`"name": "a"`, ""), save("rv", "metadata resourceVersion")),
	patch("a change", 200, in(wardle, "upgrades", "flunders/a"), mergePatch, `{"spec": {"reference": "b"}}`),
	socket("a watch over a WebSocket", 101, in(wardle, "upgrades", "flunders")+watch("resourceVersion=$rv"), "", "", 1, with("Origin", "https://elsewhere")),
	socket("a watch of what is there over a WebSocket", 101, in(wardle, "upgrades", "flunders")+watch(initialEvents), "", "", 2, with("Origin", "https://elsewhere")),
	post("a ConfigMap", 201, in(core, "upgrades", "configmaps"), configMap(`"name": "a"`, "")),
	socket("a watch of the core over a WebSocket", 101, in(core, "upgrades", "configmaps")+watch("fieldSelector=metadata.name%3Da"), "", "", 1, with("Origin", "https://elsewhere")),
	post("a Pod that no node runs", 201, in(core, "upgrades", "pods"), object("v1", "Pod", `"name": "p"`, `"spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": false}`), once("upgrades")),
	upgrade("exec in a Pod that no node runs", 400, in(core, "upgrades", "pods/p/exec?command=x&stdout=true"), "SPDY/3.1", ""),
	upgrade("attach to a Pod that is not", 404, in(core, "upgrades", "pods/q/attach?stdout=true"), "SPDY/3.1", ""),
	upgrade("ports of a Pod that no node runs", 400, in(core, "upgrades", "pods/p/portforward"), "SPDY/3.1", ""),
	get("logs of a Pod that no node runs", 204, in(core, "upgrades", "pods/p/log")),
	get("a Pod's own server, which no node runs", 400, in(core, "upgrades", "pods/p/proxy/x")),
	get("a Service's own server, which is an external name", 503, in(core, "backend", "services/https:backend:1234/proxy/apis")),
}}

// malformed tests the exact bytes of requests that no client should send.
var malformed = table{"malformed", []row{
	raw("a good request", 200, "GET /livez HTTP/1.1\nHost: x\nConnection: close\n\n"),
	raw("two requests", 200, "GET /livez HTTP/1.1\nHost: x\n\nGET /version HTTP/1.1\nHost: x\nConnection: close\n\n"),
	raw("an aggregated request", 200, "GET "+echoThings+"/a HTTP/1.1\nHost: x\nConnection: close\n\n"),
	raw("HTTP/1.0", 200, "GET "+echoThings+"/a HTTP/1.0\n\n"),
	raw("no host", 400, "GET /livez HTTP/1.1\n\n"),
	raw("two hosts", 400, "GET /livez HTTP/1.1\nHost: x\nHost: y\n\n"),
	raw("no HTTP", 400, "hello\n\n"),
	raw("HTTP/3.0", 505, "GET /livez HTTP/3.0\nHost: x\n\n"),
	raw("a whole URL", 200, "GET https://elsewhere"+echoThings+"/a HTTP/1.1\nHost: x\nConnection: close\n\n"),
	raw("a proxy's CONNECT", 404, "CONNECT elsewhere:443 HTTP/1.1\nHost: elsewhere:443\nConnection: close\n\n"),
	raw("a path that is no path", 400, "GET livez HTTP/1.1\nHost: x\n\n"),
	raw("a star for a path", 200, "OPTIONS * HTTP/1.1\nHost: x\nConnection: close\n\n"),
	raw("a space in a header's name", 400, "GET /livez HTTP/1.1\nHost: x\nX-Remote-User : a\n\n"),
	raw("a folded header", 200, "GET "+echoThings+"/a HTTP/1.1\nHost: x\nX-Long: a\n b\nConnection: close\n\n"),
	raw("a length and chunks", 200, "POST "+echoThings+" HTTP/1.1\nHost: x\nContent-Length: 4\nTransfer-Encoding: chunked\nConnection: close\n\n0\n\nGET /version HTTP/1.1\nHost: x\n\n"),
	raw("two lengths", 400, "POST "+echoThings+" HTTP/1.1\nHost: x\nContent-Length: 4\nContent-Length: 5\nConnection: close\n\nbody"),
	raw("a length below nothing", 400, "POST "+echoThings+" HTTP/1.1\nHost: x\nContent-Length: -1\nConnection: close\n\n"),
	raw("a coding that is none", 501, "POST "+echoThings+" HTTP/1.1\nHost: x\nTransfer-Encoding: sideways\nConnection: close\n\n"),
	raw("two codings", 501, "POST "+echoThings+" HTTP/1.1\nHost: x\nTransfer-Encoding: gzip, chunked\nConnection: close\n\n0\n\n"),
	raw("chunks", 200, "POST "+echoThings+" HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nConnection: close\n\n4\nbody\n0\n\n"),
	raw("chunks with a trailer", 200, "POST "+echoThings+" HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nTrailer: X-Remote-User\nConnection: close\n\n4\nbody\n0\nX-Remote-User: system:admin\n\n"),
	raw("a request smuggled after a length of nothing", 200, "POST "+echoThings+" HTTP/1.1\nHost: x\nContent-Length: 0\nConnection: close\n\nGET /version HTTP/1.1\nHost: x\n\n"),
	raw("an upgrade with a body", 101, "POST "+echoThings+"/lines HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: lines\nContent-Length: 4\n\nbye\n"),
	raw("an upgrade to nothing", 503, "GET "+echoThings+"/a HTTP/1.1\nHost: x\nConnection: Upgrade, close\n\n"),
	raw("nothing to upgrade to", 200, "GET "+echoThings+"/a HTTP/1.1\nHost: x\nUpgrade: lines\nConnection: close\n\n"),
	raw("HTTP/2's own beginning", 404, "PRI * HTTP/2.0\n\nSM\n\n"),
}}
