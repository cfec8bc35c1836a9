// Package ports listens on the port of an earlier run if it is free, so that a restart does not change addresses.
package ports

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"syscall"
)

// Of returns the port in a URL, or 0 if it contains none.
func Of(rawURL string) int {
	u, err := url.Parse(rawURL)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0
	}
	return port
}

// Listen listens on a port of an address. For port 0, it takes the last port if it is free, otherwise any free port.
func Listen(address string, port, last int) (net.Listener, error) {
	if port == 0 {
		l, err := listenPreferring(address, last)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		return l, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d on %s is in use: stop what listens there, or choose another with --secure-port (0 takes a free one)", port, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on port %d of %s: %w", port, address, err)
	}
	return l, nil
}

// Free returns the preferred port of an address if nothing listens there, otherwise a port that is free now.
func Free(address string, preferred int) (int, error) {
	l, err := listenPreferring(address, preferred)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func listenPreferring(address string, preferred int) (net.Listener, error) {
	if preferred != 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(preferred))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(address, "0"))
}
