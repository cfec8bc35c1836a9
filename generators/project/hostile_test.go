package project

import (
	"errors"
	"strings"
	"testing"
)

// TestHostileNames declares names that would break a project. The error must be one sentence with a valid alternative.
func TestHostileNames(t *testing.T) {
	for _, test := range []struct {
		name string
		try  func(*Project) error
		want string
	}{
		{"name with upper case", newProject("Shop", "example.com", "example.com/shop"), `name "Shop" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "shop"`},
		{"name too long", newProject(strings.Repeat("x", 41), "example.com", "example.com/shop"), `name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is 41 characters long: use one of at most 40`},
		{"name in kube-system", newProject("kube", "example.com", "example.com/shop"), `name "kube" would put the project in the namespace kube-system, and Kubernetes keeps names that begin with kube- for itself: use another name`},
		{"name of a YAML value", newProject("true", "example.com", "example.com/shop"), `name "true" is a boolean or null in YAML, and the manifests contain it: use another name`},
		{"name beginning with a digit", newProject("1shop", "example.com", "example.com/shop"), `name "1shop" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "shop"`},
		{"name with a line break", newProject("shop\nevil: true", "example.com", "example.com/shop"), `name "shop\nevil: true" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "shop"`},
		{"name not derivable", newProject("", "example.com", "example.com/1.2"), `cannot derive a project name from module "example.com/1.2": pass --name NAME, with at most 40 lower-case letters, digits and hyphens`},
		{"name derived too long", newProject("", "example.com", "example.com/"+label63), `cannot derive a project name from module "example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"...: pass --name NAME, with at most 40 lower-case letters, digits and hyphens`},
		{"no domain", withDomain(""), `domain is empty: use one such as "example.com"`},
		{"domain without a dot", withDomain("example"), `domain "example" must be a DNS name with a dot, in lower case: use one such as "example.com"`},
		{"domain in upper case", withDomain("Example.COM"), `domain "Example.COM" must be a DNS name with a dot, in lower case: use "example.com"`},
		{"domain is a URL", withDomain("https://example.com/"), `domain "https://example.com/" must be a DNS name with a dot, in lower case: use "example.com"`},
		{"domain with a trailing dot", withDomain("example.com."), `domain "example.com." must be a DNS name with a dot, in lower case: use "example.com"`},
		{"domain of unicode", withDomain("exämple.com"), `domain "exämple.com" must be a DNS name with a dot, in lower case: use one such as "example.com"`},
		{"domain too long", withDomain(strings.Repeat("x.", 127) + "com"), `domain "x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x."... is 257 characters long: use one of at most 253`},
		{"domain of Kubernetes", withDomain("k8s.io"), `domain "k8s.io" is kept for Kubernetes' own APIs: use a domain of yours, or pass --allow-reserved-domain`},
		{"domain under Kubernetes", withDomain("shop.x-k8s.kubernetes.io"), `domain "shop.x-k8s.kubernetes.io" is kept for Kubernetes' own APIs: use a domain of yours, or pass --allow-reserved-domain`},
		{"no module", withModule(""), `module is empty: use a path such as "example.com/shop"`},
		{"module above", withModule("../shop"), `module "../shop" is not a valid Go module path (invalid path element ".."): use one such as "example.com/shop"`},
		{"module with dot dot", withModule("example.com/../shop"), `module "example.com/../shop" is not a valid Go module path (invalid path element ".."): use one such as "example.com/shop"`},
		{"module absolute", withModule("/srv/shop"), `module "/srv/shop" is not a valid Go module path (empty path element): use one such as "example.com/shop"`},
		{"module of Windows", withModule(`C:\shop`), `module "C:\\shop" is not a valid Go module path (invalid char ':'): use one such as "example.com/shop"`},
		{"module with a space", withModule("example.com/my shop"), `module "example.com/my shop" is not a valid Go module path (invalid char ' '): use one such as "example.com/shop"`},
		{"module of unicode", withModule("example.com/größe"), `module "example.com/größe" is not a valid Go module path (invalid char 'ö'): use one such as "example.com/shop"`},
		{"module with a trailing slash", withModule("example.com/shop/"), `module "example.com/shop/" is not a valid Go module path (trailing slash): use "example.com/shop"`},
		{"module with a version", withModule("example.com/shop@v1.2.3"), `module "example.com/shop@v1.2.3" is not a valid Go module path (invalid char '@'): use "example.com/shop"`},
		{"module is a URL", withModule("https://example.com/shop"), `module "https://example.com/shop" is not a valid Go module path (double slash): use "example.com/shop"`},
		{"module with a device name", withModule("example.com/aux"), `module "example.com/aux" is not a valid Go module path ("aux" disallowed as path element component on Windows): use one such as "example.com/shop"`},
		{"module in the standard library", withModule("fmt"), `module "fmt" begins like Go's own packages in "fmt": use a path such as "example.com/fmt"`},
		{"module under the standard library", withModule("net/http/shop"), `module "net/http/shop" begins like Go's own packages in "net": use a path such as "example.com/net/http/shop"`},
		{"module of commands", withModule("cmd/shop"), `module "cmd/shop" begins like Go's own packages in "cmd": use a path such as "example.com/cmd/shop"`},
		{"module internal", withModule("internal/shop"), `module "internal/shop" begins like Go's own packages in "internal": use a path such as "example.com/internal/shop"`},
		{"module with vendor", withModule("example.com/vendor/shop"), `module "example.com/vendor/shop" has the element "vendor", which the go command ignores: use a path such as "example.com/shop"`},
		{"module hidden", withModule("shop/.git"), `module "shop/.git" has the element ".git", which the go command ignores: use a path such as "example.com/shop"`},
		{"module with an option", withModule("-mod=mod"), `module "-mod=mod" is not a valid Go module path (leading dash): use one such as "example.com/shop"`},
		{"module with a template", withModule("example.com/[[.Name]]"), `module "example.com/[[.Name]]" is not a valid Go module path (invalid char '['): use one such as "example.com/shop"`},
		{"module major version 1", withModule("example.com/shop/v1"), `module "example.com/shop/v1" is not a valid Go module path (invalid version): use one such as "example.com/shop"`},
		{"module major version 1 without a dot", withModule("shop/v1"), `module "shop/v1" ends in a major version that Go does not allow: remove it, or use /v2 or later`},
		{"module of Kubernetes", withModule("k8s.io/api"), `module "k8s.io/api" is among Kubernetes' own: use a path of yours, or pass --allow-reserved-domain`},
		{"module of this tool", withModule("github.com/apiserver-builder/builder/shop"), `module "github.com/apiserver-builder/builder/shop" is this tool's own: use a path such as "example.com/shop"`},
		{"module too long", withModule("example.com/" + strings.Repeat("x/", 100) + "x"), `module "example.com/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/"... is 213 characters long: use a path of at most 200`},
		{"no group", addGroups(""), `group is empty: use one such as "fruit"`},
		{"group in upper case", addGroups("Fruit"), `group "Fruit" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "fruit"`},
		{"group with a dot of another domain", addGroups("fruit.org"), `group "fruit.org" is not in the project's domain: use a name without dots, such as "fruit", which stands for "fruit.example.com", or a full name with two dots or more`},
		{"group is the whole domain", addGroups("example.com"), `group "example.com" is not in the project's domain: use a name without dots, such as "fruit", which stands for "fruit.example.com", or a full name with two dots or more`},
		{"group with an underscore", addGroups("fruit_basket"), `group "fruit_basket" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "fruit-basket"`},
		{"group beginning with a digit", addGroups("3fruits"), `group "3fruits" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "fruit"`},
		{"group beginning with a hyphen", addGroups("-fruit"), `group "-fruit" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "fruit"`},
		{"group of unicode", addGroups("früchte"), `group "früchte" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "fruit"`},
		{"group with a path", addGroups("../fruit"), `group "../fruit" is not in the project's domain: use a name without dots, such as "fruit", which stands for "fruit.example.com", or a full name with two dots or more`},
		{"group too long", addGroups(label63 + "x"), `group "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is 64 characters long: use one of at most 63`},
		{"group is a Go keyword", addGroups("func"), `group "func" makes a Go package "func", a word that Go keeps for itself: use another name, such as "func-api"`},
		{"group is a Go keyword with a hyphen", addGroups("go-to", "gotos", "go-to-"), `group "go-to" makes a Go package "goto", a word that Go keeps for itself: use another name, such as "go-to-api"`},
		{"group makes a keyword", addGroups("inter-face"), `group "inter-face" makes a Go package "interface", a word that Go keeps for itself: use another name, such as "inter-face-api"`},
		{"group is a Go type", addGroups("string"), `group "string" makes a Go package "string", a word that Go keeps for itself: use another name, such as "string-api"`},
		{"group is internal", addGroups("internal"), `group "internal" makes a Go package "internal", a word that Go keeps for itself: use another name, such as "internal-api"`},
		{"group is vendor", addGroups("vendor"), `group "vendor" makes a Go package "vendor", a word that Go keeps for itself: use another name, such as "vendor-api"`},
		{"group is main", addGroups("main"), `group "main" makes a Go package "main", a word that Go keeps for itself: use another name, such as "main-api"`},
		{"group is a device", addGroups("con"), `group "con" makes a Go package "con", a word that Go keeps for itself: use another name, such as "con-api"`},
		{"group is a folder of informers", addGroups("internalinterfaces"), `group "internalinterfaces" makes a Go package "internalinterfaces", a word that Go keeps for itself: use another name, such as "internalinterfaces-api"`},
		{"group is a method of informers", addGroups("start"), `group "start" makes a second method Start in the generated informers: use another name, such as "start-api"`},
		{"group is a method of informers, hyphenated", addGroups("wait-for-cache-sync"), `group "wait-for-cache-sync" makes a second method WaitForCacheSync in the generated informers: use another name, such as "wait-for-cache-sync-api"`},
		{"groups with one package", addGroups("fruit-basket", "fruitbasket"), `groups "fruit-basket" and "fruitbasket" both make the Go package "fruitbasket": use another name for one of them`},
		{"group meta", addVersion("meta", "v1"), `version v1 of group "meta" makes the Go name metav1, which is already that of Kubernetes' own code where the server is put together: use another name`},
		{"no version", addVersion("fruit", ""), `version is empty: use one such as "v1alpha1"`},
		{"version without v", addVersion("veg", "1"), `version "1" must look like v1, v1beta1 or v2alpha3: use "v1"`},
		{"version in upper case", addVersion("veg", "V1Alpha1"), `version "V1Alpha1" must look like v1, v1beta1 or v2alpha3: use "v1alpha1"`},
		{"version zero", addVersion("veg", "v0"), `version "v0" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"version with leading zero", addVersion("veg", "v01"), `version "v01" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"version with a dot", addVersion("veg", "v1.2"), `version "v1.2" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"version without a number", addVersion("veg", "v1beta"), `version "v1beta" must look like v1, v1beta1 or v2alpha3: use "v1beta1"`},
		{"version gamma", addVersion("veg", "v1gamma1"), `version "v1gamma1" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"version with a path", addVersion("veg", "v1/../.."), `version "v1/../.." must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"version with a huge number", addVersion("veg", "v1234567890"), `version "v1234567890" has a number of more than nine digits: use one such as "v1alpha1"`},
		{"version internal", addVersion("veg", "__internal"), `version "__internal" must look like v1, v1beta1 or v2alpha3: use one such as "v1alpha1"`},
		{"kind that another version has", both(addNamed("Pear"), addKindTo("fruit", "v1", Kind{Name: "Pear"})), `kind "Pear" of group "fruit" is served in v1alpha1: to serve it in v1 too, copy that version with "builder create version --group fruit --from v1alpha1 --version v1"`},
		{"copy of no group", copyVersion("veg", "v1alpha1", "v1"), `there is no group "veg" to copy a version of: the groups are fruit`},
		{"copy of no version", copyVersion("fruit", "v1beta1", "v1"), `group "fruit" has no version "v1beta1" to copy: the versions are v1alpha1`},
		{"copy of a version without kinds", both(addVersion("fruit", "v1beta1"), copyVersion("fruit", "v1beta1", "v1")), `version "v1beta1" of group "fruit" has no kinds to copy: create the version without --from`},
		{"copy to itself", copyVersion("fruit", "v1alpha1", "v1alpha1"), `version "v1alpha1" can't be copied to itself: give --version another name than --from`},
		{"copy to a version that exists", both(copyVersion("fruit", "v1alpha1", "v1"), copyVersion("fruit", "v1alpha1", "v1")), `version "v1" of group "fruit" exists: edit its types in pkg/apis/fruit/v1, or use another name for a new version`},
		{"copy to no version", copyVersion("fruit", "v1alpha1", "2"), `version "2" must look like v1, v1beta1 or v2alpha3: use "v2"`},
		{"no kind", addNamed(""), `kind is empty: use one such as "Apple"`},
		{"kind in lower case", addNamed("apple"), `kind "apple" must start with an upper-case letter: use "Apple"`},
		{"kind with a hyphen", addNamed("apple-pie"), `kind "apple-pie" must be letters and digits of ASCII, with an upper-case letter first: use "ApplePie"`},
		{"kind with an underscore", addNamed("Apple_Pie"), `kind "Apple_Pie" must be letters and digits of ASCII, with an upper-case letter first: use "ApplePie"`},
		{"kind of unicode", addNamed("Äpfel"), `kind "Äpfel" must be letters and digits of ASCII, with an upper-case letter first: use one such as "Apple"`},
		{"kind beginning with a digit", addNamed("3D"), `kind "3D" must be letters and digits of ASCII, with an upper-case letter first: use one such as "Apple"`},
		{"kind with a path", addNamed("../Apple"), `kind "../Apple" must be letters and digits of ASCII, with an upper-case letter first: use one such as "Apple"`},
		{"kind with a line break", addNamed("Pear\n}"), `kind "Pear\n}" must be letters and digits of ASCII, with an upper-case letter first: use one such as "Apple"`},
		{"kind too long", addNamed("X" + label63), `kind "Xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is 64 characters long: use one of at most 63`},
		{"kind of one letter", addNamed("C"), `kind "C" is a single letter, which generated clients use for variables: use a longer name, such as "FruitC"`},
		{"kind is a Go keyword", addNamed("Type"), `kind "Type" would be called "type" in generated Go code, where that word has another meaning: use another name, such as "FruitType"`},
		{"kind is another Go keyword", addNamed("Interface"), `kind "Interface" would be called "interface" in generated Go code, where that word has another meaning: use another name, such as "FruitInterface"`},
		{"kind is a parameter of clients", addNamed("Result"), `kind "Result" would be called "result" in generated Go code, where that word has another meaning: use another name, such as "FruitResult"`},
		{"kind with the file test.go", addNamed("Test"), "kind \"Test\" would be in the generated client's fake_test.go, which Go takes for a test or for one platform's: use another name, such as \"FruitTest\""},
		{"kind with the file windows.go", addNamed("Windows"), "kind \"Windows\" would be in the generated client's fake_windows.go, which Go takes for a test or for one platform's: use another name, such as \"FruitWindows\""},
		{"kind with the file arm64.go", addNamed("ARM64"), "kind \"ARM64\" would be in the generated client's fake_arm64.go, which Go takes for a test or for one platform's: use another name, such as \"FruitARM64\""},
		{"kind is the parameter nil", addNamed("Nil"), "kind \"Nil\" would be called \"nil\" in generated Go code, where that word has another meaning: use another name, such as \"FruitNil\""},
		{"kind is the parameter fieldManager", addNamed("FieldManager"), "kind \"FieldManager\" would be called \"fieldManager\" in generated Go code, where that word has another meaning: use another name, such as \"FruitFieldManager\""},
		{"kind is the parameter internal", addNamed("Internal"), "kind \"Internal\" would be called \"internal\" in generated Go code, where that word has another meaning: use another name, such as \"FruitInternal\""},
		{"kind is meta's", addNamed("Status"), `kind "Status" clashes with one that Kubernetes has in every API group: use another name, such as "FruitStatus"`},
		{"kind's list is meta's", addNamed("APIResource"), `kind "APIResource" clashes with one that Kubernetes has in every API group: use another name, such as "FruitAPIResource"`},
		{"kind is the list of all", addNamed("List"), `kind "List" clashes with one that Kubernetes has in every API group: use another name, such as "FruitList"`},
		{"kind is an identifier of the API", addNamed("SchemeBuilder"), `kind "SchemeBuilder" clashes with a Go identifier that is generated for every API: use another name, such as "FruitSchemeBuilder"`},
		{"kind is an identifier of the registry", addNamed("Strategy"), `kind "Strategy" clashes with a Go identifier that is generated for every API: use another name, such as "FruitStrategy"`},
		{"kind is another's list", addNamed("AppleList"), `kind "AppleList" ends in List, which is how lists of a kind are called: use another name, such as "Applelist"`},
		{"kind is another's spec", addNamed("AppleSpec"), `kind "AppleSpec" and kind "Apple" of group "fruit" both make the Go name AppleSpec in their API package: use another name for the kind`},
		{"kind differs in case", addNamed("APPLE"), `kinds "APPLE" and "Apple" of group "fruit" differ only in case: use another name for one of them`},
		{"kind is another's constructor", addNamed("NewApple"), `kind "NewApple" and kind "Apple" of group "fruit" both make the Go name newApples in the generated client: use another name for the kind`},
		{"kind is another's namespace lister", addNamed("AppleNamespace"), `kind "AppleNamespace" and kind "Apple" of group "fruit" both make the Go name AppleNamespaceLister in the generated listers: use another name for the kind`},
		{"kind is another's filtered informer", addNamed("FilteredApple"), `kind "FilteredApple" and kind "Apple" of group "fruit" both make the Go name NewFilteredAppleInformer in the generated informers: use another name for the kind`},
		{"kind is another's extraction", addNamed("ExtractApple"), `kind "ExtractApple" and kind "Apple" of group "fruit" both make the Go name ExtractApple in the generated apply configurations: use another name for the kind`},
		{"kind is the client", addNamed("FruitV1alpha1"), `kind "FruitV1alpha1" and version v1alpha1 of group "fruit" both make the Go name FruitV1alpha1Interface in the generated client: use another name for the kind`},
		{"kind with another's package", addNamed("Main", "MainKind"), `kind "MainKind" and kind "Main" of group "fruit" both make the Go name mainkind in pkg/registry: use another name for the kind`},
		{"kind with another's plural", addNamed("Policy", "Policie"), `"policies" is both the plural of kind "Policie" and the plural of kind "Policy" in group "fruit": use another plural, or another name, for one of them`},
		{"kind with another's Go plural", addKinds(Kind{Name: "Fox"}, Kind{Name: "Foxe", Plural: "foxen"}), `kind "Foxe" and kind "Fox" of group "fruit" both make the Go name FoxesGetter in the generated client: use another name for the kind`},
		{"kind is another's plural", addNamed("Apples"), `"apples" is both the plural of kind "Apple" and the singular of kind "Apples" in group "fruit": use another plural, or another name, for one of them`},
		{"kind's import is Kubernetes'", addKindTo("generic", "v1", Kind{Name: "APIServer"}), `kind "APIServer" of group "generic" makes the Go name genericapiserver, which is already that of Kubernetes' own code where the server is put together: use another name`},
		{"module is a repository", withModule("https://example.com/shop.git"), `module "https://example.com/shop.git" is not a valid Go module path (double slash): use "example.com/shop"`},
		{"kind's import is another's", addKindTo("fruita", "v1", Kind{Name: "Pple"}), `kind "Pple" of group "fruita" makes the Go name fruitapple, which is already that of kind "Apple" of group "fruit" where the server is put together: use another name`},
		{"kind's test is every project's", addKindTo("field", "v1", Kind{Name: "Validation"}), `the tests of kind "Validation" of group "field" and a test that every project has would both be TestFieldValidation: use another name`},
		{"subresource with the test of the controller", func(p *Project) error {
			if err := p.AddKind("fruit", "v1alpha1", Kind{Name: "Fig", Controller: true}); err != nil {
				return err
			}
			return p.AddSubresource("fruit", "v1alpha1", "Fig", Subresource{Name: "reconciler", Verb: VerbCreate})
		}, `the tests of subresource "reconciler" of kind "Fig" of group "fruit" and the controller of kind "Fig" of group "fruit" would both be TestFruitFigReconciler: use another name`},
		{"kind's test is a subresource's", func(p *Project) error {
			return errors.Join(p.AddSubresource("fruit", "v1alpha1", "Apple", Subresource{Name: "approve", Verb: VerbCreate}), addKindTo("fruit-apple", "v1", Kind{Name: "Approve"})(p))
		}, `the tests of kind "Approve" of group "fruit-apple" and subresource "approve" of kind "Apple" of group "fruit" would both be TestFruitAppleApprove: use another name`},
		{"plural in upper case", addKinds(Kind{Name: "Pear", Plural: "Pears"}), `plural "Pears" of kind "Pear" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "pears"`},
		{"plural with a slash", addKinds(Kind{Name: "Pear", Plural: "pears/status"}), `plural "pears/status" of kind "Pear" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "apples"`},
		{"plural too long", addKinds(Kind{Name: strings.ToUpper(label63)}), `plural "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxes" of kind "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" is 65 characters long: use one of at most 63`},
		{"plural is another's", addKinds(Kind{Name: "Pear", Plural: "apples"}), `"apples" is both the plural of kind "Apple" and the plural of kind "Pear" in group "fruit": use another plural, or another name, for one of them`},
		{"plural is another's singular", addKinds(Kind{Name: "Pear", Plural: "apple"}), `"apple" is both the singular of kind "Apple" and the plural of kind "Pear" in group "fruit": use another plural, or another name, for one of them`},
		{"plural is kubectl's short name", addKinds(Kind{Name: "Pear", Plural: "po"}), `plural "po" of kind "Pear" is kubectl's short name for pods: use another`},
		{"short name in upper case", addKinds(Kind{Name: "Pear", ShortNames: []string{"PE"}}), `short name "PE" of kind "Pear" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "pe"`},
		{"short name empty", addKinds(Kind{Name: "Pear", ShortNames: []string{""}}), `short name of kind "Pear" is empty: use one such as "ap"`},
		{"short name twice", addKinds(Kind{Name: "Pear", ShortNames: []string{"pe", "pe"}}), `short name "pe" of kind "Pear" is given twice: give it once`},
		{"short name with a comma", addKinds(Kind{Name: "Pear", ShortNames: []string{"pe,pr"}}), `short name "pe,pr" of kind "Pear" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use one such as "ap"`},
		{"short name is another's", addKindTo("veg", "v1", Kind{Name: "Apricot", ShortNames: []string{"ap"}}), `short name "ap" of kind "Apricot" is already a short name of kind "Apple": use another`},
		{"short name is another's plural", addKindTo("veg", "v1", Kind{Name: "Pear", ShortNames: []string{"apples"}}), `short name "apples" of kind "Pear" is already the plural of kind "Apple": use another`},
		{"short name is its own singular", addKinds(Kind{Name: "Pear", ShortNames: []string{"pear"}}), `short name "pear" of kind "Pear" is already the singular of kind "Pear": use another`},
		{"short name of pods", addKinds(Kind{Name: "Pear", ShortNames: []string{"po"}}), `short name "po" of kind "Pear" already means Kubernetes' own pods: use another`},
		{"short name of services", addKinds(Kind{Name: "Pear", ShortNames: []string{"svc"}}), `short name "svc" of kind "Pear" already means Kubernetes' own services: use another`},
		{"short name is a resource of Kubernetes", addKinds(Kind{Name: "Pear", ShortNames: []string{"nodes"}}), `short name "nodes" of kind "Pear" already means Kubernetes' own nodes: use another`},
		{"short name is all", addKinds(Kind{Name: "Pear", ShortNames: []string{"all"}}), `short name "all" of kind "Pear" is already the category of everything: use another`},
		{"category in upper case", addKinds(Kind{Name: "Pear", Categories: []string{"All"}}), `category "All" of kind "Pear" must be lower-case letters, digits and hyphens, with a letter first and no hyphen last: use "all"`},
		{"category twice", addKinds(Kind{Name: "Pear", Categories: []string{"all", "all"}}), `category "all" of kind "Pear" is given twice: give it once`},
		{"category is a short name", addKinds(Kind{Name: "Pear", Categories: []string{"ap"}}), `category "ap" of kind "Pear" is already a short name of kind "Apple": use another`},
		{"category is a resource of Kubernetes", addKinds(Kind{Name: "Pear", Categories: []string{"pods"}}), `category "pods" of kind "Pear" already means Kubernetes' own pods: use another`},
		{"shape unknown", addKinds(Kind{Name: "Pear", Shape: "round"}), `kind "Pear" has shape "round": use one of stored, virtual, review, parent`},
		{"storage version of a virtual kind", addKinds(Kind{Name: "Pear", Shape: ShapeVirtual, Storage: "v1alpha1"}), `kind "Pear" has storage version "v1alpha1", but its shape is virtual, so it is not stored: remove the storage version`},
		{"status of a review", addKinds(Kind{Name: "Pear", Shape: ShapeReview, Status: true}), `kind "Pear" is a review, so it cannot have a status or scale subresource: there is no object to update`},
		{"controller of a parent", addKinds(Kind{Name: "Pear", Shape: ShapeParent, Controller: true}), `kind "Pear" is a parent, so it cannot have a controller: there is no object to watch`},
		{"storage version of a review", addKinds(Kind{Name: "Pear", Shape: ShapeReview, Storage: "v1alpha1"}), `kind "Pear" has storage version "v1alpha1", but its shape is review, so it is not stored: remove the storage version`},
		{"answer of a stored kind", addKinds(Kind{Name: "Pear", Answer: "Plum"}), `kind "Pear" has the answer type "Plum" and the shape stored: only a review has one`},
		{"answer that is a part of the request", addKinds(Kind{Name: "Pear", Shape: ShapeReview, Answer: "PearSpec"}), `kind "Pear" has the type PearSpec already, which is part of its requests: use another name for the answer`},
		{"answer that is a kind", addKinds(Kind{Name: "Pear", Shape: ShapeReview, Answer: "Apple"}), `kind "Pear" and kind "Apple" of group "fruit" both make the Go name Apple in their API package: use another name for the kind`},
		{"answer in lower case", addKinds(Kind{Name: "Pear", Shape: ShapeReview, Answer: "answer"}), `the answer of kind "Pear": kind "answer" must start with an upper-case letter: use "Answer"`},
		{"subresource of a review", func(p *Project) error {
			if err := p.AddKind("veg", "v1", Kind{Name: "Pear", Shape: ShapeReview}); err != nil {
				return err
			}
			return p.AddSubresource("veg", "v1", "Pear", Subresource{Name: "peel", Verb: VerbCreate})
		}, `kind "Pear" is a review, so it cannot have the subresource "peel": a review has no objects`},
		{"status of a virtual kind", addKinds(Kind{Name: "Pear", Shape: ShapeVirtual, Status: true}), `kind "Pear" is virtual, so it is created without a status or scale subresource: first add the method Update to its Storage, then the subresource's marker to its type`},
		{"storage version of a group without stored kinds", func(p *Project) error {
			if err := p.AddKind("veg", "v1", Kind{Name: "Pear", Shape: ShapeVirtual}); err != nil {
				return err
			}
			return p.CopyVersion("veg", "v1", "v2", true)
		}, `no kind of group "veg" in version v1 is stored, so there is no storage version to change: remove --storage`},
		{"storage unknown", addKinds(Kind{Name: "Pear", Storage: "v1"}), `kind "Pear" is stored as version "v1", which it isn't served in: use "v1alpha1"`},
		{"versions unknown", addKinds(Kind{Name: "Pear", Versions: []string{"v1alpha1", "v1"}}), `kind "Pear" has version "v1", which its group "fruit" has not: add it there, or use some of v1alpha1`},
		{"kind of another shape", addKinds(Kind{Name: "Apple", Shape: "virtual", Status: true, Categories: []string{"all", "orchard"}}), `kind "Apple" of group "fruit" is already declared with storage version "v1alpha1" instead of "" and shape "stored" instead of "virtual" and short names "ap" instead of none, which cannot be changed: use another name`},
		{"kind of a YAML value", addKinds(Kind{Name: "True"}), `kind "True" is a boolean or null in YAML, and manifests contain it: use another name, such as "FruitTrue"`},
		{"plural of a YAML value", addKinds(Kind{Name: "Toggle", Plural: "on"}), `plural "on" of kind "Toggle" is a boolean or null in YAML, and manifests contain it: use another one`},
		{"name of a YAML value not derivable", newProject("", "example.com", "example.com/yes"), `name "yes" is a boolean or null in YAML, and the manifests contain it: use another name, with --name`},
		{"kind declared otherwise", addKinds(Kind{Name: "Apple", Plural: "applez", ClusterScoped: true, ShortNames: []string{"ap"}, Categories: []string{"orchard"}}), `kind "Apple" of group "fruit" is already declared with plural "apples" instead of "applez" and scope namespaced instead of cluster and categories "all,orchard" instead of "orchard" and status subresource true instead of false: to change that, edit the markers in pkg/apis/fruit/v1alpha1/apple_types.go`},
		{"controller of a kind that isn't", setController("fruit", "Pear"), `group "fruit" has no kind "Pear": create it first, with "builder create resource --group fruit --version VERSION --kind KIND"`},
		{"controller of an own kind", addControllers(Controller{Group: "fruit.example.com", Version: "v1alpha1", Kind: "Apple"}), `group "fruit.example.com" is the project's own, whose controllers are declared on its kinds: run "builder create controller --group fruit --kind KIND"`},
		{"controller of an own kind, in short", addControllers(Controller{Group: "fruit", Version: "v1alpha1", Kind: "Apple"}), `group "fruit.example.com" is the project's own, whose controllers are declared on its kinds: run "builder create controller --group fruit --kind KIND"`},
		{"controller in a wrong version", addControllers(Controller{Group: "apps", Version: "v1beta1", Kind: "Deployment"}), `kind "Deployment" in group "apps" and version "v1beta1" isn't Kubernetes 1.37's: use --group apps --version v1 --kind Deployment`},
		{"controller in a wrong group", addControllers(Controller{Group: "core", Version: "v1", Kind: "Pod"}), `kind "Pod" in group "core" and version "v1" isn't Kubernetes 1.37's: use --group "" --version v1 --kind Pod`},
		{"controller of a kind misspelt", addControllers(Controller{Group: "apps", Version: "v1", Kind: "deployment"}), `kind "deployment" in group "apps" and version "v1" isn't Kubernetes 1.37's: use --group apps --version v1 --kind Deployment`},
		{"controller of an unknown kind", addControllers(Controller{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}), `kind "Certificate" in group "cert-manager.io" and version "v1" is neither the project's nor Kubernetes 1.37's: use one such as --group apps --version v1 --kind Deployment`},
		{"controller of a review", addControllers(Controller{Group: "authentication.k8s.io", Version: "v1", Kind: "TokenReview"}), `kind "TokenReview" of authentication.k8s.io/v1 can't have a controller, because Kubernetes keeps no such objects to watch or publishes no Go type for them: use another kind`},
		{"controller of a type elsewhere", addControllers(Controller{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}), `kind "CustomResourceDefinition" of apiextensions.k8s.io/v1 can't have a controller, because Kubernetes keeps no such objects to watch or publishes no Go type for them: use another kind`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fruit(t)
			err := test.try(p)
			if err == nil {
				t.Fatalf("accepted, want %s", test.want)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			if strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("the message is not one line: %q", err)
			}
		})
	}
}
