package upstream

import (
	"fmt"
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
// methods with the same name. The generator names them after the type of the elements. Without the correction, its code does not compile for
// two pointers to lists of one type, or for such a list beside an embedded struct of that type.
func completeApplyConfigurations(raw map[string][]byte) error {
	for name, source := range raw {
		if strings.HasPrefix(name, apis.GeneratedDir+"/applyconfiguration/") && path.Ext(name) == ".go" {
			renamed, err := withEnsureMethods(string(source))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			raw[name] = []byte(renamed)
		}
	}
	return nil
}

// withEnsureMethods returns the source of an apply configuration in which the methods that create lists have different names.
func withEnsureMethods(source string) (string, error) {
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
		before, _, found := strings.Cut(source[m[1]:], "for i := range values")
		call := strings.LastIndex(before, "b."+method+"()")
		if !found || call < 0 {
			return "", fmt.Errorf("no call of %s where applyconfiguration-gen has written one so far", method)
		}
		call += m[1]
		renamed := "ensure" + field + "Exists"
		out.WriteString(source[rest:m[2]] + renamed + source[m[3]:call] + "b." + renamed + "()")
		rest = call + len("b."+method+"()")
	}
	return out.String() + source[rest:], nil
}
