package project

import (
	"strings"
	"sync"
	"unicode"

	pluralize "github.com/gertd/go-pluralize"
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
)

// english inflects words. Its rules are compiled once.
var english = sync.OnceValue(pluralize.NewClient)

// fieldPlurals are the plurals of words that the library gets wrong, or that people write differently in API names. An entry
// also holds for a word that ends with it, such as antivirus.
var fieldPlurals = map[string]string{
	// Names and abbreviations: the library takes their last letter for a plural's.
	"dns": "dnses", "tls": "tlses", "redis": "redises", "postgres": "postgreses",
	// Words whose classical plural nobody uses for a resource.
	"schema": "schemas", "lemma": "lemmas", "agenda": "agendas", "quorum": "quorums", "virus": "viruses", "focus": "focuses", "syllabus": "syllabuses",
	"money": "moneys", "lens": "lenses", "staff": "staffs", "audio": "audios", "mango": "mangoes",
	// "dice" is what the library makes of it.
	"die": "dies",
	// -ch is pronounced k, and -lf and -man are part of the word.
	"epoch": "epochs", "stomach": "stomachs", "monarch": "monarchs", "golf": "golfs", "gulf": "gulfs",
	"roman": "romans", "german": "germans", "talisman": "talismans",
}

// Plural returns the name of a kind's resource as a person would write it: the kind in lower case, with its last word in the
// plural. Apple becomes apples, HTTPRoute httproutes, FirmwareSettings firmwaresettings.
func Plural(kind string) string { return strings.ToLower(englishPlural(kind)) }

// RegularPlural returns the resource name that Kubernetes' code generators give a kind that declares none. They know
// a few endings and no words: Apple becomes apples, Cafe caves. It is what a kind without a plural in PROJECT has.
func RegularPlural(kind string) string {
	if kind == "Endpoints" { // the one exception that is made for Kubernetes' own
		return "endpoints"
	}
	return strings.ToLower(generatorsPlural(kind))
}

// englishPlural returns the plural of a kind as a Go identifier: DNS becomes DNSes.
func englishPlural(kind string) string {
	start := lastWord(kind)
	word := kind[start:]
	plural := pluralOf(word)
	// Keep the case of what the two have in common.
	same := 0
	for same < len(word) && same < len(plural) && strings.EqualFold(word[same:same+1], plural[same:same+1]) {
		same++
	}
	return kind[:start+same] + plural[same:]
}

// lastWord returns the index at which the last word of a kind starts. In VMs and K8s all of it is one word.
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
	if plural[0] != lower[0] { // a pronoun: ReadMe doesn't become ReadUs
		return strings.ToLower(generatorsPlural(lower))
	}
	return plural
}

// generatorsPlural returns the plural that Kubernetes' code generators use in Go identifiers where they are told no other.
func generatorsPlural(kind string) string {
	return namer.NewPublicPluralNamer(nil).Name(&types.Type{Name: types.Name{Name: kind}})
}

// GoPlurals returns the plurals that generated clients have in their Go identifiers, by kind, where they are not those that
// Kubernetes' generators would choose. The generators tell kinds apart by name only, so every kind of that name has to agree.
func (p *Project) GoPlurals() map[string]string { return goPlurals(p.Groups) }

func goPlurals(groups []Group) map[string]string {
	plurals, other := map[string]string{}, map[string]bool{}
	for _, g := range groups {
		for _, k := range g.Kinds {
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

// GoPlural returns the plural of a kind of the project that generated clients have in their Go identifiers.
func (p *Project) GoPlural(kind string) string {
	if plural, ok := p.GoPlurals()[kind]; ok {
		return plural
	}
	return generatorsPlural(kind)
}
