package project

import (
	"go/token"
	"go/types"
	"strings"
	"unicode"

	"golang.org/x/mod/module"
)

// predeclared says whether Go has a meaning for the word in every file: string, len, nil.
func predeclared(word string) bool { return types.Universe.Lookup(word) != nil }

// reservedPackage says whether a folder or package of that name would be ignored, refused or misread: by the go command, which has
// rules for internal, vendor, testdata, main, init and documentation; by Windows, which has devices such as con and nul (a module with such a
// folder can't be packed); or by readers, for whom string and error are types.
func reservedPackage(name string) bool {
	switch name {
	case "internal", "vendor", "testdata", "main", "init", "documentation":
		return true
	}
	return token.IsKeyword(name) || predeclared(name) || module.CheckImportPath(name) != nil
}

// metaKinds are the kinds that meta/v1 registers in every group version, and the ones that clients take for its own.
var metaKinds = set("WatchEvent InternalEvent ListOptions GetOptions DeleteOptions CreateOptions UpdateOptions PatchOptions ApplyOptions " +
	"TableOptions Status APIVersions APIGroup APIGroupList APIResource APIResourceList PartialObjectMetadata PartialObjectMetadataList " +
	"List TypeMeta ObjectMeta ListMeta")

// apiIdentifiers are declared in the Go package of every group version.
var apiIdentifiers = set("GroupName GroupVersion SchemeGroupVersion SchemeBuilder AddToScheme Install Resource " +
	"RegisterDefaults RegisterConversions")

// registryIdentifiers are declared in the Go package that serves a kind, beside an alias named like the kind.
var registryIdentifiers = set("Strategy NewStorage AddConversions AddFieldLabels")

// clientWords are what generated clients and apply configurations call other things in functions that have a parameter of the kind,
// named like it with a small first letter: what they write for the kinds Result and Nil doesn't compile.
var clientWords = set("ctx err fieldManager internal managedfields nil opts result subresource")

// platforms are operating systems and processors that the go command knows: it builds a client's fake_windows.go on Windows alone.
var platforms = set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos " +
	"386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le riscv riscv64 " +
	"s390 s390x sparc sparc64 wasm")

// factoryMethods are the methods of the generated SharedInformerFactory, which gets another one for each group.
var factoryMethods = set("Start StartWithContext Shutdown WaitForCacheSync WaitForCacheSyncWithContext ForResource InformerFor")

// testFunctions are the tests that every project has, without Test. Left out are those of a single word, since the test of a kind begins with
// its group's name.
var testFunctions = set("BadName BadWatch CreateAndDelete DeleteCollection DryRun FieldValidation ObjectCountQuota OpenAPI OtherFields " +
	"PreferredVersion ResourceVersionMatch ScaleApply ScaleDiscovery ScaleRoles ScaleStatus ScaleTable " +
	"SelectableFields ServerSideApply StatusIsolation SubresourceDiscovery SubresourceRoles TableObjects " +
	"WatchSelected")

// serverImports are what generated files that import all groups call their other imports. The informer for group meta in version v1
// would be another metav1.
var serverImports = set("clientgoscheme clientscheme ctrl fmt generatedopenapi generic genericapiserver json maps metav1 openapi rest runtime " +
	"schema serializer slices utilruntime")

// standardLibrary are the first elements of the import paths that the go command keeps for itself.
var standardLibrary = set("C all archive arena bufio builtin bytes cmd cmp compress container context crypto database debug embed encoding errors expvar " +
	"flag fmt go hash html image index internal io iter log main maps math mime net os path plugin reflect regexp runtime simd " +
	"slices sort std strconv strings structs sync syscall testdata testing text time tool unicode unique unsafe vendor weak work")

func set(words string) map[string]bool {
	members := map[string]bool{}
	for _, word := range strings.Fields(words) {
		members[word] = true
	}
	return members
}

// private is how generators name what belongs to a kind but isn't exported.
func private(name string) string {
	first := []rune(name)
	first[0] = unicode.ToLower(first[0])
	return string(first)
}
