package aggregation

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	proxyutil "k8s.io/apimachinery/pkg/util/proxy"
)

// pageServer responds with a page, a few bytes at a time.
type pageServer struct {
	header http.Header
	body   io.Reader
	chunk  int
}

func (s pageServer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: s.header.Clone(), Body: io.NopCloser(inChunks{s.body, s.chunk}), ContentLength: -1, Request: r}, nil
}

type inChunks struct {
	io.Reader
	most int
}

func (c inChunks) Read(buffer []byte) (int, error) {
	return c.Reader.Read(buffer[:min(len(buffer), c.most)])
}

const pageAddress = "10.0.0.1:443"

// passedOn returns the page as the layer passes it on.
func passedOn(s pageServer) (*http.Response, error) {
	r := httptest.NewRequest(http.MethodGet, "https://"+pageAddress+"/apis/example.com/v1/page", nil)
	return forward(r, s)
}

// asStock returns the page as kube-aggregator passes it on.
func asStock(s pageServer) (*http.Response, error) {
	r := httptest.NewRequest(http.MethodGet, "https://"+pageAddress+"/apis/example.com/v1/page", nil)
	return (&proxyutil.Transport{Scheme: "https", Host: pageAddress, RoundTripper: s}).RoundTrip(r)
}

// FuzzPages compares pages that the layer passes on with those from kube-aggregator, for chunks of any size.
func FuzzPages(f *testing.F) {
	for _, page := range []string{
		``, `<`, `</`, `<a`, `text`, `text <`, `1 < 2 and 3 <4`, `<a href=/x>x</a>`, `<A HREF='/x?a=1&b=2'>x</A>text`, `<a href="https://10.0.0.1:443/x">`,
		`<a href="https://other/x">`, `<a href="x">`, `<a href="//other/x">`, `<a href=":">`, `<img src=/a longdesc="/b" usemap=/c alt="/d"/>`,
		`<script src=/a>"<a href=/b>"; x </scrip></script><a href=/c>`, `<script><!-- <script> </script> --> </script><a href=/c>`,
		`<title>a &amp; <a href=/b></title><a href=/c>`, `<textarea>a</text</textarea><a href=/c>`, `<style>a{}</style><p>`, `<plaintext><a href=/a>`,
		`<script/><a href=/a></script>`, `<script></script><script src="/a"></script>`, `<title><title></title>`, `<!-- <a href=/a> --><a href=/b>`,
		`<!doctype html><html manifest=/m><head profile="/p"><base href=/><link href=/l>`, `<?xml version="1.0"?><a href=/b>`, `<![CDATA[<a href=/a>]]>`,
		`</><a href=/a></ a href=/b>`, `<a href="/a`, `<a href="/a>b" x>`, "<a\nhref\r=\t/a\x00>\x00<", `<a href=/a href=/b>`, `<!--`, `<!-->`, `<!`, `é<a href="/é">`,
	} {
		for _, chunk := range []uint8{1, 2, 3, 255} {
			f.Add(page, chunk, uint8(0))
		}
		f.Add(page, uint8(7), uint8(1))
		f.Add(page, uint8(7), uint8(2))
	}
	f.Fuzz(func(t *testing.T, page string, chunk, encoding uint8) {
		header := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Length": {fmt.Sprint(len(page))}}
		body, decode := encodedAs(t, page, encoding, header)
		serve := func() pageServer { return pageServer{header, bytes.NewReader(body), max(1, int(chunk))} }
		want, err := asStock(serve())
		if err != nil {
			t.Fatal(err)
		}
		got, err := passedOn(serve())
		if err != nil {
			t.Fatal(err)
		}
		if a, b := decode(got.Body), decode(want.Body); a != b {
			t.Errorf("%q becomes %q, with kube-aggregator %q", page, a, b)
		}
		if got.Header.Get("Content-Length") != "" || got.Header.Get("Content-Type") != header.Get("Content-Type") {
			t.Errorf("headers %v", got.Header)
		}
	})
}

// encodedAs returns the page in one of the encodings, and a function that decodes it.
func encodedAs(t *testing.T, page string, encoding uint8, header http.Header) ([]byte, func(io.Reader) string) {
	var encoded bytes.Buffer
	var w io.WriteCloser
	decoder := func(r io.Reader) (io.Reader, error) { return r, nil }
	switch encoding % 3 {
	case 1:
		header.Set("Content-Encoding", "gzip")
		w = gzip.NewWriter(&encoded)
		decoder = func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case 2:
		header.Set("Content-Encoding", "deflate")
		w, _ = flate.NewWriter(&encoded, 1)
		decoder = func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }
	default:
		encoded.WriteString(page)
	}
	if w != nil {
		_, err := io.WriteString(w, page)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return encoded.Bytes(), func(r io.Reader) string {
		decoded, err := decoder(r)
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(decoded)
		if err != nil {
			t.Fatal(err)
		}
		return string(read)
	}
}

// TestPagesAreNotWaitedFor checks that the first part of a page is passed on before the rest arrives.
func TestPagesAreNotWaitedFor(t *testing.T) {
	in, out := io.Pipe()
	response, err := passedOn(pageServer{http.Header{"Content-Type": {"text/html"}}, in, 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ said, heard string }{
		{"text without a tag\n", "text without a tag\n"}, {"1 <", "1 "}, {" 2", "< 2"}, {"<p>", "<p>"}, {"1 < 2", "1 < 2"}, {"</p>\n", "</p>\n"},
		{"<!-- -->", "<!-- -->"}, {"<title>x</title>", "<title>x</title>"},
	} {
		go func() { _, _ = io.WriteString(out, c.said) }()
		heard := make([]byte, len(c.heard))
		if _, err := io.ReadFull(response.Body, heard); err != nil || string(heard) != c.heard {
			t.Errorf("%q becomes %q: %v", c.said, heard, err)
		}
	}
}

// TestPagesInLittleMemory passes on long pages of each kind of token.
func TestPagesInLittleMemory(t *testing.T) {
	const size, limit = 32 << 20, 24 << 20
	for name, c := range map[string]struct{ begin, repeated string }{
		"tags": {"", `<a href="/x">` + strings.Repeat("text ", 20) + `</a>`}, "text": {"", "text "}, "script": {"<script>", "x = 1;\n"}, "comment": {"<!--", "comment "},
		"tag": {`<a href="`, "/x"}, "attributes": {"<a ", "b=c "}, "plaintext": {"<plaintext>", "x < y"}, "open_brackets": {"", "<"},
	} {
		t.Run(name, func(t *testing.T) {
			repeats := size / len(c.repeated)
			response, err := passedOn(pageServer{http.Header{"Content-Type": {"text/html"}}, io.MultiReader(strings.NewReader(c.begin), &repeating{text: c.repeated, left: repeats}), 16 << 10})
			if err != nil {
				t.Fatal(err)
			}
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var length, peak int64
			buffer := make([]byte, copyBuffer)
			for reads := 0; ; reads++ {
				n, err := response.Body.Read(buffer)
				length += int64(n)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if reads%256 == 0 {
					runtime.ReadMemStats(&now)
					peak = max(peak, int64(now.HeapInuse)-int64(before.HeapInuse))
				}
			}
			if length < int64(len(c.begin)+repeats*len(c.repeated)) || peak > limit {
				t.Errorf("%d bytes of %d passed on; %d bytes of memory, may be %d", length, size, peak, limit)
			}
		})
	}
}

// repeating reads the same text repeatedly.
type repeating struct {
	text string
	at   int
	left int
}

func (r *repeating) Read(buffer []byte) (n int, err error) {
	for n < len(buffer) && r.left > 0 {
		copied := copy(buffer[n:], r.text[r.at:])
		n += copied
		if r.at += copied; r.at == len(r.text) {
			r.at = 0
			r.left--
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
