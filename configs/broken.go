package configs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// The library counts the lines of these errors from 0, of all others from 1.
	fromZero      = regexp.MustCompile(`did not find expected (<|node|'-'|key|',' or)`)
	unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
)

// slip is a mistake that people make in YAML and that the library's own words
// don't name. What the first group of its cause matches is the place.
type slip struct{ cause, message, mend string }

var slips = []slip{
	{`^ *(\t)`, "the line is indented by a tab", "indent by spaces"},
	{`(-----BEGIN )`, "a private key stands here, and a secret must not stand in the configuration",
		"save it in a file that only syncd may read, write ${file:PATH}, and replace the key in Okta"},
	{`^(?:\s*|(?:.*[^$])?[\[{](?:.*[\s,:\[{])?)(\$\{)`, "${...} stands inside [ ] or { } without quotes", `put it in quotes: "${env:NAME}"`},
	{"(?:[:,-]\\s+|[\\[{]\\s*)([*@%`])", "the value begins with a character that YAML keeps for itself", "put the value in quotes"},
	{`^ *(?:- )?[a-z_]+(:)[^\s/]`, "no space follows the colon", "write key: value, with a space"},
}

// broken tells that the file isn't YAML, and why, as far as that shows.
func (r *reader) broken(err error, data []byte) {
	told, lines := err.Error(), strings.Split(string(data), "\n")
	at := lineOf(told, lines)
	if n, s := findSlip(lines, max(at, 1)); n != nil {
		r.fault("", n, "not valid YAML: "+s.message, s.mend)
		return
	}
	r.fault("", &yaml.Node{Line: at}, "not valid YAML: "+yamlLine.ReplaceAllString(told, ""),
		`put a value that holds ": " or begins with a sign in quotes, close every quote, and indent the keys of a section alike`)
}

// lineOf gives the line that the library's error is about, 0 where it tells none.
func lineOf(told string, lines []string) int {
	at := 0
	if m := yamlLine.FindStringSubmatch(told); m != nil {
		at, _ = strconv.Atoi(m[1]) // "", which is the first line or none, stays 0
	}
	switch anchor := unknownAnchor.FindStringSubmatch(told); {
	case anchor != nil:
		return 1 + slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "*"+anchor[1]) })
	case fromZero.MatchString(told):
		return at + 1
	case strings.Contains(told, "tab character"): // told of the last line before it that isn't empty
		for i, line := range lines[min(max(at-1, 0), len(lines)):] {
			if strings.Contains(line, "\t") {
				return max(at, 1) + i
			}
		}
	}
	return at
}

// findSlip looks for a slip in the line that the library names, and in those
// beside it: it often stops one early or late.
func findSlip(lines []string, at int) (*yaml.Node, slip) {
	for _, line := range []int{at, at + 1, at - 1} {
		if line < 1 || line > len(lines) {
			continue
		}
		text := lines[line-1]
		for _, s := range slips {
			if m := regexp.MustCompile(s.cause).FindStringSubmatchIndex(text); m != nil {
				return &yaml.Node{Line: line, Column: utf8.RuneCountInString(text[:m[2]]) + 1}, s
			}
		}
	}
	return nil, slip{}
}
