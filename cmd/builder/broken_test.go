package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const appleTypes = "pkg/apis/fruit/v1alpha1/apple_types.go"

// A breakage is an error in the user's code, with the expected message.
type breakage struct {
	file     string
	old, new string
	// at is the beginning of the text that the message must refer to, in the edited file.
	at   string
	want string
}

// breakages are grouped so that one run of generate can report all errors of a group.
var breakages = map[string][]breakage{
	"syntax": {
		{file: appleTypes, old: "type AppleSpec struct {", new: "type AppleSpec struct (", at: "type AppleSpec struct (", want: "syntax error: expected '{', found '('"},
	},
	"declarations": {
		{file: appleTypes, old: "Message string", new: "Message Strng", at: "	Message Strng", want: "undefined: Strng"},
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "// OrchardSpec defines", new: "type Twice struct{}\n\ntype Twice struct{}\n\n// OrchardSpec defines",
			at: "type Twice struct{}\n\n// OrchardSpec", want: "Twice redeclared in this block",
		},
	},
	"imports": {
		{
			file: appleTypes, old: "import metav1 ", new: "import _ \"example.com/shop/nowhere\"\n\nimport metav1 ",
			at: "import _", want: "there is no package example.com/shop/nowhere: correct the import",
		},
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "import metav1 ", new: "import _ \"example.org/nowhere\"\n\nimport metav1 ",
			at: "import _", want: "no module in go.mod provides the package example.org/nowhere: correct the import, or run go get example.org/nowhere",
		},
	},
	"markers of upstream's generators": {
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "type OrchardList struct", new: "type OrchardLost struct",
			at: "type Orchard struct", want: "Orchard has +genclient, so its package must declare OrchardList",
		},
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "Message string", new: "Message interface{}",
			at: "	Message interface{}", want: "a value of any type can't be copied; use runtime.RawExtension for JSON of any form",
		},
	},
	"markers of the wiring": {
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "scope=Cluster", new: "scope=Namespaced", at: "type Orchard struct",
			want: "+kubebuilder:resource and +genclient:nonNamespaced disagree on the scope of Orchard: take one of the two out",
		},
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "path=orchardry", new: "path=orchards", at: "type Orchard struct",
			want: `generated clients would request "orchardry", but the server serves "orchards": add +resourceName=orchards, or change path= in +kubebuilder:resource`,
		},
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: ".spec.message", new: ".spec.massage", at: "// +kubebuilder:printcolumn:name=\"Message\"",
			want: `column "Message": .spec.massage names no field: PieSpec has no field "massage" in JSON`,
		},
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "statuspath=.status.replicas", new: "statuspath=.status.ready",
			at: "// +kubebuilder:subresource:scale", want: `the scale of Pie: statuspath=.status.ready names no field: PieStatus has no field "ready" in JSON`,
		},
	},
	"markers": {
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "// +kubebuilder:subresource:status\n", new: "// +kubebuilder:subresource:state\n",
			at: "// +kubebuilder:subresource:state", want: "unknown marker +kubebuilder:subresource:state: did you mean +kubebuilder:subresource:status?",
		},
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "	// +listMapKey=type\n", new: "	// +listMapKey=kind\n",
			at: "// +listMapKey=kind", want: `+listMapKey=kind names no field: Condition has no field "kind" in JSON`,
		},
		{
			file: appleTypes, old: "	// +optional\n	Message", new: "	// +optional\n	// +kubebuilder:default=3\n	Message",
			at: "// +kubebuilder:default=3", want: "field Message of AppleSpec: +kubebuilder:default=3 is a number, but the field is a string",
		},
		{
			file: appleTypes, old: "// +genclient\n", new: "// +genclient\n// +optional\n",
			at: "// +optional\n// +k8s", want: "the marker +optional is on a type, where it has no effect: it belongs right above a field",
		},
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "// +genclient\n", new: "// +genclient\n// +kubebuilder:unservedversion\n",
			at: "// +kubebuilder:unservedversion", want: "a version that PROJECT has is served: take it out of the kind's versions there",
		},
	},
	"markers of other types": {
		{
			file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "// PieSpec defines", new: "// +kubebuilder:storageversion\n// PieSpec defines",
			at: "// +kubebuilder:storageversion", want: "PieSpec is not a kind that PROJECT declares in v1, so the marker +kubebuilder:storageversion has no effect: take it out, or declare the kind there",
		},
	},
	"names": {
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "path=orchardry,scope=Cluster", new: "path=orchardry,scope=Cluster,shortName=ap",
			at: "type Orchard struct", want: `Apple and Orchard are both named "ap" in kubectl: change one of them in its +kubebuilder:resource marker`,
		},
		{file: "pkg/apis/bakedgoods/v1/pie_types.go", old: "path=pies", new: "path=pies,shortName=ap"},
		{
			file: appleTypes, // the second of the two kinds, sorted by group
			at:   "type Apple struct", want: `Pie and Apple are both named "ap" in kubectl: change one of them in its +kubebuilder:resource marker`,
		},
	},
	"one plural": {
		{
			file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "+resourceName=orchardry", new: "+resourceName=apples", at: "type Orchard struct",
			want: `Apple and Orchard are both named "apples" in kubectl: change one of them in its +kubebuilder:resource marker`,
		},
		{file: "pkg/apis/fruit/v1alpha1/orchard_types.go", old: "path=orchardry", new: "path=apples"},
	},
	"roles": {
		{
			file: "internal/controller/apple_controller.go", old: "// +kubebuilder:rbac:groups=", new: "// +kubebuilder:rbac:grops=",
			at: "// +kubebuilder:rbac:grops=", want: `unknown argument "grops"`,
		},
	},
}

// TestBrokenTypes introduces errors into the user's code. Each must be reported with file, line and column, and no file may change.
func TestBrokenTypes(t *testing.T) {
	for name, group := range breakages {
		t.Run(name, func(t *testing.T) {
			dir := shop(t)
			for _, b := range group {
				replace(t, dir, b.file, b.old, b.new)
			}
			before := state(t, dir)
			stdout, stderr, code := do(t, dir, "generate")
			if code != 1 || stdout != "" {
				t.Fatalf("exit code %d, want 1 and no report:\n%s%s", code, stdout, stderr)
			}
			for _, b := range group {
				if b.want != "" {
					b.check(t, dir, stderr)
				}
			}
			same(t, "the project has changed", before, state(t, dir))

			if name != "imports" && name != "roles" {
				return
			}
			// A new kind must not change the report, although the code is then generated in another folder.
			_, again, code := do(t, dir, strings.Fields("create resource --group fruit --version v1alpha1 --kind Pear")...)
			if code != 1 {
				t.Fatalf("create resource: exit code %d, want 1", code)
			}
			progress := regexp.MustCompile(`(?m)^Still generating code .*\n`) // on a slow machine
			same(t, "create resource reports something else", progress.ReplaceAllString(stderr, ""), progress.ReplaceAllString(again, ""))
			same(t, "the project has changed", before, state(t, dir))
		})
	}
}

// check searches stderr for the message of b with its position.
func (b breakage) check(t *testing.T, dir, stderr string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, b.file))
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(content), b.at)
	if !ok {
		t.Fatalf("%s has no %q", b.file, b.at)
	}
	line := strings.Count(before, "\n") + 1
	position := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(b.file) + `:(\d+):(\d+): (.*)$`)
	for _, match := range position.FindAllStringSubmatch(stderr, -1) {
		if strings.Contains(match[3], b.want) {
			if match[1] != strconv.Itoa(line) {
				t.Errorf("%s is told at line %s, but it is at line %d", b.want, match[1], line)
			}
			return
		}
	}
	t.Errorf("there is no line \"%s:%d:COLUMN: %s\" in\n%s", b.file, line, b.want, stderr)
}
