package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/apiserver-builder/builder/internal/regular"
)

// A file is a file of the image: its content, or the file that it is copied from.
type file struct {
	name       string // without a leading slash
	content    []byte
	from       string
	executable bool
}

// layer writes files to an archive, and returns it as a layer. All files belong to root, and have the time zero, so that the same contents
// make the same layer.
func layer(archive string, files []file) (v1.Layer, error) {
	out, err := os.Create(archive)
	if err != nil {
		return nil, err
	}
	err = writeFiles(tar.NewWriter(out), files)
	if err := errors.Join(err, out.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromFile(archive, tarball.WithMediaType(types.OCILayer))
}

func writeFiles(out *tar.Writer, files []file) error {
	folders := map[string]bool{".": true}
	for _, f := range files {
		if err := writeFolders(out, path.Dir(f.name), folders); err != nil {
			return err
		}
		if err := f.write(out); err != nil {
			return err
		}
	}
	return out.Close()
}

// writeFolders writes a folder, after those that contain it, unless it is in written.
func writeFolders(out *tar.Writer, name string, written map[string]bool) error {
	if written[name] {
		return nil
	}
	if err := writeFolders(out, path.Dir(name), written); err != nil {
		return err
	}
	written[name] = true
	return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: time.Unix(0, 0)})
}

func (f file) write(out *tar.Writer) error {
	var from io.Reader = strings.NewReader(string(f.content))
	size := int64(len(f.content))
	if f.from != "" {
		opened, err := regular.Open(f.from)
		if err != nil {
			return err
		}
		defer func() { _ = opened.Close() }() // it was only read
		info, err := opened.Stat()
		if err != nil {
			return err
		}
		from, size = opened, info.Size()
	}
	mode := int64(0o444)
	if f.executable {
		mode = 0o555
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: mode, Size: size, ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	_, err := io.Copy(out, from)
	return err
}
