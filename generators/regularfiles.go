package generators

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiserver-builder/builder/internal/inputs"
	"github.com/apiserver-builder/builder/internal/regular"
)

// checkRegular returns an error if something other than a regular file has the name of a file that the go command reads. The go command
// would wait for a writer to a named pipe, without a message.
func checkRegular(dir string) error {
	if err := regular.Check(filepath.Join(dir, filepath.FromSlash(inputs.Boilerplate))); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // reported where the file is read
		}
		switch {
		case entry.IsDir():
			_, err := os.Stat(filepath.Join(name, goMod))
			if name != dir && (err == nil || inputs.VersionControl(entry.Name()) || strings.HasPrefix(entry.Name(), ".builder")) {
				return fs.SkipDir
			}
			return nil
		case entry.Type() == fs.ModeSymlink:
			return checkLinked(name)
		case !entry.Type().IsRegular():
			return checkFile(name)
		}
		return nil
	})
}

// checkLinked checks the target of a link: a file, or the files in a folder.
func checkLinked(name string) error {
	entries, err := os.ReadDir(name)
	if err != nil {
		return checkFile(name)
	}
	for _, entry := range entries {
		if err := checkFile(filepath.Join(name, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// checkFile checks a file if the go command may read it. It ignores files that it cannot access; they are reported where they are read.
func checkFile(name string) error {
	if info, err := os.Stat(name); err != nil || info.IsDir() || !inputs.Compiled(name) {
		return nil
	}
	return regular.Check(name)
}
