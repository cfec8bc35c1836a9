package uptodate

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/apiserver-builder/builder/internal/inputs"
)

// Scan returns the files in the folder root that generation may read or delete, and the files in more, which it writes. It returns an error
// if generation may read files that Scan does not see, such as those behind a link to a folder.
func Scan(root string, more []string) (Files, error) {
	files := Files{}
	for _, name := range more {
		files[name] = ""
	}
	if err := list(root, files); err != nil {
		return nil, err
	}
	names := make(chan string)
	var workers sync.WaitGroup
	var mutex sync.Mutex
	var failed error
	digests := Files{}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range names {
				digest, err := read(filepath.Join(root, filepath.FromSlash(name)))
				mutex.Lock()
				digests[name] = digest
				if err != nil {
					failed = err
				}
				mutex.Unlock()
			}
		})
	}
	for name := range files {
		names <- name
	}
	close(names)
	workers.Wait()
	return digests, failed
}

// list adds the names of the files that generation may read or delete.
func list(root string, files Files) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".":
			return nil
		case strings.HasPrefix(entry.Name(), ".builder-"): // left by a killed command; the next one removes it
			return fmt.Errorf("%s is left over", name)
		case entry.IsDir():
			return listFolder(name, rel, files)
		case entry.Type() == fs.ModeSymlink:
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				return fmt.Errorf("%s leads to a folder", name)
			}
		}
		if Relevant(rel) {
			files[rel] = ""
		}
		return nil
	})
}

func listFolder(name, rel string, files Files) error {
	if base := path.Base(rel); base == ".builder" || inputs.VersionControl(base) { // generation does not read these
		return fs.SkipDir
	}
	if _, err := os.Lstat(filepath.Join(name, "go.mod")); err == nil { // another module
		files[rel+"/go.mod"] = ""
		return fs.SkipDir
	}
	return nil
}

// Relevant reports whether generation reads a file, or deletes it if it is no longer generated.
func Relevant(name string) bool {
	return inputs.Compiled(name) || strings.HasPrefix(path.Base(name), "zz_generated.") || strings.HasPrefix(name, "pkg/generated/") ||
		name == inputs.Boilerplate
}
