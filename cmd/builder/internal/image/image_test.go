package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	spdx "github.com/spdx/tools-golang/json"
	"golang.org/x/sys/unix"
)

// inside is a program that prints what it finds in the image.
const inside = `package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	filepath.Walk("/", func(name string, info os.FileInfo, err error) error {
		fmt.Println(name, info.Mode())
		return err
	})
	_, err := os.Create("/tmp")
	fmt.Println(os.Getuid(), os.Getgid(), err)
}
`

// module writes a module with the two programs.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":                         "module example.com/shop\n\ngo 1.26\n",
		"cmd/apiserver/main.go":          inside,
		"cmd/controller-manager/main.go": "package main\n\nfunc main() { println(\"controllers\") }\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func build(t *testing.T, platforms ...string) v1.ImageIndex {
	t.Helper()
	parsed, err := ParsePlatforms(platforms)
	if err != nil {
		t.Fatal(err)
	}
	index, err := Build(t.Context(), Options{Dir: module(t), Name: "shop", Platforms: parsed, Show: func(string) {}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	hash, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

// TestSame builds an image twice, from sources in different folders and with other settings of the go command.
func TestSame(t *testing.T) {
	first := digest(t, build(t, "linux/arm64", "linux/amd64"))
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("TZ", "Asia/Tokyo")
	for _, variable := range []string{"GOAMD64", "GOARM64"} { // they would override the file
		t.Setenv(variable, "")
	}
	settings := filepath.Join(t.TempDir(), "env") // as written by "go env -w"
	if err := os.WriteFile(settings, []byte("GOAMD64=v3\nGOARM64=v8.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOENV", settings)
	if second := digest(t, build(t, "linux/amd64", "linux/arm64", "linux/amd64")); first != second {
		t.Errorf("the digests %s and %s differ", first, second)
	}
}

// TestLayout writes an image layout twice, and reads it again.
func TestLayout(t *testing.T) {
	index, folder := build(t), filepath.Join(t.TempDir(), "bin", "image")
	for range 2 { // the second replaces the first
		if err := WriteLayout(folder, "shop:dev", index); err != nil {
			t.Fatal(err)
		}
	}
	read, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := read.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := outer.Manifests[0]; got.Digest.String() != digest(t, index) || got.Annotations["org.opencontainers.image.ref.name"] != "shop:dev" {
		t.Errorf("the layout has %s", got.Digest)
	}
	if err := validate.Index(read); err != nil {
		t.Error(err)
	}
	if rest, err := os.ReadDir(filepath.Dir(folder)); err != nil || len(rest) != 1 {
		t.Errorf("%v (%v) beside the layout", rest, err)
	}

	other := module(t)
	if err := WriteLayout(other, "shop:dev", index); err == nil || !strings.Contains(err.Error(), "contains something other than an image") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(other, "go.mod")); err != nil {
		t.Error(err)
	}
}

// TestForeignLayout verifies that WriteLayout does not delete other images in a layout, nor files beside it.
func TestForeignLayout(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(t *testing.T, folder string)
	}{
		{"two images", "contains 2 images", func(t *testing.T, folder string) {
			index, err := random.Index(1, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := layout.Path(folder).AppendIndex(index); err != nil {
				t.Fatal(err)
			}
		}},
		{"another file", "something other than an image (notes.txt)", func(t *testing.T, folder string) {
			if err := os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"no index", "something other than an image", func(t *testing.T, folder string) {
			if err := os.Remove(filepath.Join(folder, "index.json")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "image")
			index, err := random.Index(1, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := WriteLayout(folder, "shop:dev", index); err != nil {
				t.Fatal(err)
			}
			c.change(t, folder)
			if err := WriteLayout(folder, "shop:dev", index); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestTarball writes a tarball, and reads it again.
func TestTarball(t *testing.T) {
	tag, file := name.MustParseReference("example.com/shop:v1").(name.Tag), filepath.Join(t.TempDir(), "shop.tar")
	if err := WriteTarball(file, tag, build(t)); err != nil {
		t.Fatal(err)
	}
	read, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(read); err != nil {
		t.Error(err)
	}
	if err := WriteTarball(file, tag, build(t, "linux/amd64", "linux/arm64")); err == nil {
		t.Error("a tarball has images for two platforms")
	}
}

// TestPush pushes an image to a registry, and pulls it.
func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/team/shop:v1")
	if err != nil {
		t.Fatal(err)
	}
	index := build(t)
	if err := Push(t.Context(), tag, index); err != nil {
		t.Fatal(err)
	}
	read, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digest(t, read), digest(t, index); got != want {
		t.Errorf("the registry has %s, want %s", got, want)
	}
}

// TestContents reads the files of an image, and runs its first program with them.
func TestContents(t *testing.T) {
	index := build(t)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	files := extract(t, image)
	doc, err := spdx.Read(bytes.NewReader(files["sbom.spdx.json"]))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, p := range doc.Packages {
		modules = append(modules, p.PackageName)
	}
	if !slices.Equal(modules, []string{"example.com/shop", "stdlib"}) || len(doc.Relationships) != 2 {
		t.Errorf("the bill of materials has %q", modules)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(files["etc/ssl/certs/ca-certificates.crt"]) {
		t.Error("no certificates")
	}
	run(t, files)
}

// extract returns the files of an image.
func extract(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	content := mutate.Extract(image)
	defer func() { _ = content.Close() }()
	for in := tar.NewReader(content); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if files[header.Name], err = io.ReadAll(in); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run runs the first program of an image with its files only, which it cannot write to, as the user of the image.
func run(t *testing.T, files map[string][]byte) {
	if os.Getuid() != 0 {
		t.Skip("needs root for chroot")
	}
	dir := filepath.Join(t.TempDir(), "root")
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, content, 0o555)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skip("needs the right to mount:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/apiserver")
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: user, Gid: user}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"/apiserver -r-xr-xr-x\n", "/controller-manager -r-xr-xr-x\n", "/etc/passwd ", "65532 65532 open /tmp: read-only file system\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if n := strings.Count(string(out), "\n"); n != 11 {
		t.Errorf("%d lines, want those of ten files and folders:\n%s", n, out)
	}
}

// TestBuildErrors builds a program with an error.
func TestBuildErrors(t *testing.T) {
	dir := module(t)
	if err := os.WriteFile(filepath.Join(dir, "cmd", "apiserver", "main.go"), []byte("package main\n\nfunc main() { x }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	platforms, err := ParsePlatforms(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Build(t.Context(), Options{Dir: dir, Name: "shop", Platforms: platforms, Show: func(string) {}}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "main.go:3:15: undefined: x") {
		t.Errorf("got %v", err)
	}
}

func TestParsePlatforms(t *testing.T) {
	for _, bad := range []string{"darwin/arm64", "linux", "linux/386", "linux/arm/v7", "", "/"} {
		if _, err := ParsePlatforms([]string{"linux/amd64", bad}); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
