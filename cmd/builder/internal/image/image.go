// Package image builds the container image of a project: its two programs, and the certificates of public CAs. It needs no container runtime.
package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/apiserver-builder/builder/cmd/builder/internal/gobuild"
	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
)

// user is the user and group that the programs run as.
const user = 65532

// Options are the arguments of Build.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Name is the project's name.
	Name string
	// Platforms lists what the image is for. It must not be empty.
	Platforms []v1.Platform
	// Show receives the progress.
	Show func(string)
}

// architectures lists those that Kubernetes supports for programs on Linux.
var architectures = []string{"amd64", "arm64", "ppc64le", "riscv64", "s390x"}

// instructionSets are Go's defaults, which all machines of an architecture have. An empty variable would not override "go env -w".
var instructionSets = []string{"GOAMD64=v1", "GOARM64=v8.0", "GOPPC64=power8", "GORISCV64=rva20u64"}

// ParsePlatforms parses platforms such as linux/arm64, and sorts them. Without any, it returns Linux on this machine's architecture.
func ParsePlatforms(names []string) ([]v1.Platform, error) {
	if len(names) == 0 {
		names = []string{"linux/" + runtime.GOARCH}
	}
	names = slices.Clone(names)
	slices.Sort(names)
	var platforms []v1.Platform
	for _, name := range slices.Compact(names) {
		system, architecture, _ := strings.Cut(name, "/")
		if system != "linux" || !slices.Contains(architectures, architecture) {
			return nil, fmt.Errorf("platform %q is not supported: use linux/ARCHITECTURE, with one of %s", name, strings.Join(architectures, ", "))
		}
		platforms = append(platforms, v1.Platform{OS: system, Architecture: architecture})
	}
	return platforms, nil
}

// Build returns the index with an image for each platform. The same sources make the same image on every machine, with the same versions of Go
// and builder, and the same GOFLAGS, GOEXPERIMENT and GOFIPS140. The layers are files in the folder scratch, which must exist while the index is used.
func Build(ctx context.Context, o Options, scratch string) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range o.Platforms {
		image, err := buildFor(ctx, o, platform, filepath.Join(scratch, platform.Architecture))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index, nil
}

// buildFor returns the image for a platform.
func buildFor(ctx context.Context, o Options, platform v1.Platform, scratch string) (v1.Image, error) {
	if err := compile(ctx, o, platform, scratch); err != nil {
		return nil, err
	}
	bill, err := billOfMaterials(o.Name, scratch)
	if err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	files := []file{
		{name: "etc/passwd", content: fmt.Appendf(nil, "root:x:0:0::/:/sbin/nologin\nnonroot:x:%[1]d:%[1]d::/:/sbin/nologin\n", user)},
		{name: "etc/group", content: fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", user)},
		{name: "etc/ssl/certs/ca-certificates.crt", content: publicCAs()},
		{name: "sbom.spdx.json", content: bill},
	}
	base, err := layer(filepath.Join(scratch, "base.tar"), files)
	if err != nil {
		return nil, err
	}
	var binaries []file
	for _, program := range programs.All() {
		binaries = append(binaries, file{name: program, from: filepath.Join(scratch, program), executable: true})
	}
	top, err := layer(filepath.Join(scratch, "programs.tar"), binaries)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), base, top)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = platform.OS, platform.Architecture
	config.Config = v1.Config{
		User:       fmt.Sprintf("%[1]d:%[1]d", user),
		Entrypoint: []string{"/" + programs.APIServer},
		WorkingDir: "/",
		Labels:     map[string]string{"org.opencontainers.image.title": o.Name},
	}
	return mutate.ConfigFile(image, config)
}

// compile builds the programs for a platform into a folder.
func compile(ctx context.Context, o Options, platform v1.Platform, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var packages []string
	for _, program := range programs.All() {
		packages = append(packages, "./cmd/"+program)
	}
	show := func(progress string) { o.Show(fmt.Sprintf("%s: %s", platform, progress)) }
	out, err := gobuild.Build(ctx, gobuild.Options{
		Dir:      o.Dir,
		Output:   folder + string(filepath.Separator),
		Packages: packages,
		Flags:    []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="},
		// Without cgo, the programs need no libraries.
		Env:  append([]string{"CGO_ENABLED=0", "GOOS=" + platform.OS, "GOARCH=" + platform.Architecture}, instructionSets...),
		Show: show,
	})
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return errors.New("go build: " + cmp.Or(out, err.Error()))
	}
	return nil
}
