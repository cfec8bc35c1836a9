package display

import (
	"io"
	"os"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// A Style is how text is printed to a writer.
type Style struct {
	// Terminal means that printed lines can be updated.
	Terminal bool
	// Color means that text can have colors.
	Color bool
}

// StyleOf returns the style of a writer: plain, unless it is a terminal. NO_COLOR turns off the colors.
func StyleOf(w io.Writer, getenv func(string) string) Style {
	file, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(file.Fd())) && getenv("TERM") != "dumb"
	return Style{Terminal: terminal, Color: terminal && getenv("NO_COLOR") == ""}
}

// Paint returns a text with attributes, if the style has colors.
func (s Style) Paint(text string, attributes ...color.Attribute) string {
	painter := color.New(attributes...)
	if !s.Color {
		return text
	}
	painter.EnableColor() // it would decide by the standard output
	return painter.Sprint(text)
}
