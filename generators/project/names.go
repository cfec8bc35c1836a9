package project

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// maxNameLength leaves room for -controller-manager and a pod's suffix in a label of 63 characters.
	maxNameLength   = 40
	maxLabelLength  = validation.DNS1035LabelMaxLength
	maxModuleLength = 200
	// toolModule is the module path of builder.
	toolModule = "github.com/apiserver-builder/builder"
)

var (
	versionForm = regexp.MustCompile(`^v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$`)
	kindForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
)

// list formats names for a message.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return show(strings.Join(names, ","))
}

// show quotes and shortens a user's value, so that a message stays on one line.
func show(value string) string {
	const most = 70
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q...", string(runes[:most]))
	}
	return fmt.Sprintf("%q", value)
}

// advice returns the end of a message: the corrected value if it is valid, or else an example.
func advice(corrected, example string, check func(string) error) string {
	if corrected != "" && check(corrected) == nil {
		return "use " + show(corrected)
	}
	return "use one such as " + show(example)
}

// hyphenated converts s to a DNS label that the user may have meant. It returns "" if there is no obvious one.
func hyphenated(s string) string {
	s = strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(s)))
	return strings.Trim(s, "-")
}

// A label is a DNS label that begins with a letter, such as the name of a Service, group or resource.
type label struct {
	what, of string // the kind of name, and its owner, for messages
	limit    int    // the maximum length
	example  string
}

func (l label) check(s string) error {
	what := l.what + " " + show(s) + l.of
	switch {
	case s == "":
		return fmt.Errorf("%s%s is empty: use one such as %q", l.what, l.of, l.example)
	case len(s) > l.limit:
		return fmt.Errorf("%s is %d characters long: use one of at most %d", what, len(s), l.limit)
	case len(validation.IsDNS1035Label(s)) == 0:
		return nil
	}
	valid := func(s string) error {
		if problems := validation.IsDNS1035Label(s); len(problems) > 0 {
			return errors.New(problems[0])
		}
		return nil
	}
	return fmt.Errorf("%s must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: %s",
		what, advice(hyphenated(s), l.example, valid))
}

// checkBuilder checks the version of builder.
func checkBuilder(version string) error {
	if version != "" && semver.Canonical(version) != version {
		return fmt.Errorf("builder %s is not a version: use one such as \"v0.3.0\", or remove the line", show(version))
	}
	return nil
}

// checkName checks the project's name.
func checkName(name string) error {
	if err := (label{what: "name", limit: maxNameLength, example: "shop"}).check(name); err != nil {
		return err
	}
	if name == "kube" || strings.HasPrefix(name, "kube-") {
		return fmt.Errorf("name %q would put the project in the namespace %s-system, and Kubernetes keeps names that begin with kube- for itself: "+
			"use another name", name, name)
	}
	if slices.Contains(yamlWords, name) {
		return fmt.Errorf("name %q is a boolean or null in YAML, and the manifests contain it: use another name", name)
	}
	return nil
}

// yamlWords are the words that parsers of YAML 1.1 or 1.2 do not read as text.
var yamlWords = []string{"false", "n", "no", "null", "off", "on", "true", "y", "yes"}

// nameOf derives a project's name from its module path.
func nameOf(path string) (string, error) {
	prefix, _, ok := module.SplitPathVersion(path)
	if !ok {
		prefix = path
	}
	last := prefix[strings.LastIndex(prefix, "/")+1:]
	name := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(last))
	if err := checkName(name); slices.Contains(yamlWords, name) {
		return "", fmt.Errorf("%w, with --name", err)
	} else if err != nil {
		return "", fmt.Errorf("cannot derive a project name from module %s: pass --name NAME, with at most %d lower-case letters, "+
			"digits and hyphens", show(path), maxNameLength)
	}
	return name, nil
}

// withoutScheme converts a pasted URL to a module path.
func withoutScheme(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(address), "https://"), "http://")
	return strings.TrimSuffix(strings.TrimRight(address, "/"), ".git")
}

// isKubernetesDomain reports whether a domain belongs to Kubernetes.
func isKubernetesDomain(host string) bool {
	for _, own := range []string{"k8s.io", "kubernetes.io"} {
		if host == own || strings.HasSuffix(host, "."+own) {
			return true
		}
	}
	return false
}

// checkDomain checks the suffix of all groups of the project.
func checkDomain(domain string, allowReserved bool) error {
	const example = "example.com"
	form := func(s string) error {
		if problems := validation.IsDNS1123Subdomain(s); len(problems) > 0 {
			return errors.New(problems[0])
		}
		if !strings.Contains(s, ".") {
			return errors.New("no dot")
		}
		return nil
	}
	switch {
	case domain == "":
		return fmt.Errorf("domain is empty: use one such as %q", example)
	case len(domain) > validation.DNS1123SubdomainMaxLength:
		return fmt.Errorf("domain %s is %d characters long: use one of at most %d", show(domain), len(domain), validation.DNS1123SubdomainMaxLength)
	case form(domain) != nil:
		corrected := strings.Trim(strings.ReplaceAll(strings.ToLower(withoutScheme(domain)), "_", "-"), ".")
		return fmt.Errorf("domain %s must be a DNS name with a dot, in lower case: %s", show(domain), advice(corrected, example, form))
	case isKubernetesDomain(domain) && !allowReserved:
		return fmt.Errorf("domain %q is kept for Kubernetes' own APIs: use a domain of yours, or pass --allow-reserved-domain", domain)
	}
	return nil
}

// checkModule checks the path of the project's Go module.
func checkModule(path string, allowReserved bool) error {
	const example = "example.com/shop"
	if path == "" {
		return fmt.Errorf("module is empty: use a path such as %q", example)
	}
	if len(path) > maxModuleLength {
		return fmt.Errorf("module %s is %d characters long: use a path of at most %d", show(path), len(path), maxModuleLength)
	}
	first, _, _ := strings.Cut(path, "/")
	check := module.CheckImportPath
	if strings.Contains(first, ".") {
		check = module.CheckPath
	}
	if err := check(path); err != nil {
		var invalid *module.InvalidPathError
		if errors.As(err, &invalid) {
			err = invalid.Err
		}
		corrected, _, _ := strings.Cut(withoutScheme(path), "@")
		return fmt.Errorf("module %s is not a valid Go module path (%w): %s", show(path), err, advice(corrected, example, check))
	}
	for element := range strings.SplitSeq(path, "/") {
		if element == "vendor" || strings.HasPrefix(element, ".") || strings.HasPrefix(element, "_") {
			return fmt.Errorf("module %s has the element %q, which the go command ignores: use a path such as %q", show(path), element, example)
		}
	}
	switch {
	case standardLibrary[first]:
		return fmt.Errorf("module %s begins like Go's own packages in %q: use a path such as %q", show(path), first, "example.com/"+path)
	case path == toolModule || strings.HasPrefix(path, toolModule+"/"):
		return fmt.Errorf("module %s is this tool's own: use a path such as %q", show(path), example)
	case isKubernetesDomain(first) && !allowReserved:
		return fmt.Errorf("module %s is among Kubernetes' own: use a path of yours, or pass --allow-reserved-domain", show(path))
	}
	if _, major, ok := module.SplitPathVersion(path); !ok || major == "/v0" || major == "/v1" {
		return fmt.Errorf("module %s ends in a major version that Go does not allow: remove it, or use /v2 or later", show(path))
	}
	return nil
}

// checkGroup checks the first label of a group. checkGroups checks for conflicts with other groups.
func checkGroup(name string) error {
	if err := (label{what: "group", limit: maxLabelLength, example: "fruit"}).check(name); err != nil {
		return err
	}
	g := Group{Name: name}
	switch {
	case reservedPackage(g.Package()) || g.Package() == "internalinterfaces":
		return fmt.Errorf("group %q makes a Go package %q, a word that Go keeps for itself: use another name, such as %q", name, g.Package(), name+"-api")
	case factoryMethods[g.GoName()]:
		return fmt.Errorf("group %q makes a second method %s in the generated informers: use another name, such as %q", name, g.GoName(), name+"-api")
	}
	return nil
}

// checkVersion checks that a version has Kubernetes' format.
func checkVersion(version string) error {
	form := func(s string) error {
		if !versionForm.MatchString(s) || len(s) > maxLabelLength {
			return errors.New("no version")
		}
		return nil
	}
	if version == "" {
		return errors.New(`version is empty: use one such as "v1alpha1"`)
	}
	if form(version) != nil {
		corrected := strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(version))
		if strings.HasSuffix(corrected, "alpha") || strings.HasSuffix(corrected, "beta") {
			corrected += "1"
		}
		if strings.Contains(version, ".") { // v1.2 is neither v1 nor v12
			corrected = ""
		} else if !strings.HasPrefix(corrected, "v") {
			corrected = "v" + corrected
		}
		return fmt.Errorf("version %s must look like v1, v1beta1 or v2alpha3: %s", show(version), advice(corrected, "v1alpha1", form))
	}
	for number := range strings.FieldsFuncSeq(version, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(number) > 9 {
			return fmt.Errorf("version %s has a number of more than nine digits: use one such as %q", show(version), "v1alpha1")
		}
	}
	return nil
}

// camel converts s to a kind that the user may have meant: apple-pie becomes ApplePie.
func camel(s string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("-_. ", r) }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// checkKindName checks a kind's name. The group is for the suggestion: FruitStatus instead of Status.
func checkKindName(name string, g Group) error {
	other, lower := cmp.Or(g.GoName(), "My")+name, strings.ToLower(name)
	form := func(s string) error {
		if !kindForm.MatchString(s) || strings.ToUpper(s[:1]) != s[:1] {
			return errors.New("no kind")
		}
		return nil
	}
	switch {
	case name == "":
		return errors.New(`kind is empty: use one such as "Apple"`)
	case !kindForm.MatchString(name):
		return fmt.Errorf("kind %s must be letters and digits of ASCII, with an upper-case letter first: %s", show(name), advice(camel(name), "Apple", form))
	case form(name) != nil:
		return fmt.Errorf("kind %s must start with an upper-case letter: use %s", show(name), show(camel(name)))
	case len(name) > maxLabelLength:
		return fmt.Errorf("kind %s is %d characters long: use one of at most %d", show(name), len(name), maxLabelLength)
	case len(name) == 1:
		return fmt.Errorf("kind %q is a single letter, which generated clients use for variables: use a longer name, such as %q", name, other)
	case token.IsKeyword(private(name)) || clientWords[private(name)]:
		return fmt.Errorf("kind %q would be called %q in generated Go code, where that word has another meaning: use another name, such as %q",
			name, private(name), other)
	case slices.Contains(yamlWords, lower):
		return fmt.Errorf("kind %q is a boolean or null in YAML, and manifests contain it: use another name, such as %q", name, other)
	case lower == "test" || platforms[lower]:
		return fmt.Errorf("kind %q would be in the generated client's fake_%s.go, which Go takes for a test or for one platform's: use another name, such as %q",
			name, lower, other)
	case metaKinds[name] || metaKinds[name+"List"]:
		return fmt.Errorf("kind %q clashes with one that Kubernetes has in every API group: use another name, such as %q", name, other)
	case strings.HasSuffix(name, "List"):
		return fmt.Errorf("kind %q ends in List, which is how lists of a kind are called: use another name, such as %q", name, strings.TrimSuffix(name, "List")+"list")
	case apiIdentifiers[name] || registryIdentifiers[name]:
		return fmt.Errorf("kind %q clashes with a Go identifier that is generated for every API: use another name, such as %q", name, other)
	}
	return nil
}
