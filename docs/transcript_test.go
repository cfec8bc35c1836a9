package docs

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// inPicture matches the lines of output in the README's tour that the picture of a terminal shows.
var inPicture = []*regexp.Regexp{
	regexp.MustCompile(`^(created) .*\.go$`),
	regexp.MustCompile(`^(\[\d/\d\]) `),
	regexp.MustCompile(` is running:$`),
	regexp.MustCompile(`^  \S+ +https?://`),
	regexp.MustCompile(`/apple-sample (created)$`),
	regexp.MustCompile(`^NAME +MESSAGE `),
	regexp.MustCompile(`^apple-sample .* (True) `),
}

// lastInPicture is the last command in the picture.
const lastInPicture = "kubectl apply -k config/samples && kubectl get apples"

// The text is set in a monospaced font of this size. The width of a character is 0.6 of the size, plus a margin.
const (
	fontSize   = 12
	charWidth  = 7.25
	lineHeight = 17
	margin     = 18
	titleBar   = 30
)

// A terminalPicture is the data of terminal.svg.tmpl.
type terminalPicture struct {
	Width, Height, FontSize, Margin int
	Lines                           []pictureLine
}

// A pictureLine is a command or a line of output. A part of it may be highlighted.
type pictureLine struct {
	Y                     int
	Command               bool
	Before, Marked, After string
}

// transcript returns the commands of the README's tour and their output, from its console blocks.
func transcript(t *testing.T) terminalPicture {
	t.Helper()
	picture := terminalPicture{FontSize: fontSize, Margin: margin}
	found := map[*regexp.Regexp]bool{}
	terminal, widest, y := "1", 0, titleBar
	add := func(line pictureLine) {
		y += lineHeight
		line.Y = y
		picture.Lines = append(picture.Lines, line)
		widest = max(widest, utf8.RuneCountInString(line.Before+line.Marked+line.After)+len("$ "))
	}
	for _, b := range read(t, "README.md") {
		if b.language != "console" {
			continue
		}
		commands, err := b.commands()
		if err != nil {
			t.Fatal(err)
		}
		if b.terminal() != terminal {
			terminal, y = b.terminal(), y+lineHeight/2
		}
		for _, c := range commands {
			add(pictureLine{Command: true, Before: c.text})
			for _, text := range c.want {
				if line, pattern := marked(text); pattern != nil {
					found[pattern] = true
					add(line)
				}
			}
			if c.text != lastInPicture {
				continue
			}
			for _, pattern := range inPicture {
				if !found[pattern] {
					t.Errorf("no line of README.md's tour matches %s: change inPicture", pattern)
				}
			}
			picture.Width, picture.Height = int(float64(widest)*charWidth)+2*margin, y+margin
			return picture
		}
	}
	t.Fatalf("%q is not in README.md's tour: change lastInPicture", lastInPicture)
	return picture
}

// marked returns a line of output for the picture, and the pattern that it matches. The pattern is nil if the picture omits the line.
func marked(text string) (pictureLine, *regexp.Regexp) {
	text = strings.TrimRight(text, " ")
	for _, pattern := range inPicture {
		switch at := pattern.FindStringSubmatchIndex(text); {
		case at == nil:
		case len(at) == 4:
			return pictureLine{Before: text[:at[2]], Marked: text[at[2]:at[3]], After: text[at[3]:]}, pattern
		default:
			return pictureLine{Before: text}, pattern
		}
	}
	return pictureLine{}, nil
}
