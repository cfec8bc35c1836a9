// Package uptodate records the inputs and outputs of "builder generate", so that the next run can stop immediately if
// nothing has changed. If in doubt, it reports a change.
//
// The package imports little: see cmd/builder/internal/early.
package uptodate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A Record describes an up-to-date project.
type Record struct {
	// Root is the project's folder.
	Root string
	// Setup is a digest of the inputs of generation outside the project.
	Setup string
	// Files contains the files that generation reads and writes.
	Files Files
	// Out and Err are the standard output and standard error of a command that has nothing to do.
	Out, Err string
}

// Setup returns a digest of the inputs of generation outside the project's folder root: this program, the go command and its settings. It
// returns an error if generation reads other files, in a workspace or a vendor folder.
func Setup(root string) (string, error) {
	settings, err := gocmd.Settings(os.Environ())
	if err != nil {
		return "", err
	}
	if work := gocmd.Workspace(root, settings); work != "" {
		return "", fmt.Errorf("%s is in the workspace %s", root, work)
	}
	if _, err := os.Lstat(filepath.Join(root, "vendor")); err == nil {
		return "", fmt.Errorf("%s has a vendor folder", root)
	}
	if driver, err := exec.LookPath("gopackagesdriver"); err == nil {
		return "", fmt.Errorf("%s lists packages", driver)
	}
	tool, err := gocmd.Tool()
	if err != nil {
		return "", err
	}
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %d %d %q %q %q\n", program, info.Size(), info.ModTime().UnixNano(), tool, gocmd.Compilers(settings), root)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(hash, "%s=%q\n", name, settings[name])
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// recordLimit is the maximum age of a record.
const recordLimit = 30 * 24 * time.Hour

func records() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "builder", "unchanged"), err
}

func recordFile(root string) (string, error) {
	dir, err := records()
	sum := sha256.Sum256([]byte(root))
	return filepath.Join(dir, hex.EncodeToString(sum[:16])+".json"), err
}

// Lookup returns the record of the project in root if it is still up to date. The caller must hold the project's lock.
func Lookup(root string) (*Record, error) {
	name, err := recordFile(root)
	if err != nil {
		return nil, err
	}
	r, err := readRecord(name)
	if err != nil {
		return nil, err
	}
	setup, err := Setup(root)
	if err != nil {
		return nil, err
	}
	if setup != r.Setup || root != r.Root {
		return nil, errors.New("the program, the go command or its settings have changed")
	}
	files, err := Scan(root, slices.Collect(maps.Keys(r.Files)))
	if err != nil {
		return nil, err
	}
	return r, r.Files.equal(files)
}

func readRecord(name string) (*Record, error) {
	content, err := regular.Read(name)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	return r, json.Unmarshal(content, r)
}

// Save saves a record in place of the previous one of the project. It removes old records, and those of deleted projects.
func (r *Record) Save() error {
	name, err := recordFile(r.Root)
	if err != nil {
		return err
	}
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := regular.Replace(name, content); err != nil {
		return err
	}
	return prune(dir, time.Now())
}

func prune(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		info, statErr := entry.Info()
		if statErr != nil {
			continue // another process has removed it
		}
		name := filepath.Join(dir, entry.Name())
		stale := now.Sub(info.ModTime()) > recordLimit
		if r, readErr := readRecord(name); readErr == nil {
			_, statErr := os.Stat(r.Root)
			stale = stale || errors.Is(statErr, fs.ErrNotExist)
		}
		if stale {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}

// Files maps paths to digests of the files' contents. Paths have slashes and are relative to the project's folder. The digest of a file that
// does not exist is "".
type Files map[string]string

// equal returns an error with the name of a file that differs between f and other.
func (f Files) equal(other Files) error {
	for name, digest := range f {
		if other[name] != digest {
			return fmt.Errorf("%s has changed", name)
		}
	}
	for name := range other {
		if _, ok := f[name]; !ok {
			return fmt.Errorf("%s is new", name)
		}
	}
	return nil
}

// Digest returns the digest of a file's content.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// read returns the digest of a file, which may be a link or not exist.
func read(name string) (string, error) {
	content, err := regular.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	digest := Digest(content)
	if target, err := os.Readlink(name); err == nil {
		digest += " in " + strings.TrimSpace(target)
	}
	return digest, nil
}
