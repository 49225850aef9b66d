package okta

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is a free-form JSON object that stays unread until somebody needs it;
// nil where the answer has null or nothing.
type object []byte

// UnmarshalJSONFrom takes an object or null, and refuses everything else.
func (o *object) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	text, err := d.ReadValue()
	switch {
	case err != nil:
		return err
	case kind == 'n':
		*o = nil
	case kind == '{':
		*o = bytes.Clone(text)
	default:
		return fmt.Errorf("a profile is neither an object nor null")
	}
	return nil
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
