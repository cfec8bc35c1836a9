package docs

import (
	"fmt"
	"slices"
	"strings"
)

// A block is a fenced block of a document. What its fence says is its language and, after that, attributes.
//
//	console             a terminal: "$ COMMAND" and what it prints, where "..." stands for any number of lines
//	console running     the same; the last command goes on running, and what is shown is what it prints at first
//	console fails       the same; the last command fails
//	console terminal=2  the same, in another terminal
//	sh                  commands whose output is not shown
//	go, yaml            a file, whose path is in a comment on the first line
//	diff                a change to files, as git shows it
//	text                none of these
type block struct {
	line       int // where its fence is
	language   string
	attributes []string
	lines      []string
}

// A command is a command line of a document, and what it prints there.
type command struct {
	line int
	text string
	want []string
	// fails says that the command does not succeed.
	fails bool
}

// interrupt is what a terminal shows when its user ends what runs in it.
const interrupt = "^C"

// blocksOf returns the fenced blocks of a document.
func blocksOf(markdown string) ([]block, error) {
	var blocks []block
	var open *block
	for i, line := range strings.Split(markdown, "\n") {
		fence, found := strings.CutPrefix(line, "```")
		switch {
		case !found && open != nil:
			open.lines = append(open.lines, line)
		case !found:
		case open != nil:
			blocks = append(blocks, *open)
			open = nil
		default:
			fields := strings.Fields(fence)
			if len(fields) == 0 {
				return nil, fmt.Errorf("line %d: a block needs a language: text, if it is nothing to run", i+1)
			}
			open = &block{line: i + 1, language: fields[0], attributes: fields[1:]}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block has no end", open.line)
	}
	return blocks, nil
}

// name is the block's name as a test.
func (b block) name() string { return fmt.Sprintf("line %d", b.line) }

func (b block) has(attribute string) bool { return slices.Contains(b.attributes, attribute) }

// typed says whether the block is commands.
func (b block) typed() bool { return b.language == "console" || b.language == "sh" }

// terminal is where a block is typed.
func (b block) terminal() string {
	for _, attribute := range b.attributes {
		if name, ok := strings.CutPrefix(attribute, "terminal="); ok {
			return name
		}
	}
	return "1"
}

// commands returns the commands of a block, which may begin with an interrupt.
func (b block) commands() ([]command, error) {
	var commands []command
	for i, line := range b.lines {
		line, number := strings.TrimRight(line, " \t"), b.line+1+i
		text, prompted := strings.CutPrefix(line, "$ ")
		switch {
		case b.language == "sh" && (line == "" || strings.HasPrefix(line, "#")):
		case b.language == "sh":
			commands = append(commands, command{line: number, text: line, want: []string{wildcard}})
		case prompted:
			commands = append(commands, command{line: number, text: text})
		case line == interrupt:
			commands = append(commands, command{line: number, text: interrupt})
		case len(commands) == 0:
			return nil, fmt.Errorf("line %d: output without a command", number)
		default:
			last := &commands[len(commands)-1]
			last.want = append(last.want, line)
		}
	}
	return commands, nil
}

// path is the file that a block is the content of: its first line, a comment, says so.
func (b block) path() (string, error) {
	if len(b.lines) > 0 {
		for _, comment := range []string{"// ", "# "} {
			if name, ok := strings.CutPrefix(b.lines[0], comment); ok && strings.HasSuffix(name, "."+b.language) {
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("line %d: the first line of a %s block is a comment with the path of the file", b.line, b.language)
}

// content is the block as a file, without the line that names it.
func (b block) content() string { return strings.TrimLeft(strings.Join(b.lines[1:], "\n")+"\n", "\n") }
