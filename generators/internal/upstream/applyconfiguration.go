package upstream

import (
	"path"
	"regexp"
	"strings"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

var (
	ensureMethod = regexp.MustCompile(`(?m)^func \(b \*\w+\) (ensure\w+Exists)\(\)`)
	// ensureList matches the start of a method that creates the list of a field.
	ensureList = regexp.MustCompile(`(?m)^func \(b \*\w+\) (ensure\w+Exists)\(\) \{\n\s*if b\.(\w+) == nil \{\n\s*b\.\w+ = &\[\]`)
)

// completeApplyConfigurations names the methods that create lists after their fields, in files where applyconfiguration-gen has declared two
// methods with the same name. It names them after the type of the elements, so two pointers to lists of a type, or such a list and an
// embedded struct, do not compile.
func completeApplyConfigurations(raw map[string][]byte) error {
	for name, source := range raw {
		if strings.HasPrefix(name, apis.GeneratedDir+"/applyconfiguration/") && path.Ext(name) == ".go" {
			raw[name] = []byte(withEnsureMethods(string(source)))
		}
	}
	return nil
}

func withEnsureMethods(source string) string {
	count := map[string]int{}
	for _, m := range ensureMethod.FindAllStringSubmatch(source, -1) {
		count[m[1]]++
	}
	var out strings.Builder
	rest := 0
	for _, m := range ensureList.FindAllStringSubmatchIndex(source, -1) {
		method, field := source[m[2]:m[3]], source[m[4]:m[5]]
		if count[method] < 2 {
			continue
		}
		// The method that adds to the list follows. It may first create an embedded struct, with a method of the same name.
		loop := m[1] + strings.Index(source[m[1]:], "for i := range values")
		call := m[1] + strings.LastIndex(source[m[1]:loop], "b."+method+"()")
		renamed := "ensure" + field + "Exists"
		out.WriteString(source[rest:m[2]] + renamed + source[m[3]:call] + "b." + renamed + "()")
		rest = call + len("b."+method+"()")
	}
	return out.String() + source[rest:]
}
