package codegen

import (
	"os"
	"path"
	"path/filepath"
	"slices"

	applyargs "k8s.io/code-generator/cmd/applyconfiguration-gen/args"
	applygen "k8s.io/code-generator/cmd/applyconfiguration-gen/generators"
	clientargs "k8s.io/code-generator/cmd/client-gen/args"
	clientgen "k8s.io/code-generator/cmd/client-gen/generators"
	clienttypes "k8s.io/code-generator/cmd/client-gen/types"
	deepcopyargs "k8s.io/code-generator/cmd/deepcopy-gen/args"
	deepcopygen "k8s.io/code-generator/cmd/deepcopy-gen/generators"
	defaulterargs "k8s.io/code-generator/cmd/defaulter-gen/args"
	defaultergen "k8s.io/code-generator/cmd/defaulter-gen/generators"
	informerargs "k8s.io/code-generator/cmd/informer-gen/args"
	informergen "k8s.io/code-generator/cmd/informer-gen/generators"
	listerargs "k8s.io/code-generator/cmd/lister-gen/args"
	listergen "k8s.io/code-generator/cmd/lister-gen/generators"
	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"
	openapiargs "k8s.io/kube-openapi/cmd/openapi-gen/args"
	openapigen "k8s.io/kube-openapi/pkg/generators"
)

// OpenAPIFile is the file with the OpenAPI definitions.
const OpenAPIFile = GeneratedDir + "/openapi/zz_generated.openapi.go"

// A table has every generator with its inputs and arguments: those that kube_codegen.sh would give it.
type table struct {
	p           *Packages
	boilerplate string
	// apis are all API packages, client those with clients.
	apis, client []string
	// independent are the generators whose order is free, because none reads what another writes.
	independent []upstreamGenerator
	// nested are the conversions that upstream's generator calls and does not write, by package.
	nested map[string][]*types.Type
}

func (p *Packages) table(boilerplate string) *table {
	t := &table{p: p, boilerplate: boilerplate, nested: map[string][]*types.Type{}}
	for _, api := range p.options.APIs {
		t.apis = append(t.apis, api.Package)
		if p.hasClient(api.Package) {
			t.client = append(t.client, api.Package)
		}
	}
	t.independent = []upstreamGenerator{t.deepcopy(), t.defaulter(), t.conversion(), t.openapi(), t.clientset(), t.lister(), t.informer()}
	return t
}

// out is the folder and the import path of a package under GeneratedDir.
func (t *table) out(elem ...string) (dir, pkg string) {
	return filepath.Join(t.p.options.Dir, filepath.FromSlash(GeneratedDir), filepath.Join(elem...)), t.p.options.generated(elem...)
}

// targetsOf binds a generator to its arguments.
func targetsOf[A any](get func(*generator.Context, A) []generator.Target, args A) func(*generator.Context) ([]generator.Target, error) {
	return func(c *generator.Context) ([]generator.Target, error) { return get(c, args), nil }
}

func (t *table) deepcopy() upstreamGenerator {
	args := deepcopyargs.New()
	args.OutputFile, args.GoHeaderFile = "zz_generated.deepcopy.go", t.boilerplate
	return upstreamGenerator{
		name: "deepcopy-gen", inputs: t.apis, names: deepcopygen.NameSystems(), order: deepcopygen.DefaultNameSystem(),
		targets: targetsOf(deepcopygen.GetTargets, args),
	}
}

func (t *table) defaulter() upstreamGenerator {
	args := defaulterargs.New()
	args.OutputFile, args.GoHeaderFile = "zz_generated.defaults.go", t.boilerplate
	return upstreamGenerator{
		name: "defaulter-gen", inputs: t.apis, names: defaultergen.NameSystems(), order: defaultergen.DefaultNameSystem(),
		targets: targetsOf(defaultergen.GetTargets, args),
	}
}

func (t *table) openapi() upstreamGenerator {
	args := openapiargs.New()
	args.OutputDir, args.OutputPkg = t.out("openapi")
	args.OutputFile, args.OutputModelNameFile = path.Base(OpenAPIFile), "zz_generated.model_name.go"
	args.GoHeaderFile = t.boilerplate
	// The report is dropped with all that is not Go; the generator wants a name for it all the same.
	args.ReportFilename = os.DevNull
	inputs := append(slices.Clone(openAPIBase), t.apis...)
	slices.Sort(inputs)
	args.ReadOnlyPkgs = openAPIBase
	return upstreamGenerator{
		name: "openapi-gen", inputs: inputs, names: openapigen.NameSystems(), order: openapigen.DefaultNameSystem(),
		// Of the packages that API types merely refer to it would describe every type: k8s.io/api/core/v1 alone has 230.
		takes: func(typ *types.Type) bool {
			return slices.Contains(inputs, typ.Name.Package) || t.p.external[typ.Name]
		},
		targets: func(c *generator.Context) ([]generator.Target, error) {
			header, err := gengo.GoBoilerplate(t.boilerplate, gengo.StdBuildTag, gengo.StdGeneratedBy)
			if err != nil {
				return nil, err
			}
			return append(openapigen.GetModelNameTargets(c, args, header), openapigen.GetOpenAPITargets(c, args, header)...), nil
		},
	}
}

func (t *table) clientset() upstreamGenerator {
	args := clientargs.New()
	args.OutputDir, args.OutputPkg = t.out("clientset")
	args.ClientsetName = "versioned"
	_, args.ApplyConfigurationPackage = t.out("applyconfiguration")
	args.GoHeaderFile = t.boilerplate
	args.Groups = groupVersions(t.client)
	return upstreamGenerator{
		name: "client-gen", inputs: t.client, names: clientgen.NameSystems(t.p.options.Plurals), order: clientgen.DefaultNameSystem(),
		targets: targetsOf(clientgen.GetTargets, args),
	}
}

// groupVersions are the packages by group, as client-gen's --input flags would give them. The generator takes the real name
// of the group from the package's +groupName.
func groupVersions(packages []string) []clienttypes.GroupVersions {
	var groups []clienttypes.GroupVersions
	for _, pkg := range packages {
		group, version := path.Base(path.Dir(pkg)), path.Base(pkg)
		if n := len(groups); n == 0 || groups[n-1].PackageName != group {
			groups = append(groups, clienttypes.GroupVersions{PackageName: group, Group: clienttypes.Group(group)})
		}
		last := &groups[len(groups)-1]
		last.Versions = append(last.Versions, clienttypes.PackageVersion{Version: clienttypes.Version(version), Package: pkg})
	}
	return groups
}

func (t *table) lister() upstreamGenerator {
	args := listerargs.New()
	args.OutputDir, args.OutputPkg = t.out("listers")
	args.GoHeaderFile = t.boilerplate
	return upstreamGenerator{
		name: "lister-gen", inputs: t.client, names: listergen.NameSystems(t.p.options.Plurals), order: listergen.DefaultNameSystem(),
		targets: targetsOf(listergen.GetTargets, args),
	}
}

func (t *table) informer() upstreamGenerator {
	args := informerargs.New()
	args.OutputDir, args.OutputPkg = t.out("informers")
	_, args.VersionedClientSetPackage = t.out("clientset", "versioned")
	_, args.ListersPackage = t.out("listers")
	args.PluralExceptions = t.pluralExceptions()
	args.GoHeaderFile = t.boilerplate
	return upstreamGenerator{
		name: "informer-gen", inputs: t.client, names: informergen.NameSystems(t.p.options.Plurals), order: informergen.DefaultNameSystem(),
		targets: targetsOf(informergen.GetTargets, args),
	}
}

// pluralExceptions returns the plurals as the generators' --plural-exceptions flags take them.
func (t *table) pluralExceptions() []string {
	var out []string
	for kind, plural := range t.p.options.Plurals {
		out = append(out, kind+":"+plural)
	}
	return out
}

// applyConfiguration is the one generator that reads what another wrote: its Extract functions need the OpenAPI schema.
func (t *table) applyConfiguration(schemaFile string) upstreamGenerator {
	args := applyargs.New()
	args.OutputDir, args.OutputPkg = t.out("applyconfiguration")
	args.GoHeaderFile = t.boilerplate
	args.OpenAPISchemaFilePath = schemaFile
	return upstreamGenerator{
		name: "applyconfiguration-gen", inputs: t.client, names: applygen.NameSystems(), order: applygen.DefaultNameSystem(),
		targets: targetsOf(applygen.GetTargets, args),
	}
}
