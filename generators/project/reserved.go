package project

import (
	"go/token"
	"go/types"
	"strings"
	"unicode"

	"golang.org/x/mod/module"
)

// predeclared reports whether a word is a predeclared identifier of Go, such as string, len or nil.
func predeclared(word string) bool { return types.Universe.Lookup(word) != nil }

// reservedPackage reports whether a folder or package cannot have the name. The go command has rules for internal, vendor, testdata, main,
// init and documentation. Windows reserves the names of devices such as con and nul, and a module with such a folder cannot be published.
// Readers would confuse string or error with the type.
func reservedPackage(name string) bool {
	switch name {
	case "internal", "vendor", "testdata", "main", "init", "documentation":
		return true
	}
	return token.IsKeyword(name) || predeclared(name) || module.CheckImportPath(name) != nil
}

// metaKinds contains the kinds that meta/v1 registers in every group version, and kinds that clients treat as those of meta/v1.
var metaKinds = set("WatchEvent InternalEvent ListOptions GetOptions DeleteOptions CreateOptions UpdateOptions PatchOptions ApplyOptions " +
	"TableOptions Status APIVersions APIGroup APIGroupList APIResource APIResourceList PartialObjectMetadata PartialObjectMetadataList " +
	"List TypeMeta ObjectMeta ListMeta")

// apiIdentifiers contains the identifiers that the Go package of every group version declares.
var apiIdentifiers = set("GroupName GroupVersion SchemeGroupVersion SchemeBuilder AddToScheme Install Resource " +
	"RegisterDefaults RegisterConversions")

// registryIdentifiers contains the identifiers that the Go package serving a kind declares, in addition to an alias with the kind's name.
var registryIdentifiers = set("Strategy NewStorage AddConversions AddFieldLabels")

// IsRegistryIdentifier reports whether the Go package that serves a kind declares name for something other than a type of the kind.
func IsRegistryIdentifier(name string) bool { return registryIdentifiers[name] }

// clientWords contains identifiers in functions of generated clients and apply configurations that have a parameter named after the kind,
// such as result for the kind Result. Kinds with these names do not compile.
var clientWords = set("ctx err fieldManager internal managedfields nil opts result subresource")

// platforms contains the operating systems and architectures that the go command knows. It would build a client's fake_windows.go only on
// Windows.
var platforms = set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos " +
	"386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le riscv riscv64 " +
	"s390 s390x sparc sparc64 wasm")

// factoryMethods contains the methods of the generated SharedInformerFactory, which also has a method for each group.
var factoryMethods = set("Start StartWithContext Shutdown WaitForCacheSync WaitForCacheSyncWithContext ForResource InformerFor")

// testFunctions contains the names, without Test, of the tests that every project has. Names of a single word are omitted, because the
// tests of a kind start with the name of its group.
var testFunctions = set("BadName BadWatch ConnectDiscovery ConnectRoles ConnectSubresources CreateAndDelete DeleteCollection DryRun FieldValidation GarbageCollection GetSubresourceDiscovery GetSubresourceRoles GetSubresources ObjectCountQuota OpenAPI OtherFields " +
	"PreferredVersion ResourceVersionMatch ReviewRoles ReviewVerbs ScaleApply ScaleDiscovery ScaleRoles ScaleStatus ScaleTable " +
	"SelectableFields ServerSideApply SlowWatch StatusIsolation SubresourceDiscovery SubresourceRoles TableObjects " +
	"UpdateSubresourceDiscovery UpdateSubresourceRoles UpdateSubresources WatchBookmark WatchNamespace WatchOrder WatchSelected")

// serverImports contains the names of other imports in generated files and reconcilers, which import groups. For example, the informer for
// version v1 of a group meta would be imported as metav1.
var serverImports = set("clientgoscheme clientscheme corev1 ctrl fmt generatedopenapi generic genericapiserver json maps metav1 openapi registry rest runtime " +
	"schema serializer slices utilruntime")

// standardLibrary contains the first elements of import paths that the go command reserves.
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

// private returns a name with a lower-case first letter, as generators use it for unexported identifiers.
func private(name string) string {
	first := []rune(name)
	first[0] = unicode.ToLower(first[0])
	return string(first)
}
