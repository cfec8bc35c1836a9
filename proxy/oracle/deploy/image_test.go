package deploy_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// extract writes the files of the image in a tarball to a folder.
func extract(tarball, dir string) error {
	var manifests []struct{ Layers []string }
	err := entry(tarball, "manifest.json", func(r io.Reader) error {
		return json.NewDecoder(r).Decode(&manifests)
	})
	if err != nil {
		return err
	}
	if len(manifests) != 1 {
		return fmt.Errorf("it contains %d images", len(manifests))
	}
	for _, layer := range manifests[0].Layers {
		err := entry(tarball, layer, func(r io.Reader) error {
			unzipped, err := gzip.NewReader(r)
			if err != nil {
				return err
			}
			return untar(unzipped, dir)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// entry calls read with the content of a file in a tarball.
func entry(tarball, name string, read func(io.Reader) error) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	for files := tar.NewReader(f); ; {
		header, err := files.Next()
		if err != nil {
			return err
		}
		if header.Name == name {
			return read(files)
		}
	}
}

func untar(r io.Reader, dir string) error {
	for files := tar.NewReader(r); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.Join("/", header.Name))
		if header.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		content, err := io.ReadAll(files)
		if err == nil {
			err = os.WriteFile(path, content, header.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
}

// install makes a root file system that contains a program, and the shared libraries that it is linked with.
func install(program, dir, path string) error {
	files := map[string]string{path: program}
	if out, err := exec.Command("ldd", program).Output(); err == nil { // it fails for a static program
		for field := range strings.FieldsSeq(string(out)) {
			if filepath.IsAbs(field) {
				files[field] = field
			}
		}
	}
	for to, from := range files {
		to = filepath.Join(dir, to)
		content, err := os.ReadFile(from)
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, 0o755))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
