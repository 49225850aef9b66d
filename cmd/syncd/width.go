package main

import (
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

const (
	// leastWidth is the narrowest terminal that lines are wrapped for.
	leastWidth = 20
	// hanging is how much further than its beginning the rest of a line stands.
	hanging = 4
)

// widthOf gives the columns of the terminal that w is; 0 where it is none, or doesn't
// know its size.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < leastWidth {
		return 0
	}
	return width
}

// fit breaks a line at its spaces, and a word that is too long anywhere, so that no part
// is wider than width; what follows the first part stands further in. Colours take no room.
func fit(line string, width int) string {
	if width <= 0 || text.StringWidthWithoutEscSequences(line) <= width {
		return line
	}
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if indent += hanging; indent > width/2 {
		indent = hanging
	}
	begin := strings.Repeat(" ", indent)
	head, rest := cut(line, width)
	var out strings.Builder
	for out.WriteString(head); rest != ""; {
		head, rest = cut(rest, width-indent)
		out.WriteString("\n" + begin + head)
	}
	return out.String()
}

// cut gives what of a line fits into width, up to a space if it can, and the rest.
func cut(line string, width int) (head, rest string) {
	used, space, escape := 0, 0, false
	for i, r := range line {
		switch {
		case escape:
			escape = r != 'm'
			continue
		case r == '\x1b':
			escape = true
			continue
		case r == ' ' && strings.TrimLeft(line[:i], " ") != "":
			space = i
		}
		used += text.RuneWidth(r)
		if used <= width {
			continue
		}
		if space == 0 {
			space = i
		}
		return strings.TrimRight(line[:space], " "), strings.TrimLeft(line[space:], " ")
	}
	return strings.TrimRight(line, " "), ""
}
