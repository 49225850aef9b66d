package configs

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// scalar reads one number or text, within the bounds of the schema.
func (r *reader) scalar(path string, n *yaml.Node, s *jsonschema.Schema) (any, bool) {
	if s.Format != formatSecret && s.Format != formatStore && reference.MatchString(n.Value) {
		r.fault(path, n, "is a reference, which only secrets and state.url may be", "write the value itself"+orVariable(path))
		return nil, false
	}
	var v any
	var message, mend string
	switch s.Type {
	case "integer":
		v, message, mend = readInt(n, s)
	case "number":
		v, message, mend = readNumber(n, s)
	case "boolean":
		v, message, mend = readBool(n)
	default:
		v, message, mend = readText(n, s)
	}
	if message != "" {
		r.fault(path, n, message, mend)
	}
	return v, message == ""
}

// orVariable names the variable that overrides the key at path, if there is one.
func orVariable(path string) string {
	for _, k := range knownKeys() {
		if k.path == path {
			return ", or set " + k.variable()
		}
	}
	return ""
}

func readInt(n *yaml.Node, s *jsonschema.Schema) (v any, message, mend string) {
	var i int
	if n.ShortTag() != "!!int" || n.Decode(&i) != nil {
		return nil, "is " + kindOf(n) + " where a whole number belongs", numberMend(n, s)
	}
	message, mend = inRange(float64(i), n.Value, s)
	return i, message, mend
}

func readNumber(n *yaml.Node, s *jsonschema.Schema) (v any, message, mend string) {
	var f float64
	tag := n.ShortTag()
	if tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, "is " + kindOf(n) + " where a number belongs", numberMend(n, s)
	}
	message, mend = inRange(f, n.Value, s)
	return f, message, mend
}

// readBool takes true and false. That yes and on were once the same is known to
// people, and to no JSON.
func readBool(n *yaml.Node) (v any, message, mend string) {
	var b bool
	if n.ShortTag() == "!!bool" && n.Decode(&b) == nil {
		return b, "", ""
	}
	mend = "write true or false, without quotes"
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on", "y", "1":
		mend = "write true, without quotes"
	case "false", "no", "off", "n", "0":
		mend = "write false, without quotes"
	}
	return nil, "is " + kindOf(n) + " where true or false belongs", mend
}

var numeral = regexp.MustCompile(`^\s*(\d{1,6})(?:[.,](\d{1,6}))?\s*(%?)\s*$`)

// numberMend tells the number that somebody put in quotes, wrote as 5% or with
// a comma, where it is one that the key takes.
func numberMend(n *yaml.Node, s *jsonschema.Schema) string {
	m := numeral.FindStringSubmatch(n.Value)
	if m == nil || s.Type == "integer" && (m[2] != "" || m[3] != "") {
		return example(s)
	}
	f, _ := strconv.ParseFloat(m[1]+"."+m[2], 64) // what the pattern takes is a number
	if most, set := bound(s.Maximum); set && m[3] != "" && most <= 1 {
		f /= 100 // a share, not a percentage
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if message, _ := inRange(f, text, s); message != "" {
		return example(s)
	}
	return "write " + text + ", without quotes"
}

func inRange(f float64, text string, s *jsonschema.Schema) (message, mend string) {
	if least, set := bound(s.Minimum); set && f < least {
		return text + " is too small", example(s)
	}
	if most, set := bound(s.Maximum); set && f > most {
		return text + " is too large", example(s)
	}
	return "", ""
}

func bound(n json.Number) (float64, bool) {
	f, err := n.Float64()
	return f, err == nil
}

func readText(n *yaml.Node, s *jsonschema.Schema) (v any, message, mend string) {
	switch tag := n.ShortTag(); {
	case s.Format == formatSecret:
		return readSecretRef(n)
	case tag == "!!null":
		return nil, "has no value", `write one, or "" for none, or remove the key`
	case s.Format == formatDuration:
		return readDuration(n)
	case tag != "!!str" && tag != "!!timestamp":
		return nil, "is " + kindOf(n) + " where text belongs", "put it in quotes: " + strconv.Quote(n.Value)
	}
	if len(s.Enum) == 0 {
		return n.Value, "", ""
	}
	return readWord(n, s)
}

func readWord(n *yaml.Node, s *jsonschema.Schema) (v any, message, mend string) {
	var words []string
	for _, e := range s.Enum {
		if e == n.Value {
			return n.Value, "", ""
		}
		words = append(words, fmt.Sprint(e))
	}
	mend = "write one of " + strings.Join(words, ", ")
	if near := nearest(n.Value, words); near != "" {
		mend += "; did you mean " + near + "?"
	}
	return nil, fmt.Sprintf("%q is not known", n.Value), mend
}

var days = regexp.MustCompile(`^(\d{1,5})\s*(d|day|days|w|week|weeks)$`)

func readDuration(n *yaml.Node) (v any, message, mend string) {
	const form = "write a duration such as 24h, 90m or 10s"
	text := strings.TrimSpace(n.Value)
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		return nil, text + " is negative", form
	}
	if err == nil {
		return d.String(), "", ""
	}
	if m := days.FindStringSubmatch(text); m != nil {
		count, _ := strconv.Atoi(m[1]) // five digits always fit
		if m[2][0] == 'w' {
			count *= 7
		}
		return nil, fmt.Sprintf("%q: days and weeks are not known, hours are the largest unit", text), fmt.Sprintf("write %dh", count*24)
	}
	if _, err := strconv.ParseUint(text, 10, 64); err == nil {
		return nil, text + " has no unit", "write " + text + "s for seconds, " + text + "m for minutes or " + text + "h for hours"
	}
	return nil, fmt.Sprintf("%q is not a duration", n.Value), form
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!str":
		return "text"
	}
	return "something else"
}

func wanted(s *jsonschema.Schema) string {
	switch {
	case s.Format == formatSecret:
		return "a reference to a secret"
	case s.Format == formatDuration:
		return "a duration"
	case s.Type == "integer":
		return "a whole number"
	case s.Type == "number":
		return "a number"
	case s.Type == "boolean":
		return "true or false"
	}
	return "text"
}

// example tells what would be right.
func example(s *jsonschema.Schema) string {
	least, most := s.Minimum.String(), s.Maximum.String()
	switch {
	case s.Type == "object" && s.Properties.Len() > 0:
		return "write " + s.Properties.Oldest().Key + ": and such below it, indented"
	case s.Type == "object":
		return `write name: value lines below it, indented, or {}`
	case s.Type == "array" && s.Items.Format == formatSecret:
		return `write ["${env:NAME}"]`
	case s.Type == "array":
		return `write a list such as ["..."], or []`
	case s.Format == formatSecret:
		return `write "${env:NAME}" in quotes`
	case s.Format == formatDuration:
		return "write a duration such as 24h"
	case s.Type == "string":
		return "put the value in quotes"
	case s.Type == "boolean":
		return "write true or false"
	case least != "" && most != "":
		return "give a number from " + least + " to " + most
	}
	return "give a number from " + least
}
