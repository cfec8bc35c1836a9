package run

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/client-go/tools/clientcmd"
)

// FindProxy returns the path of aggregation-proxy: $AGGREGATION_PROXY, else in the folder of executable (this program's path), else in
// PATH.
func FindProxy(getenv func(string) string, executable string) (string, error) {
	if path := getenv("AGGREGATION_PROXY"); path != "" {
		if err := runnable(path); err != nil {
			return "", fmt.Errorf("$AGGREGATION_PROXY: %w", err)
		}
		return filepath.Abs(path)
	}
	folders := []string{filepath.Dir(executable)}
	if resolved, err := filepath.EvalSymlinks(executable); err == nil {
		folders = append(folders, filepath.Dir(resolved))
	}
	for _, folder := range append(folders, filepath.SplitList(getenv("PATH"))...) {
		path := filepath.Join(folder, aggregationProxy)
		if runnable(path) == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("%s is neither next to builder (%s) nor in PATH, and $AGGREGATION_PROXY is not set: "+
		"install it with: go install github.com/apiserver-builder/builder/cmd/...@latest", aggregationProxy, folders[0])
}

func runnable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not a program", path)
	}
	return nil
}

// The range of ports: above the well-known ones, below those that the system uses for outgoing connections.
const firstPort, portCount = 20000, 12000

// errPortInUse reports that a port is in use.
var errPortInUse = errors.New("in use by another program")

// proxyPort returns the port to serve the project on: want, which must be free; else the port of the last run, which a terminal may still
// have in its environment; else the first free one from a port that depends on the project's folder.
func proxyPort(dir string, want int) (int, error) {
	if want != 0 {
		if err := free(want); err != nil {
			return 0, fmt.Errorf("port %d is %w: choose another with --port, or leave it out", want, err)
		}
		return want, nil
	}
	if last := lastPort(dir); last != 0 && free(last) == nil {
		return last, nil
	}
	hash := fnv.New32a()
	hash.Write([]byte(dir))
	return freePort(firstPort + int(hash.Sum32()%portCount))
}

// lastPort returns the port in the kubeconfig of the last run, or 0 if there is none.
func lastPort(dir string) int {
	config, err := clientcmd.LoadFromFile(Kubeconfig(dir))
	if err != nil {
		return 0
	}
	for _, cluster := range config.Clusters {
		if server, err := url.Parse(cluster.Server); err == nil {
			port, _ := strconv.Atoi(server.Port())
			return port
		}
	}
	return 0
}

// freePort returns the first free port from start on.
func freePort(start int) (int, error) {
	for i := range portCount {
		port := firstPort + (start-firstPort+i)%portCount
		if free(port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port between %d and %d is free", firstPort, firstPort+portCount)
}

func free(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return errPortInUse
	}
	return listener.Close()
}
