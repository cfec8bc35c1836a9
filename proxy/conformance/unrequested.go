package conformance

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// unrequestedUpgrades makes the backend switch protocols without a request for it. No client gets such a response, and no other request
// is sent on the connection.
func (s *suite) unrequestedUpgrades(t *testing.T, b *proxytest.Backend) {
	for name, c := range map[string]struct{ headers, want string }{
		"to_a_protocol": {"Connection: Upgrade\r\nUpgrade: x\r\n", "backend tried to switch protocol \"x\" when \"\" was requested\n"},
		"to_nothing":    {"", "internal error: 101 switching protocols response with non-writable body\n"},
	} {
		run(t, "101_that_nobody_asked_for_"+name+"_is_an_error", func(t *testing.T) {
			path := "unasked/" + name
			after := make(chan error, 1)
			b.Handle(path, func(w http.ResponseWriter, _ *http.Request) {
				// Wait for as long as a connection could be reused. kube-apiserver leaves some open, but never uses them.
				const long = 200 * time.Millisecond
				said, err := proxytest.RawThenRead(w, "HTTP/1.1 101 Switching Protocols\r\n"+c.headers+"\r\n", long)
				if said != "" {
					err = errors.New("the connection is used again: " + said)
				}
				after <- err
			})
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				for _, query := range []string{"", "?watch=true"} {
					wantPlain(t, s.send(t, s.client, method, b.Path(path)+query, nil, ""), http.StatusServiceUnavailable, c.want)
					s.get(t, b.Path("things")).WantStatus(t, http.StatusOK)
					if err := <-after; !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("%s %s: %v", method, query, err)
					}
				}
			}
		})
	}
}
