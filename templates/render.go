package templates

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// suffix ends the name of each template's file, because Go handles go.mod and _test.go files differently.
const suffix = ".tmpl"

// Render renders every template in dir with data and returns the results by path, with Go files formatted. placeholders are pairs: in a
// path, the first of a pair is replaced by the second.
func Render(dir string, data any, placeholders ...string) (map[string][]byte, error) {
	rename := strings.NewReplacer(placeholders...)
	out := map[string][]byte{}
	err := fs.WalkDir(files, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, suffix) {
			return err
		}
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		content, err := execute(name, string(source), data)
		if err != nil {
			return err
		}
		target := rename.Replace(strings.TrimSuffix(strings.TrimPrefix(name, dir+"/"), suffix))
		if path.Ext(target) == ".go" {
			if content, err = format.Source(content); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		out[target] = content
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("templates in %s: %w", dir, err)
	}
	return out, nil
}

func execute(name, source string, data any) ([]byte, error) {
	t, err := template.New(path.Base(name)).Delims("[[", "]]").Option("missingkey=error").Funcs(functions()).Parse(source)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// nonHermetic lists functions that sprig calls hermetic although their results differ between runs or machines.
var nonHermetic = []string{
	"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "htpasswd", "keys", "mustToDate", "randInt", "shuffle", "toDate", "values",
}

// functions returns sprig's functions, without those that depend on the time, the machine or randomness, and a few more.
func functions() template.FuncMap {
	funcs := sprig.HermeticTxtFuncMap()
	for _, name := range nonHermetic {
		delete(funcs, name)
	}
	funcs["article"] = article
	return funcs
}

// article returns a kind's name with the indefinite article.
func article(name string) string {
	if strings.ContainsAny(name[:1], "AEIOUaeiou") {
		return "an " + name
	}
	return "a " + name
}
