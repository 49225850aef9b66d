package okta

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is a free-form JSON object that stays unread until somebody needs it;
// nil where the answer has null or nothing. It is a part of the answer, which it keeps.
type object []byte

// objectsIn takes each object, or null, from its place in body, which is being
// read, and refuses everything else.
func objectsIn(body []byte) json.Options {
	return json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, o *object) error {
		kind := d.PeekKind()
		text, err := d.ReadValue() // valid until the next one is read
		switch {
		case err != nil:
			return err
		case kind == 'n':
			*o = nil
		case kind == '{':
			end := d.InputOffset()
			*o = body[end-int64(len(text)) : end : end]
		default:
			return fmt.Errorf("a profile is neither an object nor null")
		}
		return nil
	}))
}

// fields reads the object; nil where there is none.
func (o object) fields() (map[string]any, error) {
	if o == nil {
		return nil, nil
	}
	var fields map[string]any
	err := json.Unmarshal(o, &fields, exactNumbers())
	return fields, err
}
