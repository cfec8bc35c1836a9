package fuzz

import (
	"fmt"
	"go/token"
	"math/rand/v2"
	"slices"
	"strings"
)

// A form is the form of a value in JSON, as far as it matters for markers.
type form int

const (
	formOther form = iota
	formString
	formInteger
	formNumber
	formBoolean
	formList
	formMap
	formStruct
	formQuantity
	formIntOrString
	formDuration
	formTime
	formRaw
)

// A typ is a type expression.
type typ struct {
	text  string
	form  form
	elem  *typ
	decl  *decl // of the struct
	needs []string
}

func plain(text string, f form) typ { return typ{text: text, form: f} }

// A gen generates random types for one cell.
type gen struct {
	*rand.Rand
	group string
	cell  int
	names int
	decls []*decl
	// shared lists types of the other group that all cells may use.
	shared []*decl
	taken  map[string]bool
}

// choose returns one of all at random.
func choose[T any](g *gen, all ...T) T { return all[g.IntN(len(all))] }

// chance returns true with a probability of n percent.
func (g *gen) chance(n int) bool { return g.IntN(100) < n }

var scalars = []typ{
	plain("string", formString), plain("string", formString), plain("string", formString), plain("bool", formBoolean), plain("int", formInteger), plain("int32", formInteger),
	plain("int64", formInteger), plain("int16", formInteger), plain("int8", formInteger), plain("uint8", formInteger), plain("uint16", formInteger),
	plain("uint32", formInteger), plain("uint", formInteger), plain("uint64", formInteger), plain("rune", formInteger), plain("byte", formInteger), plain("float64", formNumber), plain("float32", formNumber),
}

var foreign = []typ{
	plain("metav1.Time", formTime), plain("metav1.MicroTime", formOther), plain("metav1.Duration", formDuration), plain("metav1.Condition", formStruct),
	plain("[]metav1.Condition", formOther), plain("metav1.LabelSelector", formStruct), plain("metav1.ObjectMeta", formStruct), plain("metav1.TypeMeta", formStruct), plain("metav1.ListMeta", formStruct),
	plain("metav1.OwnerReference", formStruct), plain("metav1.ConditionStatus", formString), plain("metav1.FieldsV1", formOther), plain("metav1.Verbs", formOther),
	plain("resource.Quantity", formQuantity), plain("resource.Quantity", formQuantity), plain("intstr.IntOrString", formIntOrString), plain("intstr.IntOrString", formIntOrString),
	plain("runtime.RawExtension", formRaw), plain("types.UID", formString), plain("types.NamespacedName", formOther),
	plain("corev1.PodSpec", formStruct), plain("corev1.PodTemplateSpec", formStruct), plain("corev1.Container", formStruct), plain("corev1.ResourceRequirements", formStruct), plain("corev1.LocalObjectReference", formStruct),
	plain("corev1.ObjectReference", formStruct), plain("corev1.Protocol", formString), plain("corev1.ResourceList", formMap), plain("corev1.EnvVar", formStruct), plain("corev1.ContainerPort", formStruct),
	plain("corev1.SecretKeySelector", formStruct), plain("corev1.Volume", formStruct), plain("corev1.Affinity", formStruct), plain("corev1.Pod", formStruct), plain("corev1.URIScheme", formString),
	plain("appsv1.DeploymentSpec", formStruct), plain("schema.GroupVersionKind", formOther),
}

// odd lists types that fields of API objects cannot have, or only under some conditions.
var odd = []string{
	"time.Time", "time.Duration", "time.Month", "*time.Time", "[]time.Time", "netip.Addr", "netip.Prefix", "url.URL", "big.Int", "big.Float", "json.RawMessage", "json.Number", "net.IP", "net.IPNet", "net.HardwareAddr",
	"sync.Mutex", "atomic.Int64", "regexp.Regexp", "sql.NullString", "unsafe.Pointer", "list.List", "strings.Builder", "io.Reader", "fmt.Stringer", "error", "any", "interface{}", "interface{ Do() }",
	"complex128", "uintptr", "func()", "chan int", "map[string]any", "[]any", "*any", "runtime.Object", "runtime.Unknown", "unstructured.Unstructured", "json.Marshaler", "json.Decoder",
	"struct{}", "struct{ A string }", "[]struct{ A string `json:\"a\"` }", "map[string]struct{}", "map[int]string", "map[bool]string", "map[float64]string", "map[any]string", "map[[2]string]string", "map[metav1.Time]string",
	"map[int32]string", "map[rune]string", "map[types.UID]string", "map[*string]string", "map[struct{ A int }]string", "map[types.NamespacedName]string",
	"[3]string", "[0]int", "[4]byte", "[16]int32", "*[2]string", "[2][2]string", "[]byte", "*[]byte", "[][]byte", "map[string][]byte", "[]uint8", "[]int8", "[]rune",
	"**string", "***int", "*[]string", "**[]string", "[]*string", "[]**string", "map[string]*string", "map[string]**string", "*map[string]string", "**map[string]string", "[]*[]string", "map[string]*map[string]string",
	"[][]string", "[][][]int32", "map[string]map[string]string", "map[string][]string", "[]map[string]string", "map[string]map[string][]map[string]int64", "[]*metav1.Time", "map[string]metav1.Time", "map[string]*metav1.Duration",
	"[]resource.Quantity", "map[string]*resource.Quantity", "[]runtime.RawExtension", "*runtime.RawExtension", "[]intstr.IntOrString", "map[corev1.ResourceName]resource.Quantity", "[]corev1.ResourceList", "map[string]corev1.ResourceList",
	"**metav1.Time", "*[]metav1.Time", "[2]metav1.Time", "[]corev1.Protocol", "map[string]corev1.Protocol", "*corev1.ResourceList", "[]types.UID", "metav1.GroupVersionKind", "metav1.List", "metav1.Status", "metav1.Timestamp",
	"metav1.FieldsV1", "[]metav1.Verbs", "metav1.InternalEvent", "metav1.WatchEvent", "metav1.Patch", "metav1.Object", "corev1.PodList", "corev1.Secret",
}

// typ returns a random type expression with a maximum depth.
func (g *gen) typ(depth int) typ {
	switch n := g.IntN(100); {
	case n < 24 || depth <= 0:
		return choose(g, scalars...)
	case n < 34:
		return choose(g, foreign...)
	case n < 41:
		return plain(choose(g, odd...), formOther)
	case n < 52:
		elem := g.typ(depth - 1)
		return typ{text: "[]" + elem.text, form: formList, elem: &elem, needs: elem.needs}
	case n < 60:
		elem := g.typ(depth - 1)
		return typ{text: "map[string]" + elem.text, form: formMap, elem: &elem, needs: elem.needs}
	case n < 70:
		elem := g.typ(depth - 1)
		elem.text = "*" + elem.text
		return elem
	case n < 72:
		elem := g.typ(depth - 1)
		return typ{text: fmt.Sprintf("[%d]%s", g.IntN(4), elem.text), form: formOther, needs: elem.needs}
	case n < 74 && len(g.shared) > 0 && g.group != "fruit":
		d := choose(g, g.shared...)
		return typ{text: "fruitv1." + d.name, form: formOther, needs: []string{d.key()}}
	case n < 77 && len(g.decls) > 0:
		d := choose(g, g.decls...)
		return typ{text: d.name, form: formOther, needs: []string{d.key()}}
	}
	return g.declared(depth)
}

// name returns a new name for a type of the cell.
func (g *gen) name(base string) string {
	if g.chance(6) {
		if name := choose(g, hostileTypes...); !g.taken[g.group+name] {
			g.taken[g.group+name] = true
			return name
		}
	}
	g.names++
	name := fmt.Sprintf("%sC%d", base, g.cell)
	if g.names > 1 {
		name += string(rune('a' + (g.names-2)%26))
	}
	if g.names > 27 {
		name += fmt.Sprint(g.names)
	}
	return name
}

// hostileTypes contains names that generated code, or a package that it imports, also declares.
var hostileTypes = []string{
	"Scheme", "Strategy", "REST", "StatusREST", "AddToScheme", "SchemeBuilder", "SchemeGroupVersion", "GroupVersion", "GroupName", "Resource", "Kind", "RegisterDefaults", "RegisterConversions", "Install",
	"NewStorage", "Storage", "AppleLister", "AppleInterface", "AppleExpansion", "PearNamespaceLister", "Interface", "Clientset", "String", "Object", "ObjectMeta", "TypeMeta", "ListMeta", "Time", "Duration", "Quantity", "Status", "List", "Options",
	"Codecs", "ParameterCodec", "Convert", "SetDefaults_Apple", "SetObjectDefaults_Apple", "DeepCopy", "DeepCopyInto", "GetOpenAPIDefinitions", "OpenAPIDefinition", "Validate", "ValidateApple", "Error", "Context", "Scope", "Table",
	"FruitV1", "FruitV1Client", "FruitV1alpha1Interface", "AppleApplyConfiguration", "ObjectMetaApplyConfiguration", "AppleSpecApplyConfiguration", "Größe", "Ärger", "Ünlü", "Ωmega", "Element", "T", "Ptr", "Nil", "Int", "AnyType",
	"Convert_v1alpha1_Apple_To_v1_Apple", "A_B", "X_", "AppleStrategy", "AppleColumns", "Columns", "NewREST", "AddConversions", "ExtendedREST", "Hub", "Fields", "SelectableFields", "Bool", "Result", "Namespace", "Sprintf", "Default",
	"WatchEvent", "ListOptions", "Unstructured", "RawExtension", "IntOrString", "Package", "Var", "Config", "New", "Apply", "Selector", "Informer", "AppleInformer", "Version", "SharedInformerFactory", "Group", "Client",
}

// hostileFields contains names of fields that conflict with generated methods, imports or declarations.
var hostileFields = []string{
	"DeepCopy", "DeepCopyInto", "DeepCopyObject", "GetObjectKind", "String", "OpenAPIModelName", "IsApplyConfiguration", "Name", "Namespace", "Kind", "APIVersion", "Labels", "GetName", "In", "Out", "Key", "Val", "I", "Scheme", "Spec", "Status",
	"Metav1", "Runtime", "Größe", "Äpfel", "Type", "Func", "Range", "Map", "Nil", "Len", "Append", "Validate", "WithName", "ObjectMeta", "TypeMeta", "Error", "Is", "A_b", "X_", "ΩField", "MarshalText", "Fmt", "Items", "Metadata", "Default", "Value", "Obj", "Object", "Path", "Errs", "Size", "Self", "Old", "B", "Result", "Ctx",
}

// unusual contains JSON names that need escaping in CEL, in JSONPath, in field paths or in Go's tags.
var unusual = []string{"a-b", "a.b", "größe", "x_y", "with space", "a/b", "$ref", "UPPER", "self", "in", "namespace", "true", "null", "int", "type", "a__b", "1st", "break", "_", "-x", "kind", "apiVersion", "metadata", "%", "@type", "ünïcödé", "if", "function", "size", "has"}

// structFields adds random fields to a struct.
func (g *gen) structFields(d *decl, depth int) {
	names := map[string]bool{}
	for range 1 + g.IntN(5) {
		f := g.field(depth - 1)
		if f.name != "_" && names[strings.ToLower(f.name)] || f.name == "" && names[f.typ] {
			continue
		}
		names[strings.ToLower(f.name)], names[f.typ] = true, f.name == ""
		d.fields = append(d.fields, f)
	}
	g.relate(d)
}

var words = []string{"Color", "Weight", "Limit", "Note", "Count", "Ratio", "Mode", "Owner", "Port", "Host", "Level", "Rank", "Parts", "Rules", "Extra", "Target", "Source", "Policy", "Window", "Retries"}

func (g *gen) field(depth int) *field {
	t := g.typ(depth)
	f := &field{name: choose(g, words...), typ: t.text, needs: t.needs}
	if g.chance(8) {
		f.name = choose(g, hostileFields...)
	}
	json := lower(f.name)
	switch n := g.IntN(100); {
	case n < 66:
		f.tag = jsonTag(json + ",omitempty")
	case n < 78:
		f.tag = jsonTag(json)
	case n < 81:
		f.tag = jsonTag(json + ",omitzero")
	case n < 83:
		f.tag = ""
	case n < 85:
		f.tag = jsonTag(",omitempty")
	case n < 86:
		f.tag = jsonTag("-")
	case n < 87:
		f.tag = jsonTag("-,")
	case n < 89:
		f.tag = jsonTag(json + choose(g, ",string", ",omitempty,string", ",omitempty,omitzero", ",unknown", ",inline"))
	case n < 92:
		f.tag = jsonTag(choose(g, unusual...) + ",omitempty")
	case n < 94:
		f.name, f.tag = "hidden"+f.name, choose(g, "", jsonTag(json+",omitempty"), jsonTag("-"))
	case n < 95:
		f.name, f.tag = "_", choose(g, "", jsonTag("-"), jsonTag("blank"))
	default:
		return g.embedded(depth)
	}
	if g.chance(3) {
		f.tag += choose(g, ` protobuf:"bytes,1,opt,name=x"`, ` yaml:"other"`, ` patchStrategy:"merge" patchMergeKey:"name"`, ` validate:"required"`)
	}
	if f.name != "_" {
		f.markers = g.fieldMarkers(t, f)
	}
	return f
}

// embedded returns a random embedded field.
func (g *gen) embedded(depth int) *field {
	var t typ
	switch n := g.IntN(10); {
	case n < 5:
		t = g.structType(depth, "")
	case n < 6:
		t = g.structType(depth, "lower")
	case n < 8:
		t = choose(g, plain("metav1.TypeMeta", formStruct), plain("metav1.ObjectMeta", formStruct), plain("corev1.LocalObjectReference", formStruct), plain("metav1.Time", formTime), plain("corev1.ResourceRequirements", formStruct),
			plain("resource.Quantity", formQuantity), plain("metav1.LabelSelector", formStruct), plain("corev1.EnvVar", formStruct), plain("corev1.SecretKeySelector", formStruct), plain("time.Time", formOther), plain("sync.Mutex", formOther), plain("corev1.ResourceList", formMap))
	default:
		t = g.declared(depth)
	}
	if t.text == "" || strings.ContainsAny(t.text, "[]{}* ") {
		t = plain("corev1.LocalObjectReference", formStruct)
	}
	if g.chance(20) && t.form == formStruct {
		t.text = "*" + t.text
	}
	tag := choose(g, jsonTag(",inline"), jsonTag(",inline"), jsonTag(",inline"), "", jsonTag(""), jsonTag("named,omitempty"), jsonTag(",omitempty"), jsonTag("-"))
	return &field{typ: t.text, tag: tag, needs: t.needs}
}

func jsonTag(value string) string { return fmt.Sprintf("json:%q", value) }

func lower(s string) string {
	r := []rune(s)
	return strings.ToLower(string(r[:1])) + string(r[1:])
}

// lowerName converts the name of a type to one that is not exported. A keyword would be a syntax error, which hides all other errors, and a
// cell may use the predeclared types.
func lowerName(s string) string {
	s = lower(s)
	if token.IsKeyword(s) || s == "string" || s == "error" || s == "bool" || s == "int" {
		s += "s"
	}
	return s
}

// add declares a type of the cell and returns it.
func (g *gen) add(d *decl, f form) typ {
	d.group, d.cell = g.group, g.cell
	g.decls = append(g.decls, d)
	return typ{text: d.name, form: f, decl: d, needs: []string{d.key()}}
}

// structType declares a struct.
func (g *gen) structType(depth int, casing string) typ {
	name := g.name(choose(g, "Part", "Rule", "Policy", "Target"))
	if casing == "lower" {
		name = lowerName(name)
	}
	d := &decl{name: name, head: "type " + name + " struct {", isStruct: true}
	g.structFields(d, depth)
	d.markers = g.typeMarkers(d)
	t := g.add(d, formStruct)
	if slices.ContainsFunc(d.fields, func(f *field) bool { return slices.Contains(f.needs, d.key()) }) {
		t.form = formOther
	}
	return t
}
