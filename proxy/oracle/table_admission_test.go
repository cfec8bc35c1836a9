package oracle

const admissionRegistration = "/apis/admissionregistration.k8s.io/v1"

// hook returns a webhook of the backend, for ConfigMaps in namespace admission with the label hook.
func hook(kind, name, client, rest string) string {
	return object("admissionregistration.k8s.io/v1", kind, `"name": "`+name+`"`, `"webhooks": [{"name": "`+name+`.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {`+client+`},
 "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}], "objectSelector": {"matchLabels": {"hook": "`+name+`"}}`+rest+`}]`)
}

const (
	byService = `"service": {"namespace": "backend", "name": "backend", "port": $port, "path": "`
	byOwnCA   = `"}, "caBundle": "$ca"`
)

func hooked(name, hook string) string {
	return configMap(`"name": "`+name+`", "labels": {`+hook+`}`, "")
}

// policy returns a policy with a name, for a kind, with its spec.
func policy(kind, name, group, version, resource, rest string) string {
	return object("admissionregistration.k8s.io/v1", kind, `"name": "`+name+`"`,
		`"spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["`+group+`"], "apiVersions": ["`+version+`"], "operations": ["CREATE", "UPDATE"], "resources": ["`+resource+`"]}]}, `+rest+`}`)
}

// bound returns a binding of a policy in namespace admission.
func bound(kind, name, rest string) string {
	return object("admissionregistration.k8s.io/v1", kind, `"name": "`+name+`"`,
		`"spec": {"policyName": "`+name+`", "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "admission"}}}`+rest+`}`)
}

// admission tests how policies and webhooks change, refuse and warn.
var admission = table{"admission", []row{
	namespace("admission"),
	post("a policy", 201, admissionRegistration+"/validatingadmissionpolicies", policy("ValidatingAdmissionPolicy", "secretive", "", "v1", "configmaps", `"validations": [{"expression": "!has(object.data) || !('password' in object.data)", "message": "no passwords", "reason": "Forbidden"}], "auditAnnotations": [{"key": "seen", "valueExpression": "'yes'"}]`)),
	post("a policy with a mistake", 422, admissionRegistration+"/validatingadmissionpolicies", policy("ValidatingAdmissionPolicy", "mistaken", "", "v1", "configmaps", `"validations": [{"expression": "object.("}]`)),
	post("its binding", 201, admissionRegistration+"/validatingadmissionpolicybindings", bound("ValidatingAdmissionPolicyBinding", "secretive", `, "validationActions": ["Deny"]`)),
	post("a ConfigMap that it refuses", 403, in(core, "admission", "configmaps?dryRun=All"), configMap(`"name": "a"`, `"data": {"password": "x"}`), once("no passwords")),
	post("a ConfigMap that it does not", 201, in(core, "admission", "configmaps"), configMap(`"name": "a"`, "")),
	patch("a change that it refuses", 403, in(core, "admission", "configmaps/a"), mergePatch, `{"data": {"password": "x"}}`),
	patch("apply of what it refuses", 403, in(core, "admission", "configmaps/b?fieldManager=me"), applyPatch, configMap(`"name": "b"`, `"data": {"password": "x"}`)),
	post("a ConfigMap elsewhere", 201, in(core, "default", "configmaps?dryRun=All"), configMap(`"name": "a"`, `"data": {"password": "x"}`)),
	patch("warnings instead", 200, admissionRegistration+"/validatingadmissionpolicybindings/secretive", mergePatch, `{"spec": {"validationActions": ["Warn", "Audit"]}}`),
	post("a ConfigMap with a warning", 201, in(core, "admission", "configmaps?dryRun=All"), configMap(`"name": "c"`, `"data": {"password": "x"}`), until(func(r response) bool { return r.header.Get("Warning") != "" })),
	post("a policy for an aggregated kind", 201, admissionRegistration+"/validatingadmissionpolicies", policy("ValidatingAdmissionPolicy", "flunders", "wardle.example.com", "v1alpha1", "flunders", `"validations": [{"expression": "object.metadata.name != 'refused'", "messageExpression": "'not ' + object.metadata.name"}]`)),
	post("its binding to the namespace", 201, admissionRegistration+"/validatingadmissionpolicybindings", bound("ValidatingAdmissionPolicyBinding", "flunders", `, "validationActions": ["Deny"]`)),
	post("a flunder that it refuses", 422, in(wardle, "admission", "flunders?dryRun=All"), flunder(`"name": "refused"`, ""), once("not refused")),
	post("a policy that changes", 201, admissionRegistration+"/mutatingadmissionpolicies", policy("MutatingAdmissionPolicy", "labels", "", "v1", "secrets", `"reinvocationPolicy": "Never", "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{metadata: Object.metadata{labels: {'policy': 'yes'}}}"}}]`)),
	post("its binding to Secrets", 201, admissionRegistration+"/mutatingadmissionpolicybindings", bound("MutatingAdmissionPolicyBinding", "labels", "")),
	post("a Secret that it changes", 201, in(core, "admission", "secrets?dryRun=All"), object("v1", "Secret", `"name": "s"`, ""), once(`"policy"`)),

	post("a webhook that changes", 201, admissionRegistration+"/mutatingwebhookconfigurations", hook("MutatingWebhookConfiguration", "mutating", byService+"/mutate"+byOwnCA, "")),
	post("a ConfigMap that it changes", 201, in(core, "admission", "configmaps?dryRun=All"), hooked("d", `"hook": "mutating"`), once("mutated")),
	patch("apply of what it changes", 201, in(core, "admission", "configmaps/applied?fieldManager=me"), applyPatch, hooked("applied", `"hook": "mutating"`)),
	post("a webhook that refuses", 201, admissionRegistration+"/validatingwebhookconfigurations", hook("ValidatingWebhookConfiguration", "validating", byService+"/validate"+byOwnCA, "")),
	post("a ConfigMap that it refuses to have", 418, in(core, "admission", "configmaps?dryRun=All"), hooked("e", `"hook": "validating", "refuse": "yes"`), once("labels say so")),
	post("a ConfigMap that it lets through", 201, in(core, "admission", "configmaps?dryRun=All"), hooked("e", `"hook": "validating"`)),
	post("a webhook by URL", 201, admissionRegistration+"/validatingwebhookconfigurations", hook("ValidatingWebhookConfiguration", "url", `"url": "https://localhost:1/validate"`, "")),
	post("a ConfigMap that nobody answers for", 500, in(core, "admission", "configmaps?dryRun=All"), hooked("f", `"hook": "url"`), once("failed calling webhook")),
	post("a webhook that may fail", 201, admissionRegistration+"/validatingwebhookconfigurations", hook("ValidatingWebhookConfiguration", "ignored", `"url": "https://localhost:1/validate"`, `, "failurePolicy": "Ignore"`)),
	post("a ConfigMap that nobody need answer for", 201, in(core, "admission", "configmaps?dryRun=All"), hooked("f", `"hook": "ignored"`)),
	post("a webhook that is slow", 201, admissionRegistration+"/validatingwebhookconfigurations", hook("ValidatingWebhookConfiguration", "slow", byService+"/silent"+byOwnCA, `, "timeoutSeconds": 1`)),
	post("a ConfigMap that takes too long", 500, in(core, "admission", "configmaps?dryRun=All"), hooked("f", `"hook": "slow"`), once("failed calling webhook")),
	post("a webhook of another authority", 201, admissionRegistration+"/validatingwebhookconfigurations", hook("ValidatingWebhookConfiguration", "unknown", byService+`/validate"}`, "")),
	post("a ConfigMap that an unknown would answer for", 500, in(core, "admission", "configmaps?dryRun=All"), hooked("f", `"hook": "unknown"`), once("failed calling webhook")),
	post("a webhook with side effects", 201, admissionRegistration+"/validatingwebhookconfigurations", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", `"name": "effects"`, `"webhooks": [{"name": "effects.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "NoneOnDryRun", "matchConditions": [{"name": "named", "expression": "object.metadata.name == 'refuse'"}], "clientConfig": {"url": "https://localhost:$port/validate", "caBundle": "$ca"}, "rules": [{"apiGroups": ["wardle.example.com"], "apiVersions": ["*"], "operations": ["*"], "resources": ["flunders"]}]}]`)),
	post("an aggregated object that it refuses", 418, in(wardle, "admission", "flunders?dryRun=All"), flunder(`"name": "refuse", "labels": {"refuse": "yes"}`, ""), once("labels say so")),
	post("an aggregated object of another name", 201, in(wardle, "admission", "flunders?dryRun=All"), flunder(`"name": "allowed", "labels": {"refuse": "yes"}`, "")),
	post("a webhook without versions", 422, admissionRegistration+"/validatingwebhookconfigurations", object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", `"name": "none"`, `"webhooks": [{"name": "none.example.com", "sideEffects": "None", "admissionReviewVersions": [], "clientConfig": {"url": "http://plain"}}]`)),
	del("all webhooks that refuse", 200, admissionRegistration+"/validatingwebhookconfigurations", "", accept(asMetaList)),
	del("all webhooks that change", 200, admissionRegistration+"/mutatingwebhookconfigurations", "", accept(asMetaList)),
	del("all bindings", 200, admissionRegistration+"/validatingadmissionpolicybindings", "", accept(asMetaList)),
}}
