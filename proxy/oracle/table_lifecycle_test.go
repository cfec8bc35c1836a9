package oracle

// owned is the metadata of what the object of the saved uid owns.
func owned(name, apiVersion, kind, owner, uid string) string {
	return `"name": "` + name + `", "ownerReferences": [{"apiVersion": "` + apiVersion + `", "kind": "` + kind + `", "name": "` + owner + `", "uid": "` + uid + `", "blockOwnerDeletion": true}]`
}

// lifecycle is what goes with what: namespaces with all that they hold, owners with what they own.
var lifecycle = table{"lifecycle", []row{
	namespace("life"),
	post("a flunder in it", 201, in(wardle, "life", "flunders"), flunder(`"name": "a"`, "")),
	post("a flunder that is held", 201, in(wardle, "life", "flunders"), flunder(`"name": "held", "finalizers": ["example.com/hold"]`, "")),
	post("an apple in it", 201, in(fruit, "life", "apples"), apple(`"name": "a"`, "")),
	post("a ConfigMap in it", 201, in(core, "life", "configmaps"), configMap(`"name": "a"`, "")),
	del("the namespace", 200, core+"/namespaces/life", ""),
	get("which waits for what is held", 200, core+"/namespaces/life", once("SomeFinalizersRemain")),
	post("a flunder in what goes", 403, in(wardle, "life", "flunders"), flunder(`"name": "b"`, ""), until(func(r response) bool { return r.status >= 400 })),
	post("a ConfigMap in what goes", 403, in(core, "life", "configmaps"), configMap(`"name": "b"`, "")),
	get("no flunder but the one", 404, in(wardle, "life", "flunders/a")),
	get("no apple", 404, in(fruit, "life", "apples/a")),
	get("no ConfigMap", 404, in(core, "life", "configmaps/a")),
	patch("the finalizer away", 200, in(wardle, "life", "flunders/held"), mergePatch, `{"metadata": {"finalizers": null}}`),
	get("no namespace", 404, core+"/namespaces/life", once("")),
	get("no flunders", 200, in(wardle, "life", "flunders")),
	del("a namespace that can't go", 403, core+"/namespaces/default", ""),
	del("a namespace that is not", 404, core+"/namespaces/life", ""),
	post("a namespace with a bad name", 422, core+"/namespaces", object("v1", "Namespace", `"name": "a_b"`, "")),
	put("a namespace's finalizers", 404, core+"/namespaces/life/finalize", object("v1", "Namespace", `"name": "life"`, `"spec": {"finalizers": []}`)),

	namespace("owners"),
	post("an owner", 201, in(core, "owners", "configmaps"), configMap(`"name": "owner"`, ""), save("uid", "metadata uid")),
	post("what it owns", 201, in(core, "owners", "configmaps"), configMap(owned("owned", "v1", "ConfigMap", "owner", "$uid"), "")),
	post("what it owns in another group", 201, in(wardle, "owners", "flunders"), flunder(owned("owned", "v1", "ConfigMap", "owner", "$uid"), "")),
	del("the owner, in the background", 200, in(core, "owners", "configmaps/owner?propagationPolicy=Background"), ""),
	get("what it owned", 404, in(core, "owners", "configmaps/owned"), once("")),
	get("what it owned in another group", 404, in(wardle, "owners", "flunders/owned"), once("")),
	post("an owner in an aggregated group", 201, in(wardle, "owners", "flunders"), flunder(`"name": "owner"`, ""), save("uid", "metadata uid")),
	post("what that owns", 201, in(core, "owners", "configmaps"), configMap(owned("owned", "wardle.example.com/v1alpha1", "Flunder", "owner", "$uid"), "")),
	del("that owner", 200, in(wardle, "owners", "flunders/owner"), `{"propagationPolicy": "Background"}`),
	get("what that owned", 404, in(core, "owners", "configmaps/owned"), once("")),
	post("an owner to go last", 201, in(core, "owners", "configmaps"), configMap(`"name": "last"`, ""), save("uid", "metadata uid")),
	post("what goes first", 201, in(core, "owners", "configmaps"), configMap(`"finalizers": ["example.com/hold"], `+owned("first", "v1", "ConfigMap", "last", "$uid"), "")),
	del("the owner, in the foreground", 200, in(core, "owners", "configmaps/last"), `{"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}`),
	get("what goes first goes", 200, in(core, "owners", "configmaps/first"), once("deletionTimestamp")),
	get("the owner waits", 200, in(core, "owners", "configmaps/last"), once("foregroundDeletion")),
	patch("what held the first away", 200, in(core, "owners", "configmaps/first"), mergePatch, `{"metadata": {"finalizers": null}}`),
	get("the owner is gone", 404, in(core, "owners", "configmaps/last"), once("")),
	post("an owner to leave orphans", 201, in(core, "owners", "configmaps"), configMap(`"name": "leaves"`, ""), save("uid", "metadata uid")),
	post("the orphan", 201, in(core, "owners", "configmaps"), configMap(owned("orphan", "v1", "ConfigMap", "leaves", "$uid"), "")),
	del("that owner, leaving orphans", 200, in(core, "owners", "configmaps/leaves?propagationPolicy=Orphan"), ""),
	get("the owner that left", 404, in(core, "owners", "configmaps/leaves"), once("")),
	get("the orphan, without an owner", 200, in(core, "owners", "configmaps/orphan"), until(func(r response) bool { return !contains(r, "ownerReferences\":") })),
	post("what an owner that is not would own", 201, in(core, "owners", "configmaps"), configMap(owned("absent", "v1", "ConfigMap", "nobody", "00000000-0000-0000-0000-000000000000"), "")),
	get("goes", 404, in(core, "owners", "configmaps/absent"), once("")),
	patch("a role that gathers others", 201, rbac+"/clusterroles/gathers?fieldManager=me", applyPatch, object("rbac.authorization.k8s.io/v1", "ClusterRole", `"name": "gathers"`, `"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"gather": "me"}}]}`)),
	post("a role to gather", 201, rbac+"/clusterroles", object("rbac.authorization.k8s.io/v1", "ClusterRole", `"name": "gathered", "labels": {"gather": "me"}`, `"rules": [{"apiGroups": ["wardle.example.com"], "resources": ["flunders"], "verbs": ["get"]}]`)),
	get("the gathered rules", 200, rbac+"/clusterroles/gathers", once(`"flunders"`)),
}}
