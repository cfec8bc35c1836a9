package project

import (
	"strings"
	"sync"
	"unicode"

	pluralize "github.com/gertd/go-pluralize"
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
)

// english returns the client of the pluralization library, which compiles its rules only once.
var english = sync.OnceValue(pluralize.NewClient)

// fieldPlurals contains the plurals of words that the library gets wrong, or that API names usually write differently. An entry also
// applies to words that end with it, such as antivirus.
var fieldPlurals = map[string]string{
	// Names and abbreviations whose last letter looks like a plural to the library.
	"dns": "dnses", "tls": "tlses", "redis": "redises", "postgres": "postgreses",
	// Words whose classical plural is not used for resources.
	"schema": "schemas", "lemma": "lemmas", "agenda": "agendas", "quorum": "quorums", "virus": "viruses", "focus": "focuses", "syllabus": "syllabuses",
	"money": "moneys", "lens": "lenses", "staff": "staffs", "audio": "audios", "mango": "mangoes",
	// The library returns "dice".
	"die": "dies",
	// -ch is pronounced k, and -lf and -man are part of the word.
	"epoch": "epochs", "stomach": "stomachs", "monarch": "monarchs", "golf": "golfs", "gulf": "gulfs",
	"roman": "romans", "german": "germans", "talisman": "talismans",
}

// Plural returns the usual name of a kind's resource: the kind in lower case, with its last word in the plural. Apple becomes apples,
// HTTPRoute httproutes, FirmwareSettings firmwaresettings.
func Plural(kind string) string { return strings.ToLower(englishPlural(kind)) }

// RegularPlural returns the resource name that Kubernetes' code generators derive from a kind. They only use rules for a few endings: Apple
// becomes apples, Cafe caves. A kind without a plural in PROJECT has this name.
func RegularPlural(kind string) string {
	if kind == "Endpoints" { // the generators' only exception, for Kubernetes' kind
		return "endpoints"
	}
	return strings.ToLower(generatorsPlural(kind))
}

// englishPlural returns the plural of a kind as a Go identifier: DNS becomes DNSes.
func englishPlural(kind string) string {
	start := lastWord(kind)
	word := kind[start:]
	plural := pluralOf(word)
	// Keep the case of the common prefix.
	same := 0
	for same < len(word) && same < len(plural) && strings.EqualFold(word[same:same+1], plural[same:same+1]) {
		same++
	}
	return kind[:start+same] + plural[same:]
}

// lastWord returns the index of the last word of a kind. VMs and K8s are single words.
func lastWord(kind string) int {
	i := len(kind)
	back := func(is func(rune) bool) int {
		from := i
		for i > 0 && is(rune(kind[i-1])) {
			i--
		}
		return from - i
	}
	digits := back(unicode.IsDigit)
	lower := back(unicode.IsLower)
	if digits == 0 && lower > 0 {
		digits = back(unicode.IsDigit)
	}
	if lower > 1 && digits == 0 {
		return max(i-1, 0)
	}
	back(func(r rune) bool { return unicode.IsUpper(r) || unicode.IsDigit(r) })
	return i
}

// pluralOf returns the plural of a word in lower case.
func pluralOf(word string) string {
	lower := strings.ToLower(word)
	for singular, plural := range fieldPlurals {
		if prefix, ok := strings.CutSuffix(lower, singular); ok {
			return prefix + plural
		}
	}
	initials := word == strings.ToUpper(word)
	if initials && (strings.HasSuffix(lower, "s") || lower == "x" || lower == "z") {
		return lower + "es"
	}
	if len(word) == 1 {
		return lower + "s"
	}
	plural := english().Plural(lower)
	if plural[0] != lower[0] { // a pronoun: ReadMe must not become ReadUs
		return strings.ToLower(generatorsPlural(lower))
	}
	return plural
}

// generatorsPlural returns the plural that Kubernetes' code generators use in Go identifiers by default.
func generatorsPlural(kind string) string {
	return namer.NewPublicPluralNamer(nil).Name(&types.Type{Name: types.Name{Name: kind}})
}

// GoPlurals returns the plurals in the Go identifiers of generated clients, by kind, if they differ from those that Kubernetes' generators
// derive. The generators identify kinds by name only, so all kinds with the same name must have the same plural.
func (p *Project) GoPlurals() map[string]string {
	return goPlurals(p.Groups, func(string) bool { return true })
}

// goPlurals returns the plurals of the kinds for which some returns true.
func goPlurals(groups []Group, some func(kind string) bool) map[string]string {
	plurals, other := map[string]string{}, map[string]bool{}
	for _, g := range groups {
		for _, k := range g.Kinds {
			if !some(k.Name) {
				continue
			}
			switch plural := englishPlural(k.Name); {
			case k.Resource() != strings.ToLower(plural):
				other[k.Name] = true
			case plural != generatorsPlural(k.Name):
				plurals[k.Name] = plural
			}
		}
	}
	for name := range other {
		delete(plurals, name)
	}
	return plurals
}

// GoPlural returns the plural of a kind in the Go identifiers of generated clients.
func (p *Project) GoPlural(kind string) string {
	if plural, ok := goPlurals(p.Groups, func(name string) bool { return name == kind })[kind]; ok {
		return plural
	}
	return generatorsPlural(kind)
}
