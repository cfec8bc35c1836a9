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

// suffix ends the name of each template's file, so that Go does not take go.mod or a test for its own.
const suffix = ".tmpl"

// Render renders every template below dir on data and returns the results by path, Go formatted. placeholders are pairs: in a path, the
// first of a pair stands for the second.
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

// chancy are the functions that sprig counts as hermetic though their result differs from run to run, or from machine to machine.
var chancy = []string{
	"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "htpasswd", "keys", "mustToDate", "randInt", "shuffle", "toDate", "values",
}

// functions are sprig's without those whose result depends on the time, the machine or chance, and a few of our own.
func functions() template.FuncMap {
	funcs := sprig.HermeticTxtFuncMap()
	for _, name := range chancy {
		delete(funcs, name)
	}
	funcs["article"] = article
	return funcs
}

// article puts "a" or "an" before a kind's name.
func article(name string) string {
	if strings.ContainsAny(name[:1], "AEIOUaeiou") {
		return "an " + name
	}
	return "a " + name
}
