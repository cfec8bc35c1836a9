package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// WriteLayout writes the image to an OCI image layout, which replaces an earlier one with one image in the same folder.
func WriteLayout(folder, tag string, index v1.ImageIndex) error {
	if err := checkReplaceable(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(folder), ".image-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(made) }() // after an error
	named := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: index, Descriptor: v1.Descriptor{Annotations: map[string]string{"org.opencontainers.image.ref.name": tag}},
	})
	if _, err := layout.Write(made, named); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(made, 0o755), os.RemoveAll(folder)); err != nil {
		return err
	}
	return os.Rename(made, folder)
}

// checkReplaceable returns an error if a folder has contents other than an image layout with at most one image.
func checkReplaceable(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !slices.Contains([]string{"oci-layout", "index.json", "blobs"}, entry.Name()) {
			return fmt.Errorf("%s contains something other than an image (%s): choose another folder", folder, entry.Name())
		}
	}
	index, err := layout.ImageIndexFromPath(folder) // which also requires the file oci-layout
	if err != nil {
		return fmt.Errorf("%s contains something other than an image: choose another folder: %w", folder, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("%s contains something other than an image: choose another folder: %w", folder, err)
	}
	if n := len(manifest.Manifests); n > 1 {
		return fmt.Errorf("%s contains %d images, which would be deleted: choose another folder", folder, n)
	}
	return nil
}

// WriteTarball writes the image to a file that "docker load" and "ctr image import" read. The format has one platform.
func WriteTarball(file string, tag name.Tag, index v1.ImageIndex) error {
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	if len(manifest.Manifests) != 1 {
		return errors.New("a tarball contains an image for one platform: choose one")
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	partial := file + ".partial"
	if err := tarball.WriteToFile(partial, tag, image); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Rename(partial, file)
}

// Push writes the image to its registry, with the credentials of "docker login".
func Push(ctx context.Context, tag name.Tag, index v1.ImageIndex, options ...remote.Option) error {
	return remote.WriteIndex(tag, index, append([]remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}, options...)...)
}
