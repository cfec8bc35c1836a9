#!/usr/bin/env bash
# Shows builder at work: from an empty folder to kubectl get through an aggregation layer, and everything a user does with an
# API then. It works in a temporary folder and removes it. It fails if anything differs from what it expects.
set -euo pipefail

work=$(mktemp -d)
cleanup() {
	status=$?
	if [ -n "${running-}" ]; then (cd "$work/shop" && builder stop) || true; fi
	rm -rf "$work"
	[ $status -eq 0 ] && echo "The demo is done: everything was as expected." || echo "The demo failed." >&2
	exit $status
}
trap cleanup EXIT

# show prints a command as one would type it.
show() {
	printf '\n$'
	local word
	for word in "$@"; do
		case $word in
		*[^a-zA-Z0-9_./:=@-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
}

# run shows a command and runs it.
run() {
	show "$@"
	"$@"
}

# expect PATTERN COMMAND... runs a command whose output must match an extended regular expression.
expect() {
	local pattern=$1 output
	shift
	show "$@"
	output=$("$@" 2>&1) || { printf '%s\n' "$output"; echo "demo: this command failed" >&2; exit 1; }
	printf '%s\n' "$output"
	grep -Eq -- "$pattern" <<<"$output" || { echo "demo: expected a line that matches: $pattern" >&2; exit 1; }
}

# refuse PATTERN COMMAND... runs a command that must fail with an output that matches.
refuse() {
	local pattern=$1 output
	shift
	show "$@"
	if output=$("$@" 2>&1); then printf '%s\n' "$output"; echo "demo: this command should have failed" >&2; exit 1; fi
	printf '%s\n' "$output"
	grep -Eq -- "$pattern" <<<"$output" || { echo "demo: expected a line that matches: $pattern" >&2; exit 1; }
}

# quietly does the same as run, and shows the output only of a failure.
quietly() {
	show "$@"
	local output
	output=$("$@" 2>&1) || { printf '%s\n' "$output"; exit 1; }
	tail -n 1 <<<"$output"
}

echo "A project from nothing, in $work/shop."
mkdir "$work/shop" && cd "$work/shop"
quietly builder init --domain example.com --module example.com/shop
quietly builder create resource --group fruit --version v1alpha1 --kind Apple --short-names ap
quietly builder create resource --group fruit --version v1alpha1 --kind Orchard --namespaced=false --no-controller
running=yes
run builder run --detach

echo; echo "The API is part of Kubernetes' API now."
expect 'v1alpha1.fruit.example.com .*True' builder kubectl get apiservice v1alpha1.fruit.example.com
expect '^apples +ap +fruit.example.com/v1alpha1 +true +Apple' builder kubectl api-resources --api-group fruit.example.com
# The aggregation layer fetches a new API's OpenAPI in the background.
for _ in $(seq 30); do builder kubectl explain apple.spec >/dev/null 2>&1 && break; sleep 1; done
expect 'message.*<string>' builder kubectl explain apple.spec

echo; echo "Objects: create, list, watch."
builder kubectl get apples --watch --output name >"$work/watch" &
watch=$!
run builder kubectl apply -k config/samples
run builder kubectl wait --for=condition=Ready apple/apple-sample --timeout=30s
expect '^apple-sample +hello +True' builder kubectl get ap
expect '^orchard-sample +hello' builder kubectl get orchards
expect 'observedGeneration: 1' builder kubectl get apple apple-sample --output yaml
kill "$watch"; wait "$watch" 2>/dev/null || true
expect 'apple.fruit.example.com/apple-sample' cat "$work/watch"

echo; echo "Change them in every way."
expect 'serverside-applied' builder kubectl apply --server-side --force-conflicts -k config/samples
expect 'patched' builder kubectl patch apple apple-sample --type merge --patch '{"spec":{"message":"merged"}}'
expect 'patched' builder kubectl patch apple apple-sample --type strategic --patch '{"spec":{"message":"strategic"}}'
expect 'patched' builder kubectl patch apple apple-sample --type json --patch '[{"op":"replace","path":"/spec/message","value":"replaced"}]'
expect 'labeled' builder kubectl label apple apple-sample colour=red
expect 'apple-sample +replaced' builder kubectl get apples --selector colour=red
expect 'apple-sample' builder kubectl get apples --field-selector metadata.name=apple-sample
builder kubectl get apple apple-sample --output json | sed 's/"resourceVersion": "[0-9]*"/"resourceVersion": "1"/' >"$work/stale.json"
refuse 'Conflict' builder kubectl replace -f "$work/stale.json"
refuse 'metadata.name: Invalid value' builder kubectl create -f - <<<'{"apiVersion": "fruit.example.com/v1alpha1", "kind": "Apple", "metadata": {"name": "Not_A_Name"}}'

echo; echo "Nobody gets in without rights."
refuse 'Forbidden' builder kubectl get apples --as nobody

echo; echo "And delete them."
expect 'deleted' builder kubectl delete -k config/samples
expect 'No resources found' builder kubectl get apples
run builder stop
running=
echo
