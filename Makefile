# What needs nothing but Go, git and make: "make demo" shows builder at work, "make test" proves it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := $(CURDIR)/bin
# The binaries of this checkout come first, for the tests and for everything that they start.
export PATH := $(BIN):$(PATH)
export AGGREGATION_PROXY := $(BIN)/aggregation-proxy
export GOTOOLCHAIN := local
# With -trimpath, packages with the same content are compiled once: each script and document creates a project in a folder of its own.
export GOFLAGS := -trimpath $(filter-out -trimpath,$(shell go env GOFLAGS))

GOLANGCI_LINT_VERSION := v2.15.0
EXAMPLES := $(patsubst %/go.mod,%,$(wildcard examples/*/go.mod))

.PHONY: help build demo test test-unit test-proxy test-fuzz test-kube test-deploy test-release test-examples test-e2e test-docs lint update bench-init bench-codegen bench-validation bench-proxy bench-custom bench-virtual plots clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

build: ## builder and aggregation-proxy, in bin/
	go run cmd/builder/internal/gobuild/main.go -o $(BIN)/ ./cmd/...

demo: build ## a project from nothing to kubectl get, with what it prints
	examples/demo.sh

# test-e2e and test-docs wait for servers some of the time, so they run side by side.
test: test-unit build test-proxy test-examples ## most of what CI runs, cheap things first
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-e2e test-docs
	$(MAKE) --no-print-directory demo lint

# -vet=off: go vet has run. go test would analyze all dependencies again, with fewer analyzers.
test-unit: ## the generators and the command line
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go vet ./generators/... ./internal/... ./templates/... ./examples/... ./cmd/builder/...
	cd generators/internal/validation/crd && go mod tidy -diff && go vet ./...
	go test -vet=off -timeout 30m ./generators/... ./internal/... ./templates/... ./examples/... $$(go list ./cmd/builder/... | grep -v /e2e$$)

# One package at a time: some of them measure seconds. Not from the cache: they run a program that go test doesn't look at.
test-proxy: build ## the reference aggregation proxy
	go vet ./proxy/... ./cmd/aggregation-proxy/...
	go test -vet=off -p 1 -count=1 -timeout 30m ./proxy/... ./cmd/aggregation-proxy/...

# Random API types, in projects of some four hundred, which are generated and type-checked. One project also runs its own tests.
FUZZ_TYPES := 1000
test-fuzz: ## what hostile bodies cost a generated server; random API types
	COST=1 go test -count=1 -timeout 25m -run '^TestCost$$' ./generators
	go test -count=1 -timeout 25m -run '^TestTypes$$' ./generators/fuzz -args -types $(FUZZ_TYPES) -cells 120 -shrink=false -tests=false
	go test -count=1 -timeout 25m -run '^TestTypes$$' ./generators/fuzz -args -types 1 -seed 11 -cells 120 -shrink=false

# Not from the cache: these run programs that go test doesn't look at.
WITH_EXAMPLES := ^(TestSuite|TestKubernetes135|TestScripts)$$
test-kube: build ## the proxy against the real kube-apiserver, request by request
	cd proxy/oracle && go mod tidy -diff && go vet ./...
	cd proxy/oracle/kube135 && go mod tidy -diff
	cd proxy/oracle && go test -vet=off -count=1 -timeout 30m ./kube
	cd proxy/oracle && go test -vet=off -count=1 -timeout 45m -skip '$(WITH_EXAMPLES)'

# Not in CI: without cgo, as in images, all packages of Kubernetes are compiled again.
test-deploy: build ## examples deployed to the real control plane, with their containers as processes, and each rule of their roles
	cd proxy/oracle && go test -vet=off -count=1 -timeout 45m ./deploy

# A number, for a time may end in "context deadline exceeded" with Go 1.26 (go.dev/issue/75804).
FUZZTIME := 30000x
# Identities are sent over the network, twice each.
FUZZTIME_SENT := 10000x
# Not in CI, which has no time for it.
test-release: build ## half an hour before a release: the examples' tests, and projects with subresources of each verb and hidden objects, behind kube-apiserver 1.37 and 1.35; the fuzz targets of the proxy; kube_codegen.sh; published APIs
	cd proxy/oracle && go test -vet=off -count=1 -timeout 45m -run '$(WITH_EXAMPLES)'
	go test -run '^$$' -fuzz '^FuzzIdentity$$' -fuzztime $(FUZZTIME_SENT) -fuzzminimizetime 100x ./proxy/internal/aggregation
	for target in FuzzPathMapping FuzzHeaders FuzzPages FuzzAPIServiceValidation; do \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x ./proxy/internal/aggregation; done
	KUBE_CODEGEN=1 go test -count=1 -timeout 25m -run '^TestBytes$$' ./generators/kubecodegen
	CORPORA=1 go test -count=1 -timeout 25m -run '^TestCorpora$$' ./generators/corpora

# Not from the cache, like test-proxy. "make", because make runs a line with $(MAKE) even in a dry run.
test-examples: build ## each example builds, vets and passes its own tests, through the proxy
	for dir in $(EXAMPLES); do echo "== $$dir"; (cd $$dir && go mod tidy -diff && make --no-print-directory compile && go build ./... && go vet ./... && go test -count=1 -timeout 30m ./...); done

test-e2e: build ## the real programs, as a user runs them
	go test -vet=off -timeout 45m ./cmd/builder/internal/e2e

test-docs: build ## every command in README.md and docs/
	go test -timeout 45m ./docs/...

lint: $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION) ## golangci-lint, here and in each example
	$< run ./...
	for dir in $(EXAMPLES); do echo "== $$dir"; (cd $$dir && $< run ./...); done

$(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(BIN)/golangci-lint $@

update: ## write the golden files again: the examples
	go test ./examples -run "TestGoldens|TestReference" -update

bench-init: build ## how long it takes to make a project
	go test ./cmd/builder -run '^$$' -bench Init -benchtime 5x

bench-codegen: ## builder generate beside kube_codegen.sh, in five minutes
	go test ./generators/kubecodegen -run '^$$' -bench Codegen -benchtime 1x -timeout 60m

bench-validation: ## what the validation of an object costs, beside a CRD's
	cd generators/internal/validation/crd && go test -run '^$$' -bench Validation -benchtime 1x

bench-proxy: build ## the proxy against the real kube-apiserver, in four minutes; BENCH="-only get" for a part
	cd proxy/oracle && go test ./bench -run '^$$' -bench Proxy -benchtime 1x $(BENCH)

bench-custom: build ## an aggregated API beside the same one as a custom resource, in a minute
	cd proxy/oracle && go test ./bench -run '^$$' -bench CustomResource -benchtime 1x

bench-virtual: build ## 1,000 watches of 10,000 objects of a virtual kind beside those of a stored kind, in two minutes
	PATH=$(CURDIR)/bin:$$PATH go test ./cmd/builder/internal/e2e -run '^$$' -bench VirtualWatch -benchtime 1x

plots: ## the pictures in docs/images, from README.md and the benchmarks' figures in docs/images/benchmarks.txt
	go test ./docs -count=1 -run '^TestPictures$$' -update

clean: ## remove what was built
	rm -rf $(BIN)
