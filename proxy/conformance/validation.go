package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// invalidAPIServices returns the possible errors in an APIService of a group, with their messages.
func invalidAPIServices(group string) []invalidAPIService {
	return []invalidAPIService{
		{"name_is_not_version_group", func(a *apiregistrationv1.APIService) { a.Name = "v2." + group },
			`metadata.name: Invalid value: "v2.` + group + `": must be ` + "`spec.version+\".\"+spec.group`" + `: "v1.` + group + `"`},
		{"group_is_not_a_domain", func(a *apiregistrationv1.APIService) { a.Name, a.Spec.Group = "v1.A_B", "A_B" },
			`spec.group: Invalid value: "A_B": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
		{"empty_group_is_for_v1", func(a *apiregistrationv1.APIService) { a.Name, a.Spec.Group, a.Spec.Version = "v2.", "", "v2" },
			`spec.group: Required value: only v1 may have an empty group and it better be legacy kube`},
		{"version_is_not_a_label", func(a *apiregistrationv1.APIService) { a.Name, a.Spec.Version = "1."+group, "1" },
			`spec.version: Invalid value: "1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`},
		{"no_group_priority", func(a *apiregistrationv1.APIService) { a.Spec.GroupPriorityMinimum = 0 },
			`spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000`},
		{"group_priority_too_high", func(a *apiregistrationv1.APIService) { a.Spec.GroupPriorityMinimum = 20001 },
			`spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000`},
		{"no_version_priority", func(a *apiregistrationv1.APIService) { a.Spec.VersionPriority = 0 },
			`spec.versionPriority: Invalid value: 0: must be positive and less than 1000`},
		{"version_priority_too_high", func(a *apiregistrationv1.APIService) { a.Spec.VersionPriority = 1001 },
			`spec.versionPriority: Invalid value: 1001: must be positive and less than 1000`},
		{"caBundle_for_a_local_one", func(a *apiregistrationv1.APIService) { a.Spec.Service, a.Spec.CABundle = nil, []byte("x") },
			`spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle`},
		{"insecure_local_one", func(a *apiregistrationv1.APIService) { a.Spec.Service, a.Spec.InsecureSkipTLSVerify = nil, true },
			`spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify`},
		{"caBundle_and_insecure", func(a *apiregistrationv1.APIService) {
			a.Spec.CABundle, a.Spec.InsecureSkipTLSVerify = []byte("x"), true
		},
			`spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present`},
		{"no_namespace", func(a *apiregistrationv1.APIService) { a.Spec.Service.Namespace = "" }, `spec.service.namespace: Required value`},
		{"no_service_name", func(a *apiregistrationv1.APIService) { a.Spec.Service.Name = "" }, `spec.service.name: Required value`},
		{"port_zero", func(a *apiregistrationv1.APIService) { a.Spec.Service.Port = ptr.To[int32](0) },
			`spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive`},
		{"port_too_high", func(a *apiregistrationv1.APIService) { a.Spec.Service.Port = ptr.To[int32](65536) },
			`spec.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive`},
		{"several_things", func(a *apiregistrationv1.APIService) { a.Spec.GroupPriorityMinimum, a.Spec.VersionPriority = 0, 0 },
			`[spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000, spec.versionPriority: Invalid value: 0: must be positive and less than 1000]`},
	}
}

type invalidAPIService struct {
	name string
	// spoil makes a valid APIService invalid.
	spoil   func(*apiregistrationv1.APIService)
	message string
}

// validation checks the validation of APIServices.
func (s *suite) validation(t *testing.T) {
	services := s.Aggregator(t).ApiregistrationV1().APIServices()
	group := s.Namespace(t) + ".example.com"
	valid := &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1." + group},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: group, Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1,
			Service: &apiregistrationv1.ServiceReference{Namespace: "default", Name: "missing"},
		},
	}
	for _, test := range invalidAPIServices(group) {
		t.Run(test.name, func(t *testing.T) {
			service := valid.DeepCopy()
			test.spoil(service)
			_, err := services.Create(t.Context(), service, metav1.CreateOptions{})
			wantInvalid(t, err, service.Name, test.message)
		})
	}
	t.Run("limits_are_valid", func(t *testing.T) {
		limit := valid.DeepCopy()
		limit.Spec.GroupPriorityMinimum, limit.Spec.VersionPriority = 20000, 1000
		if _, err := services.Create(t.Context(), limit, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("port_defaults_to_443", func(t *testing.T) {
		made, err := services.Create(t.Context(), valid, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil || *made.Spec.Service.Port != 443 {
			t.Errorf("%+v %v", made.Spec.Service, err)
		}
	})
	t.Run("local_is_Available_from_the_start", func(t *testing.T) {
		local := valid.DeepCopy()
		local.Spec.Service = nil
		made, err := services.Create(t.Context(), local, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil || len(made.Status.Conditions) != 1 || made.Status.Conditions[0].Reason != "Local" {
			t.Errorf("%+v %v", made.Status, err)
		}
	})
	t.Run("update", func(t *testing.T) { s.validateUpdate(t, valid) })
	t.Run("forbidden", func(t *testing.T) {
		a := s.send(t, s.HTTPClient(t, "jane"), http.MethodPost, "/apis/apiregistration.k8s.io/v1/apiservices", http.Header{"Content-Type": {"application/json"}}, "{}")
		if a.Status != http.StatusForbidden {
			t.Errorf("a user without permissions gets %d %s", a.Status, a.Body)
		}
	})
}

func wantInvalid(t *testing.T, err error, name, message string) {
	t.Helper()
	want := fmt.Sprintf("APIService.apiregistration.k8s.io %q is invalid: %s", name, message)
	if !apierrors.IsInvalid(err) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// validateUpdate updates an APIService and its status. Neither update changes the other part.
func (s *suite) validateUpdate(t *testing.T, valid *apiregistrationv1.APIService) {
	services := s.Aggregator(t).ApiregistrationV1().APIServices()
	forged := valid.DeepCopy()
	forged.Status.Conditions = []apiregistrationv1.APIServiceCondition{{Type: apiregistrationv1.Available, Status: apiregistrationv1.ConditionTrue, Reason: "Forged"}}
	made, err := services.Create(t.Context(), forged, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Delete(context.Background(), made.Name, metav1.DeleteOptions{}) })
	if len(made.Status.Conditions) > 0 {
		t.Errorf("created with the status %+v", made.Status)
	}
	s.WaitCondition(t, made.Name, "ServiceNotFound", nil)
	change := func(change func(*apiregistrationv1.APIService) error) error {
		return s.changeAPIService(t, made.Name, change)
	}
	err = change(func(service *apiregistrationv1.APIService) error {
		service.Spec.VersionPriority, service.Status = 2, forged.Status
		updated, err := services.Update(t.Context(), service, metav1.UpdateOptions{})
		if err == nil && (updated.Spec.VersionPriority != 2 || updated.Status.Conditions[0].Reason == "Forged") {
			return errors.New("the status was changed with the spec")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	err = change(func(service *apiregistrationv1.APIService) error {
		service.Spec.VersionPriority, service.Labels, service.Status = 3, map[string]string{"a": "b"}, forged.Status
		updated, err := services.UpdateStatus(t.Context(), service, metav1.UpdateOptions{})
		if err == nil && (updated.Spec.VersionPriority != 2 || len(updated.Labels) > 0 || updated.Status.Conditions[0].Reason != "Forged") {
			return errors.New("more or less than the status was changed")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	err = change(func(service *apiregistrationv1.APIService) error {
		service.Status.Conditions[0].Status = "Maybe"
		_, err := services.UpdateStatus(t.Context(), service, metav1.UpdateOptions{})
		return err
	})
	wantInvalid(t, err, made.Name, `status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"`)
	err = change(func(service *apiregistrationv1.APIService) error {
		service.Spec.GroupPriorityMinimum = 0
		_, err := services.Update(t.Context(), service, metav1.UpdateOptions{})
		return err
	})
	wantInvalid(t, err, made.Name, `spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000`)
}

// changeAPIService updates an APIService, and tries again after conflicts.
func (s *suite) changeAPIService(t *testing.T, name string, change func(*apiregistrationv1.APIService) error) (err error) {
	t.Helper()
	proxytest.Eventually(t, "update", proxytest.Patience, func(ctx context.Context) error {
		service, getErr := s.Aggregator(t).ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
		if getErr != nil {
			return getErr
		}
		if err = change(service); apierrors.IsConflict(err) {
			return err
		}
		return nil
	})
	return err
}
