package console

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
)

// The forms besides JSON in which the provisioning log is given.
const (
	formatLines = "jsonl" // one change a line
	formatCSV   = "csv"   // for a spreadsheet: what fits into columns
)

// export gives changes as a file to keep.
func export(w http.ResponseWriter, form string, changes []state.Change) {
	kind := "application/x-ndjson"
	if form == formatCSV {
		kind = "text/csv; charset=utf-8"
	}
	head(w, kind)
	w.Header().Set("Content-Disposition", `attachment; filename="provisioning-log.`+form+`"`)
	if form == formatLines {
		e := json.NewEncoder(w)
		for _, c := range changes {
			if e.Encode(c) != nil {
				return // the client left
			}
		}
		return
	}
	sheet := csv.NewWriter(w)
	_ = sheet.Write([]string{"time", "kind", "name", "state", "reason", "error", "run", "cause", "okta_id", "omni_id", "differs"})
	for _, c := range changes {
		var differs []string
		for _, d := range differences(c) {
			differs = append(differs, d.Name+": "+d.Before+" -> "+d.After)
		}
		_ = sheet.Write(cells(c.Time.UTC().Format(time.RFC3339Nano), c.Kind, cmp.Or(c.UserName, c.Group, c.OktaID), string(c.State), c.Reason,
			c.Error, c.Run, c.Cause, c.OktaID, c.OmniID, strings.Join(differs, "; ")))
	}
	sheet.Flush() // an error is the client's, who left
}

// cells are texts that a spreadsheet takes as such: names come from people, and one that
// begins like a formula would be one.
func cells(texts ...string) []string {
	for i, t := range texts {
		if t != "" && strings.ContainsRune("=+-@\t\r", rune(t[0])) {
			texts[i] = "'" + t
		}
	}
	return texts
}
