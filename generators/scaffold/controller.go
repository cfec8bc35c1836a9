package scaffold

import (
	"path"

	"github.com/apiserver-builder/builder/generators/project"
)

// newControllerData returns the template data for a reconciler of a Kubernetes kind.
func newControllerData(c project.Controller) kindData {
	group := path.Base(path.Dir(c.Import()))
	return kindData{
		versionData: versionData{GroupName: c.Group, Version: c.Version, ImportPath: c.Import(), Alias: group + c.Version},
		Kind:        project.Kind{Name: c.Kind, Plural: c.Resource(), Versions: []string{c.Version}, Storage: c.Version, ControllerPrefix: c.ControllerPrefix},
	}
}
