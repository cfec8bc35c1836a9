package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// loopback verifies that the processes of the project in a folder listen, and only on 127.0.0.1.
func loopback(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: loopback folder")
	}
	sockets, err := socketsOf(ts.MkAbs(args[0]))
	ts.Check(err)
	listening := 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		ts.Check(err)
		for line := range strings.Lines(string(content)) {
			// sl, local_address, rem_address, st, ..., inode
			fields := strings.Fields(line)
			if fields[3] != "0A" || !slices.Contains(sockets, fmt.Sprintf("socket:[%s]", fields[9])) {
				continue
			}
			listening++
			if address, _, _ := strings.Cut(fields[1], ":"); address != "0100007F" {
				ts.Fatalf("a process listens on %s, which is not 127.0.0.1", fields[1])
			}
		}
	}
	// The proxy, etcd for clients and for peers, the apiserver, and the health probes of the controller manager.
	if listening < 4 {
		ts.Fatalf("only %d sockets listen", listening)
	}
}

// socketsOf returns the open sockets of all processes whose command line contains a folder.
func socketsOf(dir string) ([]string, error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var sockets []string
	for _, process := range processes {
		commandLine, err := os.ReadFile(filepath.Join(process, "cmdline"))
		if err != nil || !strings.Contains(string(commandLine), dir) {
			continue // the process may have exited
		}
		files, err := filepath.Glob(filepath.Join(process, "fd", "*"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "socket:") {
				sockets = append(sockets, target)
			}
		}
	}
	return sockets, nil
}
