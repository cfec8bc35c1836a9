package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	aggregatorscheme "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/scheme"
	"sigs.k8s.io/yaml"
)

// Values that differ between clusters, or between times, are replaced by their names.
var (
	// volatileFields contain such values wherever they are in an object. Empty values, and a resourceVersion of 0, have a meaning
	// and are kept.
	volatileFields = map[string]string{
		"uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME", "deletionTimestamp": "TIME", "time": "TIME",
		"lastTransitionTime": "TIME", "continue": "CONTINUE", "clusterIP": "ADDRESS", "caBundle": "AUTHORITY",
		"expirationTimestamp": "TIME", "certificate": "CERTIFICATE", "startTime": "TIME", "resourceVersionMatch": "MATCH",
	}
	volatileTexts = []struct {
		pattern     *regexp.Regexp
		replacement string
	}{
		{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
		{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
		{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [A-Z]{3}`), "TIME"},
		{regexp.MustCompile(`(127\.0\.0\.1|localhost|\[::1\]|\.svc):\d{4,5}`), "$1:PORT"},
		{regexp.MustCompile(`"(port|targetPort)": (1[2-9]|2\d|3[0-2])\d{3}\b`), `"$1": PORT`},
		{regexp.MustCompile(`10\.0\.\d+\.\d+`), "ADDRESS"},
		{regexp.MustCompile(`-----BEGIN CERTIFICATE-----(\\n|[\w+/=\n])+-----END CERTIFICATE-----(\\n)*`), "CERTIFICATE"},
		{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "TOKEN"},
		{regexp.MustCompile(`(resource version|ResourceVersion): \d+( \(\d+\))?`), "$1: VERSION"},
		{regexp.MustCompile(`(in record \(|resourceVersion\\+":\\+")\d+`), "${1}VERSION"},
		{regexp.MustCompile(`X509SHA256=\w+`), "X509SHA256=DIGEST"},
		{regexp.MustCompile(`stream ID \d+`), "stream ID"},
		{regexp.MustCompile(`\d+ bytes\\"`), `N bytes\"`},
		{regexp.MustCompile(`"(\d+[smh]){1,2}"`), `"AGE"`},
		{regexp.MustCompile(`\b((gen|missing|kube-api-access)-)[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "${1}SUFFIX"},
	}
	// volatileHeaders have different values each time, but whether they are present is compared.
	volatileHeaders = map[string]bool{"Content-Length": true, "Last-Modified": true, "Expires": true, "Sec-Websocket-Accept": true}
	// ignoredHeaders do not come from the server's API.
	ignoredHeaders = map[string]bool{"Date": true}
)

// text returns the response in the form in which it is compared, with a line for each item.
func (r response) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d\n", r.proto, r.status)
	writeHeader(&b, r.header)
	b.WriteString("\n")
	b.WriteString(bodyText(r.header.Get("Content-Type"), r.body, r.anyOrder))
	writeHeader(&b, r.trailer)
	if r.failure != "" {
		fmt.Fprintf(&b, "\nthe body ends with %s\n", r.failure)
	}
	text := b.String()
	for _, volatile := range volatileTexts {
		text = volatile.pattern.ReplaceAllString(text, volatile.replacement)
	}
	return text
}

func writeHeader(b *strings.Builder, header http.Header) {
	var keys []string
	for key := range header {
		if !ignoredHeaders[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, value := range header[key] {
			if volatileHeaders[key] {
				value = "present"
			}
			fmt.Fprintf(b, "%s: %s\n", key, value)
		}
	}
}

// bodyText formats a document with a line for each item, and replaces volatile values. It returns other bodies unchanged.
func bodyText(contentType string, body []byte, anyOrder bool) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind == "" && bytes.HasPrefix(body, []byte("{")) { // a WebSocket
		kind = asJSON
	}
	var values []any
	var err error
	switch kind {
	case "application/json", "text/plain":
		values, err = decodeJSON(body)
	case asYAML:
		var value any
		err = yaml.Unmarshal(body, &value)
		values = []any{value}
	case asProtobuf:
		values, err = decodeProtobuf(body)
	case asCBOR:
		values, err = decodeCBOR(body)
	default:
		return string(body)
	}
	if bytes.HasPrefix(body, []byte("[+]")) { // checks, in the order of their registration
		lines := strings.Split(string(body), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	if err != nil {
		return string(body)
	}
	var b strings.Builder
	for _, value := range values {
		replaceVolatile(value)
		if anyOrder {
			sortLists(value)
		}
		out, err := json.MarshalIndent(value, "", " ")
		if err != nil {
			return string(body)
		}
		b.Write(append(out, '\n'))
	}
	return b.String()
}

// decodeJSON decodes one value, or several values of a watch.
func decodeJSON(body []byte) (values []any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
}

// protobufDecoder decodes the kinds that are served as protobuf, which are Kubernetes' own.
var protobufDecoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientscheme.AddToScheme(scheme))
	utilruntime.Must(aggregatorscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	utilruntime.Must(metav1.AddMetaToScheme(scheme))
	return protobuf.NewSerializer(scheme, scheme)
}()

func decodeProtobuf(body []byte) ([]any, error) {
	object, _, err := protobufDecoder.Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return decodeJSON(out)
}

func decodeCBOR(body []byte) ([]any, error) {
	var value any
	err := direct.Unmarshal(body, &value)
	return []any{value}, err
}

func replaceVolatile(value any) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			replaceVolatile(element)
		}
	case map[string]any:
		if managers, ok := v["managedFields"].([]any); ok {
			sortManagers(managers)
		}
		for key, field := range v {
			text, ok := field.(string)
			replacement := volatileFields[key]
			switch {
			case !ok:
				replaceVolatile(field)
			case replacement != "" && text != "" && text != "0" && text != "None":
				v[key] = replacement
			}
		}
	}
}

// sortLists sorts all lists by the text of their elements.
func sortLists(value any) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			sortLists(element)
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	case map[string]any:
		for _, field := range v {
			sortLists(field)
		}
	}
}

// sortManagers sorts by name, because the order by time is random within a second.
func sortManagers(managers []any) {
	key := func(manager any) string {
		fields, _ := manager.(map[string]any)
		return fmt.Sprint(fields["manager"], fields["operation"], fields["subresource"], fields["fieldsV1"])
	}
	slices.SortFunc(managers, func(a, b any) int { return strings.Compare(key(a), key(b)) })
}
