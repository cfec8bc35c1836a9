package aggregation

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// maxToken is the maximum length of a tag, comment or script. From a longer one on, the rest of the page is passed on unchanged.
	maxToken = 1 << 20
	// pageBuffer is the size of one read.
	pageBuffer = 16 << 10
)

// linkAttributes lists the attributes with URLs that kube-apiserver rewrites, by tag.
var linkAttributes = map[atom.Atom][]string{
	atom.A: {"href"}, atom.Applet: {"codebase"}, atom.Area: {"href"}, atom.Audio: {"src"}, atom.Base: {"href"},
	atom.Blockquote: {"cite"}, atom.Body: {"background"}, atom.Button: {"formaction"}, atom.Command: {"icon"}, atom.Del: {"cite"},
	atom.Embed: {"src"}, atom.Form: {"action"}, atom.Frame: {"longdesc", "src"}, atom.Head: {"profile"}, atom.Html: {"manifest"},
	atom.Iframe: {"longdesc", "src"}, atom.Img: {"longdesc", "src", "usemap"}, atom.Input: {"src", "usemap", "formaction"},
	atom.Ins: {"cite"}, atom.Link: {"href"}, atom.Object: {"classid", "codebase", "data", "usemap"}, atom.Q: {"cite"},
	atom.Script: {"src"}, atom.Source: {"src"}, atom.Video: {"poster", "src"},
}

// rawTags are followed by text that contains no tags.
var rawTags = []string{"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"}

// rewritePage rewrites the links in an HTML response to the backend while the page is passed on. kube-apiserver does the same with
// the whole page in memory.
func rewritePage(response *http.Response, rewrite func(*url.URL) string) error {
	page, err := decoded(response)
	if page == nil || err != nil {
		return err
	}
	body := &pageBody{Reader: &pageRewriter{page: page, rewrite: rewrite}, closer: response.Body}
	switch response.Header.Get("Content-Encoding") {
	case "gzip":
		body.Reader = &encodedPage{page: body.Reader, encode: func(w io.Writer) encoder { return gzip.NewWriter(w) }}
	case "deflate":
		body.Reader = &encodedPage{page: body.Reader, encode: func(w io.Writer) encoder {
			deflate, _ := flate.NewWriter(w, flate.DefaultCompression) // it only fails for other levels
			return deflate
		}}
	}
	response.Header.Del("Content-Length")
	if response.Body != http.NoBody { // otherwise, it is the response to HEAD
		response.Body, response.ContentLength = body, -1
	}
	return nil
}

// decoded returns the page without its encoding, or nil if the encoding is unknown. It returns an error if the beginning of the
// page is not valid in its encoding.
func decoded(response *http.Response) (io.Reader, error) {
	encoding := response.Header.Get("Content-Encoding")
	switch {
	case encoding == "" || response.Body == http.NoBody:
		return response.Body, nil
	case encoding == "gzip":
		page, err := gzip.NewReader(response.Body)
		if err != nil {
			return nil, fmt.Errorf("errorf making gzip reader: %w", err) // the same text as kube-apiserver's
		}
		return page, nil
	case encoding == "deflate":
		page := bufio.NewReader(flate.NewReader(response.Body))
		if _, err := page.Peek(1); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return page, nil
	}
	return nil, nil
}

// pageBody is the body of a page that is rewritten while it is read.
type pageBody struct {
	io.Reader
	closer io.Closer
}

// Close implements io.Closer.
func (b *pageBody) Close() error { return b.closer.Close() }

// pageRewriter rewrites the links of a page. It buffers only one token and the data that was read with it.
type pageRewriter struct {
	page    io.Reader
	rewrite func(*url.URL) string

	// rest was read but not yet written, except for its first done bytes: a tag that the tokenizer must read again, because it
	// determines how the text after it is read.
	rest []byte
	done int
	// passThrough is set when the rest of the page is passed on unchanged.
	passThrough bool
	out         bytes.Buffer
	// pageErr is the error at the end of the page. err is the same error, set after the whole page has been rewritten.
	pageErr, err error
}

// Read implements io.Reader. It reads no more of the page than it needs to return data.
func (p *pageRewriter) Read(buffer []byte) (int, error) {
	for p.out.Len() == 0 && p.err == nil && !p.passThrough {
		p.round()
	}
	if p.out.Len() > 0 {
		return p.out.Read(buffer)
	}
	if p.err != nil {
		return 0, p.err
	}
	if p.pageErr != nil {
		return 0, p.pageErr
	}
	return p.page.Read(buffer)
}

// round reads more of the page, and rewrites the tokens that are complete.
func (p *pageRewriter) round() {
	from := &roundReader{pageRewriter: p}
	if len(p.rest) > 0 {
		from.wanted = 1
	}
	if p.done > 0 {
		from.wanted = 2
	}
	tokens := html.NewTokenizer(from)
	kept, next := 0, 0 // the end of the last complete token, and the start of raw text after it
	for first := true; ; first = false {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := tokens.Raw()
		if from.exhausted && !from.ended {
			if kind == html.TextToken && kept == next {
				next += p.writeText(raw)
				kept = next
			}
			break
		}
		kept, next = next, next+len(raw)
		if !p.write(kind, tokens, first && p.done > 0) {
			kept = next
		}
		from.wanted--
	}
	switch {
	case from.ended: // an incomplete tag is dropped
		p.rest, p.err = nil, p.pageErr
	case p.passThrough:
		p.out.Write(p.rest[next:])
		p.rest = nil
	default:
		p.done = next - kept
		p.rest = append(p.rest[:0], p.rest[kept:]...)
	}
}

// write writes a token, unless it is already written, and reports whether raw text follows it.
func (p *pageRewriter) write(kind html.TokenType, tokens *html.Tokenizer, done bool) (raw bool) {
	if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
		p.out.Write(tokens.Raw())
		return false
	}
	token := tokens.Token()
	if !done {
		for i, attribute := range token.Attr {
			if !slices.Contains(linkAttributes[token.DataAtom], attribute.Key) {
				continue
			}
			if link, err := url.Parse(attribute.Val); err == nil {
				token.Attr[i].Val = p.rewrite(link)
			}
		}
		p.out.WriteString(token.String())
	}
	return slices.Contains(rawTags, token.Data)
}

// writeText writes text that may continue, up to a possible beginning of a tag. It returns the number of bytes written.
func (p *pageRewriter) writeText(text []byte) int {
	if i := bytes.LastIndexByte(text, '<'); i >= 0 && beginsTag(text[i:]) {
		text = text[:i]
	}
	p.out.Write(text)
	return len(text)
}

// beginsTag reports whether text that starts with < may be a tag or a comment.
func beginsTag(text []byte) bool {
	if len(text) < 2 {
		return true
	}
	c := text[1]
	return c == '/' || c == '!' || c == '?' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// errNotYet ends a round.
var errNotYet = errors.New("the rest of the page is yet to come")

// roundReader is the input of one round: the buffered data and one read of the page, or as many reads as the wanted tokens need.
type roundReader struct {
	*pageRewriter
	at        int
	wanted    int
	hasRead   bool
	exhausted bool // in this round
	ended     bool // at the end of the page
}

// Read implements io.Reader, for the tokenizer.
func (a *roundReader) Read(buffer []byte) (int, error) {
	for a.at == len(a.rest) {
		if a.pageErr != nil {
			a.exhausted, a.ended = true, true
			return 0, a.pageErr
		}
		waits := a.wanted > 0 && (a.done > 0 || beginsTag(a.rest))
		a.passThrough = len(a.rest) > maxToken
		if a.exhausted = a.passThrough || a.hasRead && !waits; a.exhausted {
			return 0, errNotYet
		}
		a.rest = slices.Grow(a.rest, pageBuffer)
		var n int
		n, a.pageErr = a.page.Read(a.rest[len(a.rest) : len(a.rest)+pageBuffer])
		a.rest = a.rest[:len(a.rest)+n]
		a.hasRead = a.hasRead || n > 0
	}
	n := copy(buffer, a.rest[a.at:])
	a.at += n
	return n, nil
}

// encoder compresses data.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// encodedPage compresses a page while it is read.
type encodedPage struct {
	page   io.Reader
	encode func(io.Writer) encoder

	encoder encoder
	out     bytes.Buffer
	buffer  []byte
	err     error
}

// Read implements io.Reader.
func (e *encodedPage) Read(buffer []byte) (int, error) {
	if e.encoder == nil {
		e.encoder, e.buffer = e.encode(&e.out), make([]byte, pageBuffer)
	}
	for e.out.Len() == 0 && e.err == nil {
		var n int
		n, e.err = e.page.Read(e.buffer)
		_, _ = e.encoder.Write(e.buffer[:n]) // writes to memory do not fail
		if errors.Is(e.err, io.EOF) {
			_ = e.encoder.Close()
		} else if n > 0 {
			_ = e.encoder.Flush()
		}
	}
	if e.out.Len() > 0 {
		return e.out.Read(buffer)
	}
	return 0, e.err
}
