package oracle

import (
	"context"
	"net/http"
	"strings"
)

// row is one request. It is sent to both control planes, and the responses must be equal.
type row struct {
	// name describes the case. It is unique in its table.
	name string
	// status is the status of both responses, so that a row cannot compare two equal errors.
	status int
	method string
	// target, body and header values may contain $VARIABLES. Earlier rows or the preparation set them for each control plane.
	target, body string
	header       http.Header
	// user is one of the users in side.client. "" is an administrator.
	user string
	// http1 sends the request over a new HTTP/1.1 connection.
	http1 bool
	// save sets variables to values in the JSON response. A path contains keys and indices, separated by spaces.
	save map[string]string
	// until repeats the request until the response meets a condition, for changes that take a moment.
	until func(response) bool
	// events is the number of events of a watch to read before closing the response. 0 reads the response to its end.
	events int
	// anyOrder ignores the order of lists.
	anyOrder bool
	// during is sent, row by row, when the response to this one has started.
	during []row
	// send replaces a plain HTTP request.
	send func(context.Context, *side, row) (response, error)
}

// table is a list of rows, which are sent in order. Tables are independent.
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

// The media types for Accept.
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

// with adds a value to a header.
func with(key, value string) option { return func(r *row) { r.header.Add(key, value) } }

// content sets the media type of the body.
func content(kind string) option { return func(r *row) { r.header.Set("Content-Type", kind) } }

func accept(kind string) option { return with("Accept", kind) }

// as sets the user of the request.
func as(user string) option { return func(r *row) { r.user = user } }

func http1(r *row) { r.http1 = true }

// save sets a variable to the value at a path in the response.
func save(variable, path string) option {
	return func(r *row) {
		if r.save == nil {
			r.save = map[string]string{}
		}
		r.save[variable] = path
	}
}

// once repeats the request until the response has the row's status and contains the text.
func once(text string) option {
	return func(r *row) {
		status := r.status
		r.until = func(got response) bool { return got.status == status && strings.Contains(string(got.body), text) }
	}
}

// events reads a number of events of a watch, and closes it.
func events(n int) option { return func(r *row) { r.events = n } }

func anyOrder(r *row) { r.anyOrder = true }

func during(rows ...row) option { return func(r *row) { r.during = rows } }

// until repeats the request until the response meets a condition.
func until(wanted func(response) bool) option { return func(r *row) { r.until = wanted } }

func contains(r response, texts ...string) bool {
	for _, text := range texts {
		if !strings.Contains(string(r.body), text) {
			return false
		}
	}
	return true
}
