package aggregation

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// identityCases are identities that HTTP may change, and the seeds of FuzzIdentity.
var identityCases = []struct {
	name string
	who  user.DefaultInfo
	// refused is a part of the error, or empty if the identity arrives.
	refused string
}{
	{"everything", user.DefaultInfo{Name: "jane", UID: "7", Groups: []string{"a", "b"}, Extra: map[string][]string{"scopes": {"x", "y"}}}, ""},
	{"only a name", user.DefaultInfo{Name: "jane"}, ""},
	{"white space inside", user.DefaultInfo{Name: "jane  doe", UID: "a\tb", Groups: []string{"all the people"}, Extra: map[string][]string{"scopes": {"x \t y"}}}, ""},
	{"not ASCII", user.DefaultInfo{Name: "jürgen", UID: "日本", Groups: []string{"é"}, Extra: map[string][]string{"größe": {"ß"}}}, ""},
	{"not UTF-8", user.DefaultInfo{Name: "j\xfcrgen", UID: "\x80", Groups: []string{"\xff\xfe"}, Extra: map[string][]string{"gr\xf6sse": {"\xdf"}}}, ""},
	{"white space that isn't HTTP's", user.DefaultInfo{Name: "\u00a0jane\u00a0", UID: "\u2003", Groups: []string{"\u0085"}}, ""},
	{"commas and quotes", user.DefaultInfo{Name: "a, b", UID: ",", Groups: []string{"a,b", "\"c, d\"", ","}, Extra: map[string][]string{"scopes": {"x,y", "z;q=1"}}}, ""},
	{"order and repetition", user.DefaultInfo{Name: "jane", Groups: []string{"b", "a", "b", "A"}, Extra: map[string][]string{"scopes": {"y", "x", "y"}}}, ""},
	{"an empty group", user.DefaultInfo{Name: "jane", Groups: []string{"", "a", ""}}, ""},
	{"an empty extra value", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"scopes": {"", "x", ""}}}, ""},
	{"an empty extra key", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"": {"x"}}}, ""},
	{"an escaped extra key", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"example.com/a b%2f%": {"x"}, "a:b\r\n\x00\x7f": {"y"}}}, ""},
	{"extra keys that differ in case", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"Scopes": {"x"}, "scopes": {"y"}}}, ""},
	{"extra keys that look escaped", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"SCOPES/%53": {"z"}, "%53COPES": {"w"}, "%53copes": {"v"}}}, ""},
	{"many groups", user.DefaultInfo{Name: "jane", Groups: strings.Split(strings.Repeat("group-of-many,", 5000)+"last", ",")}, ""},
	{"a long value", user.DefaultInfo{Name: strings.Repeat("jane ", 50000) + "doe"}, ""},

	{"no name", user.DefaultInfo{Groups: []string{"system:masters"}}, "user name is empty"},
	{"a space after the user name", user.DefaultInfo{Name: "mallory "}, `user name "mallory " begins or ends with white space`},
	{"a space before the user name", user.DefaultInfo{Name: " mallory"}, "white space"},
	{"a user name of white space", user.DefaultInfo{Name: " \t"}, "white space"},
	{"a newline after the user name", user.DefaultInfo{Name: "jane\n"}, `user name "jane\n" has a control character`},
	{"a folded user name", user.DefaultInfo{Name: "jane\r\n doe"}, "control character"},
	{"a header in the user name", user.DefaultInfo{Name: "jane\r\nX-Remote-Group: system:masters"}, "control character"},
	{"a tab after the UID", user.DefaultInfo{Name: "jane", UID: "7\t"}, `UID "7\t" begins or ends`},
	{"NUL in the UID", user.DefaultInfo{Name: "jane", UID: "7\x008"}, "UID"},
	{"a space after a group", user.DefaultInfo{Name: "jane", Groups: []string{"a", "system:masters "}}, `group "system:masters " begins or ends`},
	{"a group of white space", user.DefaultInfo{Name: "jane", Groups: []string{" "}}, "group"},
	{"DEL in a group", user.DefaultInfo{Name: "jane", Groups: []string{"a\x7f"}}, `group "a\x7f" has a control character`},
	{"a carriage return in a group", user.DefaultInfo{Name: "jane", Groups: []string{"a\rb"}}, "group"},
	{"a space before an extra value", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"scopes": {"x", " y"}}}, `extra value " y" begins or ends with white space, which HTTP removes (extra key "scopes")`},
	{"an escape in an extra value", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"scopes": {"\x1b[0m"}}}, "extra value"},
	{"an extra key without values", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"scopes": {}}}, `extra key "scopes" has no values`},
}

// TestIdentityArrivesUnchangedOrIsRefused sends each identity in all kinds of requests, to backends of both protocols.
func TestIdentityArrivesUnchangedOrIsRefused(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		rig := newIdentityRig(t, http2)
		for _, c := range identityCases {
			for _, v := range ways {
				t.Run(fmt.Sprintf("%s/%s/%s", rig.name, c.name, v.name), func(t *testing.T) {
					got, err := rig.check(v, &c.who)
					if err != nil {
						t.Fatal(err)
					}
					if c.refused == "" {
						if got.header == nil {
							t.Errorf("answered %d %q, want the identity to arrive", got.status, got.body)
						}
						return
					}
					if got.header != nil || got.status != http.StatusForbidden || !strings.Contains(got.body, c.refused) {
						t.Errorf("answered %d %q, arrived %v; want 403 and %q", got.status, got.body, got.header, c.refused)
					}
				})
			}
		}
	}
}

// TestIdentityWhileRoutesAreUnknown tests the time before the layer knows the routes, when kube-aggregator may forward requests.
func TestIdentityWhileRoutesAreUnknown(t *testing.T) {
	layer := newTestLayer(t)
	handler := layer.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), nil)
	for _, c := range []struct {
		following bool
		path      string
		who       user.DefaultInfo
		status    int
	}{
		{false, "/apis/example.com/v1/things", user.DefaultInfo{Name: "jane"}, http.StatusTeapot},
		{false, "/apis/example.com/v1/things", user.DefaultInfo{Name: "mallory "}, http.StatusForbidden},
		{false, "/apis/example.com/v1/things", user.DefaultInfo{Name: "jane", Extra: map[string][]string{"Scopes": {"all"}}}, http.StatusForbidden},
		{false, "/version", user.DefaultInfo{Name: "mallory "}, http.StatusTeapot},
		{true, "/apis/apps/v1/deployments", user.DefaultInfo{Name: "mallory "}, http.StatusTeapot},
	} {
		layer.following.Store(c.following)
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(request.WithUser(r.Context(), &c.who)))
		if w.Code != c.status {
			t.Errorf("%s for %q, routes known: %v: %d, want %d", c.path, c.who.Name, c.following, w.Code, c.status)
		}
	}
}

// FuzzIdentity sends identities through the layer and through kube-aggregator's proxy, to backends of both protocols, and compares
// the results. A bar separates groups, and the values of an extra key.
func FuzzIdentity(f *testing.F) {
	const (
		short      = 1000 // long inputs slow down the fuzzer, and the test above sends them
		rareRoutes = 0xe0
	)
	for i, c := range identityCases {
		if len(c.who.Name)+len(c.who.Groups) > short {
			continue
		}
		var keys, values [2]string
		for k, key := range slices.Sorted(maps.Keys(c.who.Extra))[:min(len(c.who.Extra), len(keys))] {
			keys[k], values[k] = key, strings.Join(c.who.Extra[key], "|")
		}
		f.Add(uint8(i*9), c.who.Name, c.who.UID, strings.Join(c.who.Groups, "|"), keys[0], values[0], keys[1], values[1])
	}
	rigs := []*identityRig{newIdentityRig(f, false), newIdentityRig(f, true)}
	split := func(list string) []string {
		if list == "" {
			return nil
		}
		return strings.Split(list, "|")
	}
	f.Fuzz(func(t *testing.T, route uint8, name, uid, groups, key, values, key2, values2 string) {
		who := &user.DefaultInfo{Name: name, UID: uid, Groups: split(groups), Extra: map[string][]string{}}
		if key+values != "" {
			who.Extra[key] = split(values)
		}
		if key2+values2 != "" {
			who.Extra[key2] = split(values2)
		}
		rig, v := rigs[int(route)%len(rigs)], ways[int(route)/len(rigs)%(len(ways)-upgradeWays)]
		if route >= rareRoutes { // each upgrade opens a new connection
			v = ways[len(ways)-1-int(route)/len(rigs)%upgradeWays]
		}
		if _, err := rig.check(v, who); err != nil {
			t.Errorf("%s over %s: %v", v.name, rig.name, err)
		}
	})
}
