package checks

import (
	"fmt"
	gotypes "go/types"
	"strings"
	"unicode/utf8"
)

// generatedMethods contains the methods that generated code adds to API types. A field cannot have the same name.
var generatedMethods = map[string]bool{
	"DeepCopy": true, "DeepCopyInto": true, "DeepCopyObject": true, "OpenAPIModelName": true,
}

// fieldName returns the reason why a field of a struct cannot have its Go name, or "".
func fieldName(owner *gotypes.Named, field *gotypes.Var) string {
	if generatedMethods[field.Name()] {
		return fmt.Sprintf("the generated method %s has the same name: choose another one", field.Name())
	}
	if _, pointer := gotypes.Unalias(field.Type()).(*gotypes.Pointer); field.Name() == "TypeMeta" && field.Embedded() && pointer {
		return "Kubernetes' generators take the struct for an API object, which embeds metav1.TypeMeta without a pointer: embed it like that, or take the field out"
	}
	if field.Name() == "TypeMeta" && !field.Embedded() {
		return "Kubernetes' generators take a struct with a field of this name for an API object: choose another one"
	}
	if other, ok := strings.CutPrefix(field.Name(), "With"); ok && other != "" {
		if found, _, _ := gotypes.LookupFieldOrMethod(owner, true, field.Pkg(), other); found != nil {
			if _, isField := found.(*gotypes.Var); isField {
				return fmt.Sprintf("the method of the apply configuration that sets the field %s has the same name: choose another one", other)
			}
		}
	}
	return ""
}

// typeName returns the reason why a type cannot have its name, or "".
func typeName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return fmt.Sprintf("Kubernetes' generators can't write the name %s: use letters from A to Z and digits", name)
	}
	return ""
}
