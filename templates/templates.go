// Package templates holds the files that a project is made of, as text/template sources with the delimiters [[ and ]].
//
// A source lies where its file will lie, below the folder that says how often it is rendered:
//
//	project/            once for a project
//	gomod/empty, kinds  go.mod and go.sum of a project without and with kinds
//	version/            for each group version
//	kind/               for each kind
//	subresource/        for each function of a kind: the types of its request, in each version, and the function
//	controller/         for each reconciler (controller-status: of a kind with a status)
//	validation/         what holds objects to their markers: once, for each package of types, and where there are CEL rules
//	wiring/             what is derived from the Go types: for the project, each version, each kind, each kind with a status
//
// In a path, GROUP, VERSION, KIND and NAME stand for the group's package, the version, the kind's package and the subresource.
package templates

import "embed"

//go:embed all:project all:gomod all:version all:kind all:subresource all:controller all:controller-status all:roundtrip all:wiring all:validation
var files embed.FS
