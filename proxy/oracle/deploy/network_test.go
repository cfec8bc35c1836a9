package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// kubernetesAddress is the address of the Service kubernetes, the first in the range of kube-apiserver's flags.
const kubernetesAddress = "10.0.0.1"

// setUpNetwork prepares the network namespace of this process.
func setUpNetwork() error {
	return errors.Join(command("ip", "link", "set", "lo", "up"), command("ip", "addr", "add", kubernetesAddress+"/32", "dev", "lo"))
}

// forwardKubernetes forwards the Service kubernetes to kube-apiserver until the test ends.
func forwardKubernetes(t *testing.T, apiserver string) {
	t.Helper()
	listener, err := net.Listen("tcp", kubernetesAddress+":443")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			go forward(from, apiserver)
		}
	}()
}

func forward(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		defer from.Close()
		_, _ = io.Copy(from, to)
	}()
	_, _ = io.Copy(to, from)
}

// network is the network namespace of a Pod. It ends with its process.
type network struct {
	address string
	process *exec.Cmd
}

// networks counts the network namespaces.
var networks atomic.Int64

// newPodNetwork creates a network namespace that is connected with the one of this process.
func newPodNetwork() (*network, error) {
	i := networks.Add(1)
	prefix, last := fmt.Sprintf("198.18.%d.", i/64), i%64*4
	gateway := fmt.Sprint(prefix, last+1)
	n := &network{address: fmt.Sprint(prefix, last+2), process: exec.Command("sleep", "infinity")}
	n.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := n.process.Start(); err != nil {
		return nil, err
	}
	name, pid := fmt.Sprint("pod", i), fmt.Sprint(n.process.Process.Pid)
	for _, line := range []string{
		"ip link add " + name + " type veth peer name eth0 netns " + pid,
		"ip addr add " + gateway + "/30 dev " + name,
		"ip link set " + name + " up",
		"nsenter --net --target " + pid + " ip link set lo up",
		"nsenter --net --target " + pid + " ip addr add " + n.address + "/30 dev eth0",
		"nsenter --net --target " + pid + " ip link set eth0 up",
		"nsenter --net --target " + pid + " ip route add default via " + gateway,
	} {
		words := strings.Fields(line)
		if err := command(words[0], words[1:]...); err != nil {
			n.remove()
			return nil, err
		}
	}
	return n, nil
}

// file returns the namespace, for setns.
func (n *network) file() (*os.File, error) {
	return os.Open(fmt.Sprintf("/proc/%d/ns/net", n.process.Process.Pid))
}

func (n *network) remove() {
	_ = n.process.Process.Kill()
	_ = n.process.Wait()
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
