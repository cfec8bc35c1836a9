package oracle

import (
	"context"
	"net/http"
	"strings"
)

// A row is one request. It is sent to both control planes, and what comes back has to be the same.
type row struct {
	// name says what there is to see, unique in its table.
	name string
	// status is what both answer, so that no row compares two ways of misunderstanding it.
	status int
	method string
	// target, body and header values may have $VARIABLES, which earlier rows or the preparation set for each control plane.
	target, body string
	header       http.Header
	// user is one of the users in side.client; "" is an administrator.
	user string
	// http1 sends over a connection of its own, which HTTP/2 is not spoken on.
	http1 bool
	// save sets variables to what is found at a path in the JSON of the answer, its keys and indices with spaces between.
	save map[string]string
	// until has the request repeated until the answer is as wanted: for what happens a moment later, by itself.
	until func(response) bool
	// events is how many events of a watch to read before hanging up; 0 reads the answer to its end.
	events int
	// anyOrder says that elements of lists may come in any order.
	anyOrder bool
	// during are sent one after the other once the answer to this one has begun.
	during []row
	// send is for what is no plain HTTP request.
	send func(context.Context, *side, row) (response, error)
}

// A table is rows in the order in which they are sent. Tables don't need each other.
type table struct {
	name string
	rows []row
}

type option func(*row)

func request(method, name string, status int, target, body string, options []option) row {
	r := row{name: name, status: status, method: method, target: target, body: body, header: http.Header{}}
	if body != "" {
		r.header.Set("Content-Type", "application/json")
	}
	for _, o := range options {
		o(&r)
	}
	return r
}

func get(name string, status int, target string, options ...option) row {
	return request(http.MethodGet, name, status, target, "", options)
}

func post(name string, status int, target, body string, options ...option) row {
	return request(http.MethodPost, name, status, target, body, options)
}

func put(name string, status int, target, body string, options ...option) row {
	return request(http.MethodPut, name, status, target, body, options)
}

func del(name string, status int, target, body string, options ...option) row {
	return request(http.MethodDelete, name, status, target, body, options)
}

// The media types of patches.
const (
	jsonPatch  = "application/json-patch+json"
	mergePatch = "application/merge-patch+json"
	strategic  = "application/strategic-merge-patch+json"
	applyPatch = "application/apply-patch+yaml"
	applyCBOR  = "application/apply-patch+cbor"
)

func patch(name string, status int, target, kind, body string, options ...option) row {
	return request(http.MethodPatch, name, status, target, body, append([]option{content(kind)}, options...))
}

// Media types to ask for.
const (
	asJSON     = "application/json"
	asYAML     = "application/yaml"
	asProtobuf = "application/vnd.kubernetes.protobuf"
	asCBOR     = "application/cbor"
	asTable    = "application/json;as=Table;v=v1;g=meta.k8s.io"
	asMetadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
	asMetaList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
	discovery2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
)

// with sets a header, or adds a value to it when it is set.
func with(key, value string) option { return func(r *row) { r.header.Add(key, value) } }

// content says what the body is.
func content(kind string) option { return func(r *row) { r.header.Set("Content-Type", kind) } }

func accept(kind string) option { return with("Accept", kind) }

// as sends the request in the name of a user.
func as(user string) option { return func(r *row) { r.user = user } }

func http1(r *row) { r.http1 = true }

// save sets a variable to what is at a path in the answer.
func save(variable, path string) option {
	return func(r *row) {
		if r.save == nil {
			r.save = map[string]string{}
		}
		r.save[variable] = path
	}
}

// once repeats the request until both the row's status and the text are there.
func once(text string) option {
	return func(r *row) {
		status := r.status
		r.until = func(got response) bool { return got.status == status && strings.Contains(string(got.body), text) }
	}
}

// events reads so many events of a watch, and hangs up.
func events(n int) option { return func(r *row) { r.events = n } }

func anyOrder(r *row) { r.anyOrder = true }

func during(rows ...row) option { return func(r *row) { r.during = rows } }

// until repeats the request until the answer is as wanted.
func until(wanted func(response) bool) option { return func(r *row) { r.until = wanted } }

func contains(r response, texts ...string) bool {
	for _, text := range texts {
		if !strings.Contains(string(r.body), text) {
			return false
		}
	}
	return true
}
