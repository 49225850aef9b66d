package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// printer writes for a person. The first error of the writer is kept by the
// buffer and told at its end.
type printer struct {
	w     *bufio.Writer
	color bool
	width int // of the terminal, in columns; 0: lines are as long as they are
}

// print gives write a printer on standard output, coloured on a terminal only,
// and never with NO_COLOR set or on one that knows no colours. Lines are wrapped to the
// terminal's width; what goes elsewhere is neither wrapped nor cut.
func (a *app) print(write func(*printer)) error {
	p := &printer{w: bufio.NewWriter(a.Out), width: widthOf(a.Out)}
	p.color = isTerminal(a.Out) && !hasVariable(a.Environ, "NO_COLOR") && !slices.Contains(a.Environ, "TERM=dumb")
	write(p)
	return p.w.Flush()
}

// isTerminal reports whether a stream of the shell's is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// hasVariable reports whether environ sets name to something.
func hasVariable(environ []string, name string) bool {
	return slices.ContainsFunc(environ, func(e string) bool {
		return strings.HasPrefix(e, name+"=") && len(e) > len(name)+1
	})
}

func (p *printer) line(format string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		_, _ = fmt.Fprintln(p.w, fit(line, p.width))
	}
}

func (p *printer) paint(s string, colors ...text.Color) string {
	if !p.color {
		return s
	}
	return text.Colors(colors).Sprint(s)
}

// title begins a section.
func (p *printer) title(s string) { p.line("\n%s", p.paint(s, text.Bold)) }

// alarm begins a section that nobody should overlook.
func (p *printer) alarm(s string) { p.line("\n%s", p.paint(s, text.Bold, text.FgYellow)) }

// clean takes out what would steer a terminal or hide text on it: names come
// from directories that many may write to.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// counted gives "1 user", "2 users".
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
