package upstream

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
	conversiongen "k8s.io/code-generator/cmd/conversion-gen/generators"
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
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
	openapiargs "k8s.io/kube-openapi/cmd/openapi-gen/args"
	openapigen "k8s.io/kube-openapi/pkg/generators"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/conversion"
)

// OpenAPIFile is the path of the file with the OpenAPI definitions.
const OpenAPIFile = apis.GeneratedDir + "/openapi/zz_generated.openapi.go"

// A table contains every generator with the inputs and arguments that kube_codegen.sh would pass.
type table struct {
	*upstream
	boilerplate string
	// packages lists all API packages, and client those with clients.
	packages, client []string
	// independent lists the generators that can run in any order, because none reads the output of another.
	independent []upstreamGenerator
	conversions *conversion.Generator
}

func (u *upstream) table(boilerplate string) *table {
	t := &table{upstream: u, boilerplate: boilerplate, conversions: conversion.New(u.Model)}
	for _, api := range u.APIs {
		t.packages = append(t.packages, api.Package)
		if u.HasClient(api.Package) {
			t.client = append(t.client, api.Package)
		}
	}
	t.independent = []upstreamGenerator{t.deepcopy(), t.defaulter(), t.conversion(), t.openapi(), t.clientset(), t.lister(), t.informer()}
	return t
}

// out returns the folder and the import path of a package under GeneratedDir.
func (t *table) out(elem ...string) (dir, pkg string) {
	return filepath.Join(t.Dir, filepath.FromSlash(apis.GeneratedDir), filepath.Join(elem...)), t.Generated(elem...)
}

// targetsOf binds a generator to its arguments.
func targetsOf[A any](get func(*generator.Context, A) []generator.Target, args A) func(*generator.Context) ([]generator.Target, error) {
	return func(c *generator.Context) ([]generator.Target, error) { return get(c, args), nil }
}

func (t *table) deepcopy() upstreamGenerator {
	args := deepcopyargs.New()
	args.OutputFile, args.GoHeaderFile = "zz_generated.deepcopy.go", t.boilerplate
	return upstreamGenerator{
		name: "deepcopy-gen", inputs: t.packages, names: deepcopygen.NameSystems(), order: deepcopygen.DefaultNameSystem(),
		targets: targetsOf(deepcopygen.GetTargets, args),
	}
}

func (t *table) defaulter() upstreamGenerator {
	args := defaulterargs.New()
	args.OutputFile, args.GoHeaderFile = defaultsFile, t.boilerplate
	return upstreamGenerator{
		name: "defaulter-gen", inputs: t.packages, names: defaultergen.NameSystems(), order: defaultergen.DefaultNameSystem(),
		members: mapsAsLists,
		targets: targetsOf(defaultergen.GetTargets, args), complete: t.completeDefaults,
	}
}

// conversion generates the conversions of each package with peers.
func (t *table) conversion() upstreamGenerator {
	return upstreamGenerator{
		name: "conversion-gen", inputs: t.conversions.Packages(), names: conversiongen.NameSystems(), order: conversiongen.DefaultNameSystem(),
		complete: t.conversions.Complete,
		targets: func(c *generator.Context) ([]generator.Target, error) {
			return t.conversions.Targets(c, t.boilerplate), nil
		},
	}
}

func (t *table) openapi() upstreamGenerator {
	args := openapiargs.New()
	args.OutputDir, args.OutputPkg = t.out("openapi")
	args.OutputFile, args.OutputModelNameFile = path.Base(OpenAPIFile), "zz_generated.model_name.go"
	args.GoHeaderFile = t.boilerplate
	// The report is dropped like all files other than Go, but the generator requires a name.
	args.ReportFilename = os.DevNull
	inputs := append(slices.Clone(apis.OpenAPIBase), t.packages...)
	slices.Sort(inputs)
	args.ReadOnlyPkgs = apis.OpenAPIBase
	return upstreamGenerator{
		name: "openapi-gen", inputs: inputs, names: openapigen.NameSystems(), order: openapigen.DefaultNameSystem(),
		members: withoutRefusedDefaults,
		// Without this, it would describe every type of the packages that API types refer to. k8s.io/api/core/v1 alone has 230.
		takes: func(typ *types.Type) bool {
			if t.Foreign[typ.Name] != nil {
				return false // the server looks up the definition of the type that the alias names
			}
			if t.IsAPI(typ.Name.Package) && namer.IsPrivateGoName(typ.Name.Name) {
				return false // its definition would not compile
			}
			return slices.Contains(inputs, typ.Name.Package) || t.External[typ.Name]
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
		name: "client-gen", inputs: t.client, names: clientgen.NameSystems(t.Plurals), order: clientgen.DefaultNameSystem(),
		targets: targetsOf(clientgen.GetTargets, args),
	}
}

// groupVersions returns the packages by group, like client-gen's --input flags. The generator reads the real name of the group from the
// package's +groupName.
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
		name: "lister-gen", inputs: t.client, names: listergen.NameSystems(t.Plurals), order: listergen.DefaultNameSystem(),
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
		name: "informer-gen", inputs: t.client, names: informergen.NameSystems(t.Plurals), order: informergen.DefaultNameSystem(),
		targets: targetsOf(informergen.GetTargets, args),
	}
}

// pluralExceptions returns the plurals in the format of the generators' --plural-exceptions flags.
func (t *table) pluralExceptions() []string {
	var out []string
	for kind, plural := range t.Plurals {
		out = append(out, kind+":"+plural)
	}
	return out
}

// applyConfiguration generates apply configurations. It is the only generator that needs the output of another: the OpenAPI schema.
func (t *table) applyConfiguration(schemaFile string) upstreamGenerator {
	args := applyargs.New()
	args.OutputDir, args.OutputPkg = t.out("applyconfiguration")
	args.GoHeaderFile = t.boilerplate
	args.OpenAPISchemaFilePath = schemaFile
	return upstreamGenerator{
		name: "applyconfiguration-gen", inputs: t.client, names: applygen.NameSystems(), order: applygen.DefaultNameSystem(),
		targets: targetsOf(applygen.GetTargets, args), complete: completeApplyConfigurations,
	}
}
