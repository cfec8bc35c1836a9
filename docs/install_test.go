package docs

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

const modulePath = "github.com/apiserver-builder/builder"

// TestReadme follows README.md on a machine with only Go. It publishes the current state of this repository to a module proxy in a folder,
// and "go install" uses it. At the end of the tour, the project must be the same as examples/shop.
func TestReadme(t *testing.T) {
	proxy := t.TempDir()
	version := publish(t, proxy)
	gobin := t.TempDir()
	s := newSession(t, gobin)
	s.env = append(s.env, "GOBIN="+gobin, "GOPROXY=file://"+filepath.ToSlash(proxy)+","+goVariable(t, "GOPROXY"),
		// The checksum database does not contain the new version of this module. The other modules were verified when they were downloaded.
		"GOSUMDB=off")
	s.play("README.md")
	if t.Failed() {
		return
	}

	if err := installed(gobin); err != nil {
		t.Error(err)
	}
	var info struct{ Version string }
	output, err := exec.Command(filepath.Join(gobin, "builder"), "version", "-o", "json").Output()
	if err := json.Unmarshal(output, &info); err != nil || info.Version != version {
		t.Errorf("builder's version is %q (%v), want that of the module, %q", info.Version, err, version)
	}
	if err != nil {
		t.Error(err)
	}
	sameTree(t, "../examples/shop", filepath.Join(s.home, "shop"), version)
}

// publish writes the files of this repository, committed or not, to a module proxy in the folder dir. It returns their version, which
// depends on the content, like the version of an untagged commit.
func publish(t *testing.T, dir string) string {
	t.Helper()
	files := repository(t)
	hash := sha256.New()
	for _, file := range files {
		content, err := file.read()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(hash, "%s\n%d\n%s", file.Path(), len(content), content)
	}
	now := time.Now().UTC().Truncate(time.Second)
	version := module.PseudoVersion("v0", "", now, fmt.Sprintf("%x", hash.Sum(nil))[:12])
	t.Cleanup(func() { forget(t, version) })

	var archive bytes.Buffer
	var sources []modzip.File
	for _, file := range files {
		sources = append(sources, file)
	}
	if err := modzip.Create(&archive, module.Version{Path: modulePath, Version: version}, sources); err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": now})
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, filepath.FromSlash(modulePath))
	if err := os.MkdirAll(filepath.Join(root, "@v"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"@latest": info, "@v/list": nil,
		"@v/" + version + ".info": info, "@v/" + version + ".mod": gomod, "@v/" + version + ".zip": archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return version
}

// A sourceFile is a file of this repository.
type sourceFile string

func (f sourceFile) local() string                { return filepath.Join("..", filepath.FromSlash(string(f))) }
func (f sourceFile) read() ([]byte, error)        { return os.ReadFile(f.local()) }
func (f sourceFile) Path() string                 { return string(f) }
func (f sourceFile) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.local()) }
func (f sourceFile) Open() (io.ReadCloser, error) { return os.Open(f.local()) }

// repository returns every file that is in git, or that "git add" would add.
func repository(t *testing.T) []sourceFile {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = ".."
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var files []sourceFile
	for _, name := range strings.Split(strings.TrimRight(string(output), "\x00"), "\x00") {
		if _, err := os.Lstat(sourceFile(name).local()); err == nil { // skip files that are deleted, but not in git
			files = append(files, sourceFile(name))
		}
	}
	return files
}

// forget removes a version of this module from the machine's module cache.
func forget(t *testing.T, version string) {
	cache := goVariable(t, "GOMODCACHE")
	extracted := filepath.Join(cache, filepath.FromSlash(modulePath)+"@"+version)
	_ = filepath.WalkDir(extracted, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = os.Chmod(name, 0o755) // the module cache is read-only
		}
		return err
	})
	downloaded := filepath.Join(cache, "cache", "download", filepath.FromSlash(modulePath), "@v")
	files, err := filepath.Glob(filepath.Join(downloaded, version+".*"))
	if err != nil {
		t.Error(err)
	}
	// Go recreates the list of versions when necessary.
	for _, name := range append(files, extracted, filepath.Join(downloaded, "list")) {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
	}
}

// sameTree verifies that the tour's project is the same as the example, except for the version of builder in PROJECT.
func sameTree(t *testing.T, example, tour, version string) {
	t.Helper()
	want, got := tree(t, example), tree(t, tour)
	// The examples are generated by development builds, which have no version.
	recorded := "builder: " + version + "\n"
	if !strings.Contains(got["PROJECT"], recorded) {
		t.Errorf("PROJECT does not contain %q", recorded)
	}
	got["PROJECT"] = strings.Replace(got["PROJECT"], recorded, "", 1)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("the tour makes other files than are in %s (-example +tour):\n%s", example, diff)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		content, ok := got[name]
		if diff := cmp.Diff(want[name], content); ok && diff != "" {
			t.Errorf("%s (-example +tour):\n%s", name, diff)
		}
	}
}

// tree returns the content of every file of a project by path, except files that running it creates.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".builder" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
