package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/internal/regular"
)

const (
	header = "# The groups, kinds, plugins and controllers of this project. builder rewrites this file and removes other comments.\n"
	// maxSize is far larger than any project, and small enough to limit the memory for a malicious YAML file.
	maxSize = 1 << 20
)

// An Option changes a project before New validates it.
type Option func(*Project)

// AllowReserved permits a domain and module of Kubernetes, such as k8s.io.
func AllowReserved(p *Project) { p.AllowReserved = true }

// New returns a project without groups. If the name is empty, it is derived from the last element of the module path.
func New(name, domain, module string, options ...Option) (*Project, error) {
	p := &Project{Layout: Layout, Kubernetes: KubernetesMinor, Name: name, Domain: domain, Module: module}
	for _, option := range options {
		option(p)
	}
	if err := checkModule(module, p.AllowReserved); err != nil {
		return nil, err
	}
	if name == "" {
		derived, err := nameOf(module)
		if err != nil {
			return nil, err
		}
		p.Name = derived
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// SetBuilder records the version of builder that generates the project. A development build has no version, and keeps the recorded one.
// SetBuilder returns an error if a newer version generated the project.
func (p *Project) SetBuilder(version string) error {
	if version == "" {
		return nil
	}
	if semver.Compare(version, p.Builder) < 0 {
		return fmt.Errorf(`builder %s generated the project, and this is builder %s: run "make builder" to install %s`, p.Builder, version, p.Builder)
	}
	p.Builder = version
	return nil
}

// notFound reports that a folder does not belong to a project. It matches fs.ErrNotExist.
type notFound struct{ dir, above string }

func (e notFound) Error() string {
	return fmt.Sprintf(`no %s in %s%s: run "builder init" there, or change to a project's folder`, FileName, e.dir, e.above)
}

func (notFound) Unwrap() error { return fs.ErrNotExist }

// Load reads the project in a folder.
func Load(dir string) (*Project, error) {
	path := filepath.Join(dir, FileName)
	data, err := regular.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound{dir: dir}
	}
	if err != nil {
		return nil, fmt.Errorf("read the project's declaration: %w", err)
	}
	return Parse(data, path)
}

// Find loads the project in a folder or in the nearest folder above it, and returns the project's folder.
func Find(dir string) (string, *Project, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, fmt.Errorf("find the project: %w", err)
	}
	for root := start; ; root = filepath.Dir(root) {
		// On a case-insensitive file system, this may be a folder named project.
		if info, err := os.Stat(filepath.Join(root, FileName)); err == nil && !info.IsDir() {
			p, err := Load(root)
			return root, p, err
		}
		if root == filepath.Dir(root) {
			return "", nil, notFound{dir: start, above: " or a folder above it"}
		}
	}
}

// Marshal returns the declaration in its canonical form, which does not depend on the order of the lists.
func (p *Project) Marshal() ([]byte, error) {
	canonical := p.clone()
	canonical.normalize()
	data, err := yaml.Marshal(canonical)
	if err != nil {
		return nil, fmt.Errorf("write the project's declaration: %w", err)
	}
	return append([]byte(header), data...), nil
}

// Parse parses and validates a declaration, which users may have edited. path is for error messages, which are one sentence each.
func Parse(data []byte, path string) (*Project, error) {
	p, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func parse(data []byte) (*Project, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("the file is %d bytes long: no project's declaration is longer than %d", len(data), maxSize)
	}
	switch documents(data) {
	case 0:
		return nil, errors.New(`the file is empty: bring it back, or remove it and run "builder init"`)
	case 1:
	default:
		return nil, errors.New(`more than one YAML document: remove all but the first, and the lines "---"`)
	}
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		problem := strings.TrimPrefix(strings.TrimPrefix(oneLine(err), "yaml: "), "unmarshal errors: ")
		return nil, fmt.Errorf("not valid YAML (%s): correct that line", problem)
	}
	if err := checkRelease(asJSON); err != nil {
		return nil, err
	}
	p := &Project{}
	unknown, err := kjson.UnmarshalStrict(asJSON, p)
	if err != nil {
		return nil, mistyped(err)
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("%s: correct its spelling, or remove it", oneLine(unknown[0]))
	}
	p.normalize()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// documents counts the non-empty YAML documents. The parser reads only the first, and does not report the others.
func documents(data []byte) int {
	count, content := 0, false
	for line := range bytes.Lines(data) {
		switch {
		case bytes.HasPrefix(line, []byte("---")):
			content = len(bytes.TrimSpace(line[3:])) > 0
			if content {
				count++
			}
		case !content && len(bytes.TrimSpace(line)) > 0 && line[0] != '#' && line[0] != '%':
			content = true
			count++
		}
	}
	return count
}

// checkRelease rejects a project of another release first, because its other fields may be unknown to this release.
func checkRelease(data []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return errors.New("not a project's declaration: it must have the fields layout, kubernetes, name, domain and module")
	}
	layout, isNumber := fields["layout"].(float64)
	switch {
	case fields["layout"] == nil:
		return fmt.Errorf("no layout: add \"layout: %d\"", Layout)
	case !isNumber || layout != float64(int(layout)) || layout < 1:
		return fmt.Errorf("layout must be the number %d; if another tool wrote this %s, move it away before \"builder init\"", Layout, FileName)
	case layout > Layout:
		return fmt.Errorf("layout is %d and this release of builder knows layouts up to %d: use a newer release of builder", int(layout), Layout)
	}
	minor, isString := fields["kubernetes"].(string)
	switch {
	case !isString || !isMinor(minor):
		return fmt.Errorf("kubernetes must be a minor version in quotes: use %q", KubernetesMinor)
	case minor != KubernetesMinor:
		return fmt.Errorf("the project is generated for Kubernetes %s and this release of builder generates for %s: use the release of builder for Kubernetes %s",
			minor, KubernetesMinor, minor)
	}
	return nil
}

// isMinor reports whether s has the form of a minor version, such as 1.37.
func isMinor(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && len(s) < 5 && strings.Trim(s, "0123456789") == "" }
	return ok && digits(major) && digits(minor)
}

// mistyped converts a type error of the decoder into a message with the field.
func mistyped(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return fmt.Errorf("not a project's declaration (%s): correct it by hand", oneLine(err))
	}
	if wrong.Type.String() == "string" {
		return fmt.Errorf("%s has the wrong type, %s: use a string, in quotes", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("%s has the wrong type, %s: use %s", wrong.Field, wrong.Value, typeName(wrong.Type.Kind().String()))
}

// typeName returns the YAML name of a Go kind.
func typeName(kind string) string {
	switch kind {
	case "slice":
		return "a list"
	case "struct":
		return "a map"
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	}
	return kind
}

// oneLine returns an error's text without line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
