// Package templates contains the files of a project as text/template sources with the delimiters [[ and ]].
//
// The path of a source is the path of its output, below a folder that determines how often it is rendered:
//
//	project/            once for a project
//	gomod/empty, kinds  go.mod and go.sum of a project without and with kinds
//	kinds/              once for a project with kinds
//	version/            for each group version
//	kind-SHAPE/         for each kind, by its shape
//	types/              the types of each kind: of one that can be listed, a review, a parent, or a kind whose types are foreign
//	subresource/        for each custom subresource, by its verb: its types, in each version, and the function
//	admission/          for each admission plugin
//	certificates/ORIGIN once, by the origin of the apiserver's certificate
//	etcd/               once for a project that needs an etcd
//	controller/         for each reconciler of a kind of the project (controller-builtin: of a kind of Kubernetes)
//	validation/         validation code: once, for each package of types, and for CEL rules
//	wiring/             code that depends on the Go types: for the project, each version, each kind, each kind with a status
//
// In a path, GROUP, VERSION, KIND and NAME are placeholders for the group's package, the version, the kind's package, and the
// subresource, admission plugin or controller.
package templates

import "embed"

//go:embed all:project all:gomod all:version all:kind-stored all:kind-virtual all:kind-review all:kind-parent all:types all:subresource all:admission all:controller all:controller-builtin all:kinds all:certificates all:etcd all:wiring all:validation
var files embed.FS
