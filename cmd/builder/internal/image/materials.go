package image

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
)

// billOfMaterials returns the modules in the programs in a folder, as an SPDX document in JSON.
func billOfMaterials(project, folder string) ([]byte, error) {
	doc := &v2_3.Document{
		SPDXVersion: v2_3.Version, DataLicense: v2_3.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: project,
		CreationInfo: &v2_3.CreationInfo{Created: "1970-01-01T00:00:00Z", Creators: []common.Creator{{CreatorType: "Tool", Creator: "builder"}}},
	}
	modules := map[string]*v2_3.Package{}
	add := func(name, version string) *v2_3.Package {
		key := name + "@" + version
		if modules[key] == nil {
			modules[key] = &v2_3.Package{
				PackageName: name, PackageVersion: version, PackageSPDXIdentifier: elementOf(key), PackageDownloadLocation: "NOASSERTION",
				PackageExternalReferences: []*v2_3.PackageExternalReference{{
					Category: "PACKAGE-MANAGER", RefType: "purl", Locator: "pkg:golang/" + strings.TrimSuffix(key, "@"),
				}},
			}
			doc.Packages = append(doc.Packages, modules[key])
		}
		return modules[key]
	}
	relate := func(from common.ElementID, relationship string, to common.ElementID) {
		r := &v2_3.Relationship{RefA: common.DocElementID{ElementRefID: from}, Relationship: relationship, RefB: common.DocElementID{ElementRefID: to}}
		same := func(other *v2_3.Relationship) bool { return *other == *r }
		if !slices.ContainsFunc(doc.Relationships, same) {
			doc.Relationships = append(doc.Relationships, r)
		}
	}
	for _, program := range programs.All() {
		info, err := buildinfo.ReadFile(filepath.Join(folder, program))
		if err != nil {
			return nil, err
		}
		main := add(info.Main.Path, strings.Trim(info.Main.Version, "()"))
		relate("DOCUMENT", common.TypeRelationshipDescribe, main.PackageSPDXIdentifier)
		for _, dep := range append(info.Deps, &debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}) {
			if dep.Replace != nil {
				dep = dep.Replace
			}
			relate(main.PackageSPDXIdentifier, common.TypeRelationshipDependsOn, add(dep.Path, dep.Version).PackageSPDXIdentifier)
		}
	}
	digest := sha256.New()
	for _, p := range doc.Packages {
		fmt.Fprintln(digest, p.PackageName, p.PackageVersion)
	}
	doc.DocumentNamespace = "urn:sha256:" + hex.EncodeToString(digest.Sum(nil))
	var out bytes.Buffer
	err := json.Write(doc, &out)
	return out.Bytes(), err
}

// elementOf returns the identifier of a module, which may contain letters, digits, dots and hyphens.
func elementOf(module string) common.ElementID {
	return common.ElementID("Module-" + strings.Map(func(r rune) rune {
		if r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, module))
}
