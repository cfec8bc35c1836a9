package run

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// screen describes the running programs and the next commands to type.
func (r *runner) screen() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s is running:\n\n", r.Project.Name)
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "  %s\t%s\tthe aggregation layer, with etcd\n", aggregationProxy, r.proxyURL)
	fmt.Fprintf(table, "  %s\thttps://127.0.0.1:%d\t%s\n", apiserver, r.apiserver.port, r.apis())
	if r.controllerManager != nil {
		fmt.Fprintf(table, "  %s\thttp://127.0.0.1:%d\t/healthz and /readyz\n", controllerManager, r.controllerManager.port)
	}
	fmt.Fprintf(table, "  logs\t%s\n", filepath.Join(stateDir, "logs"))
	_ = table.Flush() // writes to memory

	resource := r.firstResource()
	if resource == "" {
		b.WriteString("\nIt serves no kind yet. Next:\n\n  builder create resource --group fruit --version v1alpha1 --kind Apple\n")
	} else {
		fmt.Fprintf(&b, "\nNext, in another terminal, in %s:\n\n", r.Dir)
		b.WriteString("  export KUBECONFIG=$PWD/.builder/kubeconfig\n")
		fmt.Fprintf(&b, "  kubectl apply -k config/samples && kubectl get %s\n", resource)
		fmt.Fprintf(&b, "\nWithout kubectl: builder kubectl get %s\n", resource)
	}
	if r.Generate != nil {
		b.WriteString("\nWhen you save a change, builder generates, builds and restarts the project automatically.\n")
	}
	if r.Report == nil {
		b.WriteString("\nCtrl-C stops everything.\n\n")
	} else {
		b.WriteString("\n\"builder stop\" stops everything.\n")
	}
	return b.String()
}

// apis returns the served API versions.
func (r *runner) apis() string {
	if len(r.apiServices) == 0 {
		return "no API yet"
	}
	var versions []string
	for _, object := range r.apiServices {
		versions = append(versions, groupVersion(object).String())
	}
	return strings.Join(versions, ", ")
}

// firstResource returns the resource for an example, or "" if there is no kind.
func (r *runner) firstResource() string {
	for _, group := range r.Project.Groups {
		for _, kind := range group.Kinds {
			return kind.Resource()
		}
	}
	return ""
}
