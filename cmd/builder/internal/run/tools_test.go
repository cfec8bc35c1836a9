package run

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFindProxy(t *testing.T) {
	root := t.TempDir()
	program := func(path string, mode os.FileMode) string {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mine := program("mine/my-proxy", 0o755)
	beside := program("bin/aggregation-proxy", 0o755)
	onPath := program("path/aggregation-proxy", 0o755)
	notes := program("notes/aggregation-proxy", 0o644)
	builder := program("bin/builder", 0o755)
	alone := program("alone/builder", 0o755)
	link := filepath.Join(root, "link")
	if err := os.Symlink(builder, link); err != nil {
		t.Fatal(err)
	}
	path := strings.Join([]string{filepath.Dir(notes), filepath.Dir(onPath)}, string(os.PathListSeparator))
	for _, c := range []struct {
		name, variable, path, executable string
		want, err                        string
	}{
		{"named", mine, path, builder, mine, ""},
		{"named, missing", filepath.Join(root, "none"), path, builder, "", "$AGGREGATION_PROXY: stat "},
		{"named, not a program", notes, path, builder, "", "is not a program"},
		{"named, a folder", root, path, builder, "", "is not a program"},
		{"beside", "", path, builder, beside, ""},
		{"beside what a link points to", "", path, link, beside, ""},
		{"in PATH", "", path, alone, onPath, ""},
		{"nowhere", "", filepath.Dir(notes), alone, "", "install it with: go install "},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{"AGGREGATION_PROXY": c.variable, "PATH": c.path}
			got, err := FindProxy(func(name string) string { return env[name] }, c.executable)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestProxyPort(t *testing.T) {
	dir := t.TempDir()
	first, err := proxyPort(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if first < firstPort || first >= firstPort+portCount {
		t.Errorf("port %d", first)
	}
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first)))
	if err != nil {
		t.Fatal(err)
	}
	if next, err := proxyPort(dir, 0); err != nil || next == first {
		t.Errorf("first port taken: %d, %v", next, err)
	}
	if _, err := proxyPort(dir, first); !errors.Is(err, errPortInUse) {
		t.Errorf("wanted port taken: %v", err)
	}
	taken.Close()
	if port, err := proxyPort(dir, first); port != first || err != nil {
		t.Errorf("wanted port: %d, %v", port, err)
	}

	last, err := freePort(first + 100)
	if err != nil {
		t.Fatal(err)
	}
	writeKubeconfig(t, dir, last)
	if port, err := proxyPort(dir, 0); port != last || err != nil {
		t.Errorf("after a run on %d: %d, %v", last, port, err)
	}
}

func writeKubeconfig(t *testing.T, dir string, port int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(Kubeconfig(dir)), 0o700); err != nil {
		t.Fatal(err)
	}
	content := "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: https://127.0.0.1:" + strconv.Itoa(port) + "}}]\n"
	if err := os.WriteFile(Kubeconfig(dir), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBuildFlags verifies that a user who wants debugging information gets it.
func TestBuildFlags(t *testing.T) {
	for goflags, want := range map[string]string{
		"":                      "-buildvcs=false -ldflags=-w",
		"-trimpath":             "-buildvcs=false -ldflags=-w",
		"-ldflags=-X=main.v=1":  "-buildvcs=false",
		"-trimpath --ldflags=-": "-buildvcs=false",
	} {
		flags, err := buildFlags([]string{"GOENV=off", "GOFLAGS=" + goflags})
		if got := strings.Join(flags, " "); got != want || err != nil {
			t.Errorf("GOFLAGS=%s: got %s, %v, want %s", goflags, got, err, want)
		}
	}
}
