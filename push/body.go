package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of a body. SCIM needs six levels.
const maxDepth = 20

// readBody reads one JSON object, strictly: what comes twice, whatever the letter
// case, is refused, since nobody can tell which of the two was meant; so is
// anything after the object.
func readBody(r *http.Request) (map[string]any, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, tooLarge
		}
		return nil, malformed("the body broke off: send it again")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, malformed("the body is empty: send a JSON object")
	}
	d := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := readValue(d, "")
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformed("something follows the JSON object: send the object alone")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("the body is %s: send a JSON object", typeName(v))
	}
	return object, nil
}

// readValue reads one value; where is its place, for people.
func readValue(d *jsontext.Decoder, where string) (any, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, notJSON(d, err)
	}
	if d.StackDepth() > maxDepth {
		return nil, malformed("the body is nested deeper than %d levels", maxDepth)
	}
	switch t.Kind() {
	case '{':
		return readObject(d, where)
	case '[':
		return readList(d, where)
	case '"':
		return t.String(), nil
	case '0':
		n := json.Number(t.String())
		if _, err := n.Float64(); err != nil {
			return nil, malformed("%s: a number that no program could read back", where)
		}
		return n, nil
	case 't', 'f':
		return t.Bool(), nil
	default: // null; the reader lets no other token stand here
		return nil, nil
	}
}

func readObject(d *jsontext.Decoder, where string) (any, error) {
	object, seen := map[string]any{}, map[string]string{}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, notJSON(d, err)
		}
		name := t.String()
		folded := strings.ToLower(name)
		if !strings.EqualFold(where, omniURN) { // Omni's references may differ in case alone
			if twin, ok := seen[folded]; ok {
				return nil, malformed("%s and %s are one attribute: send it once", join(where, twin), name)
			}
			seen[folded] = name
		}
		if object[name], err = readValue(d, join(where, name)); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func readList(d *jsontext.Decoder, where string) (any, error) {
	list := []any{}
	for d.PeekKind() != ']' {
		v, err := readValue(d, where)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}

func notJSON(d *jsontext.Decoder, err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return malformed("an attribute comes twice in the object at byte %d: send it once", d.InputOffset())
	}
	return malformed("the body isn't JSON from byte %d on: %s", d.InputOffset(), jsonReason(err))
}

// jsonReason is the reader's word on what is wrong, without its package's name.
func jsonReason(err error) string {
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok && s.Err != nil {
		return s.Err.Error()
	}
	return "it ends too early"
}

func join(where, name string) string {
	if where == "" {
		return name
	}
	return where + "." + name
}

// typeName names a value's type in JSON's words.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}

// member finds an object's member in any letter case.
func member(object map[string]any, name string) (any, bool) {
	if v, ok := object[name]; ok {
		return v, true
	}
	for key, v := range object {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	return nil, false
}
