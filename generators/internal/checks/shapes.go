package checks

import (
	"fmt"
	gotypes "go/types"
	"slices"
	"strings"

	"k8s.io/code-generator/cmd/applyconfiguration-gen/args"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// checkShapes rejects types and fields of an API package that JSON, OpenAPI or one of the generators cannot represent.
func (c *checker) checkShapes(api apis.API) diagnostics.List {
	var problems diagnostics.List
	pkg := c.goPackage(api.Package)
	if pkg == nil {
		return nil
	}
	for _, name := range pkg.Scope().Names() {
		obj, ok := pkg.Scope().Lookup(name).(*gotypes.TypeName)
		if !ok {
			continue
		}
		typeName := types.Name{Package: api.Package, Name: name}
		if what := c.declaration(obj); what != "" {
			problems.Add(c.Position(typeName, ""), "%s", what)
			continue
		}
		named, ok := obj.Type().(*gotypes.Named)
		if !ok {
			continue
		}
		fields, ok := named.Underlying().(*gotypes.Struct)
		if !ok {
			continue
		}
		problems = append(problems, c.objectMeta(typeName, fields)...)
		if !obj.Exported() {
			continue
		}
		problems = append(problems, c.unexported(typeName, fields)...)
		if !c.ownForm(named) {
			problems = append(problems, c.fields(typeName, named, fields)...)
		}
	}
	return problems
}

// objectMeta rejects a field ObjectMeta that is not in JSON. lister-gen, informer-gen and applyconfiguration-gen take a package with such
// a field for one of internal types, and skip it.
func (c *checker) objectMeta(owner types.Name, fields *gotypes.Struct) diagnostics.List {
	var problems diagnostics.List
	for i := range fields.NumFields() {
		if tag := apis.ParseTag(fields.Tag(i)); fields.Field(i).Name() == "ObjectMeta" && (tag.Ignored || !tag.Tagged) {
			problems.Add(c.Position(owner, "ObjectMeta"), "field ObjectMeta of %s: Kubernetes' generators make no clients for a package with a field of this name that isn't in JSON: choose another name, or a json tag with a name", owner.Name)
		}
	}
	return problems
}

// goPackage returns the go/types package of an API package, or nil if it declares no types.
func (c *checker) goPackage(path string) *gotypes.Package {
	for _, t := range c.Universe[path].Types {
		if named, ok := t.GoType.(*gotypes.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path {
			return named.Obj().Pkg()
		}
	}
	return nil
}

// declaration returns the reason why a type cannot be declared in an API package, or "".
func (c *checker) declaration(obj *gotypes.TypeName) string {
	name := obj.Name()
	if generic, ok := obj.Type().(interface{ TypeParams() *gotypes.TypeParamList }); ok && generic.TypeParams().Len() > 0 {
		return fmt.Sprintf("%s has type parameters, which Kubernetes' generators can't handle: declare a type for each of its uses", name)
	}
	if what := typeName(name); what != "" {
		return what
	}
	if alias, ok := obj.Type().(*gotypes.Alias); ok {
		return c.alias(name, alias)
	}
	if !obj.Exported() {
		return ""
	}
	switch u := obj.Type().Underlying().(type) {
	case *gotypes.Pointer:
		return fmt.Sprintf("%s is a pointer: declare the type that it points to, and use pointers to that", name)
	case *gotypes.Slice, *gotypes.Map, *gotypes.Array:
		if c.ownForm(obj.Type()) {
			return ""
		}
		if what := c.unsuitable(u); what != "" {
			return name + ": " + what
		}
	}
	return ""
}

// alias returns the reason why an alias cannot be declared in an API package, or "".
func (c *checker) alias(name string, alias *gotypes.Alias) string {
	if named, ok := gotypes.Unalias(alias).(*gotypes.Named); ok && named.TypeArgs().Len() == 0 {
		return ""
	}
	if _, ok := gotypes.Unalias(alias).(*gotypes.Basic); ok {
		return ""
	}
	return fmt.Sprintf("%s is another name of a type that has no name, which not every generator understands: declare it without the equals sign, or write the type where it is used", name)
}

// fields checks the fields of a struct.
func (c *checker) fields(owner types.Name, named *gotypes.Named, fields *gotypes.Struct) diagnostics.List {
	var problems diagnostics.List
	for i := range fields.NumFields() {
		field := fields.Field(i)
		if field.Name() == "_" {
			if tag := apis.ParseTag(fields.Tag(i)); tag.Tagged && !tag.Ignored {
				problems.Add(c.Position(owner, "_"), "a blank field of %s has a json tag, which go vet refuses: take the tag out", owner.Name)
			}
			continue
		}
		what := c.fieldTag(field, fields.Tag(i))
		if what == "" {
			what = fieldName(named, field)
		}
		if what == "" {
			what = c.patchTags(owner, field.Name(), fields.Tag(i))
		}
		if what == "" {
			what = c.unsuitable(field.Type())
		}
		if what == "" && field.Embedded() {
			what = c.embedded(named, field, apis.ParseTag(fields.Tag(i)))
		}
		if what != "" {
			problems.Add(c.Position(owner, field.Name()), "field %s of %s: %s", field.Name(), owner.Name, what)
		}
	}
	return problems
}

// embedded returns the reason why a struct cannot embed a type, or "".
func (c *checker) embedded(owner *gotypes.Named, field *gotypes.Var, tag apis.Tag) string {
	if tag.Written != "" && !hasTags(field.Type()) {
		return "applyconfiguration-gen can't embed a struct without fields in JSON under a name: write the name before the type, so that it is not embedded"
	}
	for _, method := range []string{"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText"} {
		if obj, _, _ := gotypes.LookupFieldOrMethod(gotypes.NewPointer(field.Type()), true, owner.Obj().Pkg(), method); obj != nil {
			if _, ok := obj.(*gotypes.Func); ok {
				return fmt.Sprintf("to embed it makes its method %s one of %s, so that nothing else of that is in JSON: give the field a name", method, owner.Obj().Name())
			}
		}
	}
	return ""
}

// hasTags reports whether a struct, or the struct that a pointer points to, has a field with a json tag.
func hasTags(t gotypes.Type) bool {
	if pointer, ok := t.Underlying().(*gotypes.Pointer); ok {
		t = pointer.Elem()
	}
	fields, ok := t.Underlying().(*gotypes.Struct)
	if !ok {
		return false
	}
	for i := range fields.NumFields() {
		if tag := apis.ParseTag(fields.Tag(i)); tag.Tagged && !tag.Ignored {
			return true
		}
	}
	return false
}

// incomparable contains the numeric types that server-side apply cannot compare, with an alternative.
var incomparable = map[gotypes.BasicKind]string{
	gotypes.Uint64:  "server-side apply can't compare values of type uint64: use int64",
	gotypes.Uint:    "server-side apply can't compare values of type uint, which may have 64 bits: use int64 or uint32",
	gotypes.Float32: "server-side apply takes a float32 and the same number in JSON for different values: use a float64, or better a string or a resource.Quantity",
}

const freeForm = "use runtime.RawExtension for JSON of any form"

// unsuitable returns the reason why a field cannot have a type, or "".
func (c *checker) unsuitable(t gotypes.Type) string {
	switch t := t.(type) {
	case *gotypes.Alias:
		if pkg := t.Obj().Pkg(); pkg != nil && c.IsAPI(pkg.Path()) { // any has none
			if what := c.alias(t.Obj().Name(), t); what != "" {
				return what
			}
		}
		return c.unsuitable(gotypes.Unalias(t))
	case *gotypes.Basic:
		if t.Info()&(gotypes.IsInteger|gotypes.IsFloat|gotypes.IsString|gotypes.IsBoolean) == 0 || t.Kind() == gotypes.Uintptr {
			return fmt.Sprintf("%s has no form in JSON that OpenAPI can describe", t.Name())
		}
		return incomparable[t.Kind()]
	case *gotypes.Pointer:
		return c.unsuitablePointer(t)
	case *gotypes.Slice:
		if isByte(t.Elem()) {
			if _, ok := gotypes.Unalias(t.Elem()).(*gotypes.Basic); !ok {
				return fmt.Sprintf("JSON has a list of %s as a string, as one of bytes: use []byte, or numbers of more bits", c.name(t.Elem()))
			}
			return ""
		}
		if pointer, ok := gotypes.Unalias(t.Elem()).(*gotypes.Pointer); ok && !c.hasApplyConfiguration(pointer.Elem()) {
			return fmt.Sprintf("apply configurations can't have lists of pointers to %s: use []%[1]s", c.name(pointer.Elem()))
		}
		return c.unsuitable(t.Elem())
	case *gotypes.Array:
		return fmt.Sprintf("server-side apply can't compare arrays: use []%s, with +kubebuilder:validation:MaxItems=%d", c.name(t.Elem()), t.Len())
	case *gotypes.Map:
		if key, ok := t.Key().Underlying().(*gotypes.Basic); !ok || key.Info()&gotypes.IsString == 0 {
			return fmt.Sprintf("the keys of a map must be strings, not %s", c.name(t.Key()))
		}
		if what := c.unsuitable(t.Key()); what != "" {
			return what
		}
		return c.unsuitable(t.Elem())
	case *gotypes.Struct:
		return "a struct without a name has no OpenAPI definition: declare it as a type"
	case *gotypes.Interface:
		return "a value of any type can't be copied; " + freeForm
	case *gotypes.Named:
		return c.unsuitableNamed(t)
	case *gotypes.Signature:
		return "a func can't be copied or written as JSON"
	case *gotypes.Chan:
		return "a chan can't be copied or written as JSON"
	default:
		return fmt.Sprintf("the type %s can't be copied or written as JSON", c.name(t))
	}
}

// hasApplyConfiguration reports whether applyconfiguration-gen generates a type for t, which is not rejected by the other checks.
func (c *checker) hasApplyConfiguration(t gotypes.Type) bool {
	switch t := t.Underlying().(type) {
	case *gotypes.Basic:
		return t.Kind() == gotypes.Invalid // the compiler rejects it
	case *gotypes.Slice, *gotypes.Map:
		return false
	}
	named, ok := gotypes.Unalias(t).(*gotypes.Named)
	if !ok || named.Obj().Pkg() == nil {
		return true // another check rejects it
	}
	name := types.Name{Package: named.Obj().Pkg().Path(), Name: named.Obj().Name()}
	_, external := args.New().ExternalApplyConfigurations[name]
	return external || c.IsAPI(name.Package)
}

func (c *checker) unsuitablePointer(t *gotypes.Pointer) string {
	switch t.Elem().Underlying().(type) {
	case *gotypes.Pointer:
		return fmt.Sprintf("JSON can't express a pointer to a pointer: use *%s", strings.TrimLeft(c.name(t.Elem()), "*"))
	}
	return c.unsuitable(t.Elem())
}

// unsuitableNamed returns the reason why a field cannot have a named type, or "".
func (c *checker) unsuitableNamed(t *gotypes.Named) string {
	obj := t.Obj()
	switch pkg := obj.Pkg(); {
	case pkg == nil: // error
		return "a value of any type can't be copied; " + freeForm
	case t.TypeArgs().Len() > 0 && c.IsAPI(pkg.Path()):
		return fmt.Sprintf("%s has type parameters, which Kubernetes' generators can't handle: declare a type for this use of it", obj.Name())
	case !c.IsAPI(pkg.Path()):
		return c.unsuitableForeign(t)
	case !obj.Exported():
		return fmt.Sprintf("the type %s is not exported, so no code is generated for it: begin its name with a capital letter", obj.Name())
	case c.ownForm(t):
		return c.missingMethods(t)
	}
	if what := c.excluded(t); what != "" {
		return what
	}
	switch u := t.Underlying().(type) {
	case *gotypes.Struct:
		return "" // its fields are checked at its declaration
	case *gotypes.Interface:
		return fmt.Sprintf("a value of the interface %s can't be read from JSON; %s", obj.Name(), freeForm)
	case *gotypes.Slice:
		if isByte(u.Elem()) {
			return namedBytes(obj.Name())
		}
		return "" // reported at its declaration
	case *gotypes.Map, *gotypes.Array, *gotypes.Pointer:
		return ""
	default:
		return c.unsuitable(u)
	}
}

func namedBytes(name string) string {
	return fmt.Sprintf("the named byte-slice type %s has no OpenAPI schema: use []byte, or runtime.RawExtension for any JSON", name)
}

// excluded returns an error if a marker on a type prevents code that a field of this type needs, or "".
func (c *checker) excluded(t *gotypes.Named) string {
	lines := apis.Comments(c.Universe.Type(types.Name{Package: t.Obj().Pkg().Path(), Name: t.Obj().Name()}))
	if slices.Contains(apis.TagValues(lines, "k8s:openapi-gen"), "false") {
		return fmt.Sprintf("the type %s has +k8s:openapi-gen=false, so nothing describes it: take the marker out", t.Obj().Name())
	}
	if slices.Contains(apis.TagValues(lines, "k8s:deepcopy-gen"), "false") && !hasMethod(t, "DeepCopyInto") {
		return fmt.Sprintf("the type %s has +k8s:deepcopy-gen=false, so it can't be copied: take the marker out, or write its DeepCopyInto method", t.Obj().Name())
	}
	return ""
}

// missingMethods returns the methods that a type with its own JSON encoding lacks, as an error, or "".
func (c *checker) missingMethods(t *gotypes.Named) string {
	var missing []string
	for _, method := range []string{"OpenAPISchemaType", "OpenAPISchemaFormat", "UnmarshalJSON"} {
		if !hasMethod(t, method) && (method != "UnmarshalJSON" || !hasMethod(t, "UnmarshalText")) {
			missing = append(missing, method)
		}
	}
	if hasMethod(t, "OpenAPIDefinition") || hasMethod(t, "OpenAPIV3Definition") || len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("the type %s has a custom JSON encoding, so it needs an OpenAPI schema: add the method %s", t.Obj().Name(), strings.Join(missing, " and the method "))
}

// ownForm reports whether a type defines its own JSON encoding.
func (c *checker) ownForm(t gotypes.Type) bool {
	return hasMethod(t, "MarshalJSON") || hasMethod(t, "MarshalText") || hasMethod(t, "OpenAPISchemaType") || hasMethod(t, "OpenAPIDefinition")
}

// hasMethod reports whether a type, or a pointer to it, declares a method itself, not through an embedded field.
func hasMethod(t gotypes.Type, name string) bool {
	named, ok := t.(*gotypes.Named)
	if !ok {
		return false
	}
	for i := range named.NumMethods() {
		if named.Method(i).Name() == name {
			return true
		}
	}
	return false
}

func isByte(t gotypes.Type) bool {
	basic, ok := t.Underlying().(*gotypes.Basic)
	return ok && basic.Kind() == gotypes.Byte
}

// name returns a type as a user would write it in the source.
func (c *checker) name(t gotypes.Type) string {
	return gotypes.TypeString(t, func(pkg *gotypes.Package) string {
		if c.IsAPI(pkg.Path()) {
			return ""
		}
		return pkg.Name()
	})
}
