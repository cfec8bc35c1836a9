package scaffold

import "github.com/apiserver-builder/builder/generators/project"

// admissionData is the template data for an admission plugin.
type admissionData struct {
	project.Admission
	Project *project.Project
}

// GroupName returns the full name of the plugin's group, or "" if it gets all kinds.
func (a admissionData) GroupName() string {
	group, ok := a.Project.Group(a.Group)
	if !ok {
		return ""
	}
	return a.Project.FullName(group)
}

// Type returns the Go type of the plugin's objects.
func (a admissionData) Type() string { return a.ObjectType() }
