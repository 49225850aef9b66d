package console

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omnisync/omnisync/state"
)

// The forms besides JSON in which the provisioning log is given.
const (
	FormatLines = "jsonl" // one change a line
	FormatCSV   = "csv"   // for a spreadsheet: what fits into columns
)

// Formats lists them.
func Formats() []string { return []string{FormatCSV, FormatLines} }

// export gives changes as a file to keep.
func export(w http.ResponseWriter, form string, changes []state.Change) {
	kind := "application/x-ndjson"
	if form == FormatCSV {
		kind = "text/csv; charset=utf-8"
	}
	head(w, kind)
	w.Header().Set("Content-Disposition", `attachment; filename="provisioning-log.`+form+`"`)
	_ = Export(w, form, changes) // the client left
}

// Export writes changes in one of the forms.
func Export(w io.Writer, form string, changes []state.Change) error {
	switch form {
	case FormatLines:
		e := json.NewEncoder(w)
		for _, c := range changes {
			if err := e.Encode(c); err != nil {
				return err
			}
		}
		return nil
	case FormatCSV:
		return sheet(w, changes)
	}
	return fmt.Errorf("no form %q of the log is known", form)
}

// columns of a sheet. New ones come last: whoever reads it may count.
var columns = []string{"time", "kind", "name", "state", "reason", "error", "run", "cause", "okta_id", "omni_id", "differs", "members_in", "members_out"}

func sheet(w io.Writer, changes []state.Change) error {
	s := csv.NewWriter(w)
	_ = s.Write(columns) // Error tells
	for _, c := range changes {
		var differs []string
		for _, d := range differences(c) {
			differs = append(differs, d.Name+": "+d.Before+" -> "+d.After)
		}
		_ = s.Write(cells(c.Time.UTC().Format(time.RFC3339Nano), c.Kind, cmp.Or(c.UserName, c.Group, c.OktaID), string(c.State), c.Reason,
			c.Error, c.Run, c.Cause, c.OktaID, c.OmniID, strings.Join(differs, "; "), strings.Join(come(c), "; "), strings.Join(going(c), "; ")))
	}
	s.Flush()
	return s.Error()
}

// formula is what the texts begin with that a spreadsheet would calculate, in some also the
// wide forms.
const formula = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// cells are texts that a spreadsheet takes as such: names come from people, and one that
// begins like a formula would be one.
func cells(texts ...string) []string {
	for i, t := range texts {
		if first, _ := utf8.DecodeRuneInString(t); t != "" && strings.ContainsRune(formula, first) {
			texts[i] = "'" + t
		}
	}
	return texts
}
