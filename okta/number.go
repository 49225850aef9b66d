package okta

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// exactNumbers reads whole numbers in free-form profiles as int64, so that long
// ones keep their digits, and all other numbers as float64.
func exactNumbers() json.Options {
	return json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *any) error {
		if d.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if n, err := strconv.ParseInt(token.String(), 10, 64); err == nil {
			*v = n
			return nil
		}
		*v, err = token.Float()
		return err
	}))
}
