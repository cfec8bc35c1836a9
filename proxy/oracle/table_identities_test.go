package oracle

import "fmt"

// These users have certificates with identities that HTTP alters. All are administrators.
const (
	spaceAfterName  = "mallory "
	newlineInName   = "jane\n"
	spaceAfterGroup = "crowd"
)

// impersonating sends a request as a user, who is also an administrator, so that the request is allowed.
func impersonating(user string, options ...option) option {
	return func(r *row) {
		for _, o := range append([]option{with("Impersonate-User", user), with("Impersonate-Group", "system:masters")}, options...) {
			o(r)
		}
	}
}

func groups(n int) option {
	return func(r *row) {
		for i := range n {
			with("Impersonate-Group", fmt.Sprintf("group-%d-of-very-many", n-i))(r)
		}
	}
}

// identities tests identities that HTTP may alter. The backend echoes the identity that arrives.
var identities = table{"identities", []row{
	get("white space inside", 200, echoThings+"/a", impersonating("jane  doe", with("Impersonate-Group", "all \t people"), with("Impersonate-Extra-Scopes", "x  y"))),
	get("letters beyond ASCII", 200, echoThings+"/a", impersonating("jürgen", with("Impersonate-Group", "日本"), with("Impersonate-Uid", "é"), with("Impersonate-Extra-gr%c3%b6%c3%9fe", "ß"))),
	get("bytes that are no text", 200, echoThings+"/a", impersonating("j\xfcrgen", with("Impersonate-Group", "\xff"), with("Impersonate-Extra-gr%f6%dfe", "\x80"))),
	get("commas and quotes", 200, echoThings+"/a", impersonating("a, b", with("Impersonate-Group", `"c, d"`), with("Impersonate-Extra-Scopes", "x,y"), with("Impersonate-Extra-Scopes", ","))),
	get("repetition and order", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Group", "b"), with("Impersonate-Group", "a"), with("Impersonate-Group", "b"))),
	get("an empty group", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Group", ""), with("Impersonate-Group", "a"))),
	get("an empty extra value", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Extra-Scopes", ""), with("Impersonate-Extra-Scopes", "x"))),
	get("extra keys with escapes", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Extra-example.com%2fa%20b", "x"), with("Impersonate-Extra-%25", "y"), with("Impersonate-Extra-a%0d%0ab", "z"))),
	get("an extra key in upper case", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Extra-%53copes", "x"))),
	get("many groups", 200, echoThings+"/a", impersonating("jane", groups(2000))),
	get("many groups in a watch", 200, echoThings+"?watch=true", impersonating("jane", groups(2000))),
	upgrade("many groups in an upgrade", 101, echoThings+"/lines", "lines", "bye\n", impersonating("jane", groups(2000))),

	get("altered, a user name with a space at its end", 200, echoThings+"/a", as(spaceAfterName)),
	get("altered, a user name with a space at its end, over HTTP/1.1", 200, echoThings+"/a", as(spaceAfterName), http1),
	post("altered, a user name with a space at its end, writing", 200, echoThings, `{"a": 1}`, as(spaceAfterName)),
	get("altered, a user name with a space at its end, watching", 200, echoThings+"?watch=true", as(spaceAfterName)),
	get("altered, a user name with a space at its end, asking for discovery", 200, echoRoot, as(spaceAfterName)),
	upgrade("altered, a user name with a space at its end, upgrading", 101, echoThings+"/lines", "lines", "bye\n", as(spaceAfterName)),
	get("altered, a group with a space at its end", 200, echoThings+"/a", as(spaceAfterGroup)),
	post("altered, a group with a space at its end, writing", 200, echoThings, `{"a": 1}`, as(spaceAfterGroup)),
	upgrade("altered, a group with a space at its end, upgrading", 101, echoThings+"/lines", "lines", "bye\n", as(spaceAfterGroup)),
	get("altered, a user name with a newline", 503, echoThings+"/a", as(newlineInName)),
	post("altered, a user name with a newline, writing", 503, echoThings, `{"a": 1}`, as(newlineInName)),
	get("altered, a user name with a newline, watching", 503, echoThings+"?watch=true", as(newlineInName)),
	upgrade("altered, a user name with a newline, upgrading", 101, echoThings+"/lines", "lines", "bye\n", as(newlineInName)),
	get("altered, an impersonated group with a space before it", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Group", " system:masters"))),
	get("altered, an impersonated UID with a tab after it", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Uid", "7\t"))),
	get("altered, an impersonated extra value with a space after it", 200, echoThings+"/a", impersonating("jane", with("Impersonate-Extra-Scopes", "all "))),
	get("an identity that no header carries, on an API served here", 200, "/apis/apps/v1", as(newlineInName)),
	get("an identity that no header carries, on OpenAPI served here", 200, "/openapi/v3/apis/authentication.k8s.io/v1", as(spaceAfterName)),
}}
