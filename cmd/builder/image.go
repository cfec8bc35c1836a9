package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/cmd/builder/internal/image"
	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/internal/scratch"
)

func (a *app) imageCommand() *cobra.Command {
	var tag, layout, tarball string
	var platforms []string
	var push bool
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Build the container image of the project",
		Long: `image builds the container image that the manifests in config use. It contains both programs, statically linked, the
certificates of public CAs, and a bill of materials (/sbom.spdx.json), and nothing else. It runs as a user without privileges. No container runtime
is needed. The same sources, with the same versions of Go and builder, and the same GOFLAGS, GOEXPERIMENT and
GOFIPS140, make the same image.

By default, image writes an OCI image layout to bin/image. It prints the digest of the image.`,
		Example: `  builder image
  builder image --tag example.com/team/shop:v1.2.0 --platform linux/amd64,linux/arm64 --push
  builder image --tarball shop.tar && docker load --input shop.tar`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(onlyOne(cmd, "push", "layout", "tarball"), onlyOne(cmd, "layout", "tarball")); err != nil {
				return err
			}
			if push {
				if err := required(cmd, "tag"); err != nil {
					return err
				}
			}
			wanted, err := image.ParsePlatforms(platforms)
			if err != nil {
				return usageError{err}
			}
			if tarball != "" && len(wanted) > 1 {
				return usagef("a tarball contains an image for one platform: choose one, or write a layout")
			}
			dir, p, err := a.restored(cmd.Context())
			if err != nil {
				return err
			}
			if tag == "" {
				tag = p.Name + ":dev"
			}
			ref, err := name.NewTag(tag)
			if err != nil {
				return usagef("--tag %q is not the name of an image: use one such as example.com/team/shop:v1.2.0", tag)
			}
			if err := generators.CheckGo(cmd.Context(), dir); err != nil {
				return err
			}
			folder, remove, err := scratch.Dir()
			if err != nil {
				return err
			}
			defer remove()
			shown := display.New(a.stderr, display.StyleOf(a.stderr, a.getenv).Terminal)
			shown.Begin("building " + tag)
			index, err := image.Build(cmd.Context(), image.Options{Dir: dir, Name: p.Name, Platforms: wanted, Show: shown.Detail}, folder)
			shown.End()
			if err != nil {
				return err
			}
			digest, err := index.Digest()
			if err != nil {
				return err
			}
			written := tag + "@" + digest.String()
			switch {
			case push:
				err = image.Push(cmd.Context(), ref, index)
			case tarball != "":
				written = tarball
				err = image.WriteTarball(tarball, ref, index)
			default:
				written = layout
				if !cmd.Flags().Changed("layout") { // the default is relative to the project, a path that the user types to the current folder
					layout = filepath.Join(dir, layout)
				}
				err = image.WriteLayout(layout, tag, index)
			}
			if err != nil {
				return fmt.Errorf("write %s: %w", written, err)
			}
			_, err = fmt.Fprintf(a.stdout, "%s  %s\n", digest, written)
			return err
		},
	}
	cmd.Flags().StringVar(&tag, "tag", "", "the name and tag of the image (default: the project's name, and the tag dev)")
	cmd.Flags().StringSliceVar(&platforms, "platform", nil, "the platforms, separated by commas (default: linux on this machine's architecture)")
	cmd.Flags().StringVar(&layout, "layout", filepath.Join("bin", "image"), "the folder for an OCI image layout")
	cmd.Flags().StringVar(&tarball, "tarball", "", "write a file for \"docker load\" instead")
	cmd.Flags().BoolVar(&push, "push", false, "push the image to the registry in --tag instead")
	return cmd
}
