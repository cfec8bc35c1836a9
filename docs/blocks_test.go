package docs

import (
	"fmt"
	"slices"
	"strings"
)

// A block is a fenced block of a document. The info string of the fence is a language, followed by attributes:
//
//	console             a terminal session: "$ COMMAND" and its output, where "..." matches any number of lines
//	console running     the last command keeps running; the block shows its first output
//	console fails       the last command fails
//	console terminal=2  a session in another terminal
//	sh                  commands without their output
//	go, yaml            a file; its path is in a comment on the first line
//	diff                a change to files, in git's format
//	text                none of these
type block struct {
	line       int // of the fence
	language   string
	attributes []string
	lines      []string
}

// A command is a command in a document, with its expected output.
type command struct {
	line int
	text string
	want []string
	// fails means that the command must fail.
	fails bool
}

// interrupt is the output of a terminal when its user presses Ctrl-C.
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

// name returns the name of the block's subtest.
func (b block) name() string { return fmt.Sprintf("line %d", b.line) }

func (b block) has(attribute string) bool { return slices.Contains(b.attributes, attribute) }

// typed reports whether the block contains commands.
func (b block) typed() bool { return b.language == "console" || b.language == "sh" }

// terminal returns the name of the terminal in which the block is typed.
func (b block) terminal() string {
	for _, attribute := range b.attributes {
		if name, ok := strings.CutPrefix(attribute, "terminal="); ok {
			return name
		}
	}
	return "1"
}

// commands returns the commands of a block. The first may be an interrupt.
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

// path returns the path in the comment on the first line of a block that is a file.
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

// content returns the block as a file, without the line with its path.
func (b block) content() string { return strings.TrimLeft(strings.Join(b.lines[1:], "\n")+"\n", "\n") }
