package generators

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiserver-builder/builder/generators/regular"
)

// checkRegular refuses a project in which something other than a regular file has the name of a file that the go command reads: it
// would wait for a writer to a named pipe, and say nothing.
func checkRegular(dir string) error {
	if err := regular.Check(filepath.Join(dir, filepath.FromSlash(boilerplateName))); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // whoever reads it says so
		}
		switch {
		case entry.IsDir():
			_, err := os.Stat(filepath.Join(name, goMod))
			if name != dir && (err == nil || history[entry.Name()] || strings.HasPrefix(entry.Name(), ".builder")) {
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

// checkLinked checks what a link leads to: a file, or the files in a folder.
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

// checkFile checks what may be a file that the go command reads. What can't be looked at is for whoever reads it to name.
func checkFile(name string) error {
	if info, err := os.Stat(name); err != nil || info.IsDir() || !compiled[filepath.Ext(name)] {
		return nil
	}
	return regular.Check(name)
}
