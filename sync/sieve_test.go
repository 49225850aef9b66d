package sync

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"pgregory.net/rapid"
)

// Whatever stands in the log, a question gives the lines that it would give if each were
// looked at closely: what is left undecoded is never what was wanted.
func TestHistoryMissesNothing(t *testing.T) {
	names := rapid.SampledFrom([]string{"ann@x.co", "Ann@X.co", "ann@x.company", `q"uo\te@x.co`, "größe@x.co", "GRÖßE@x.co", "ann", "\u212aim@x.co", "kim@x.co", "a\tb", "update", "00u1", "time"})
	ids := rapid.SampledFrom([]string{"00u1", "00u2", "00U1", ""})
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		hour := rapid.IntRange(0, 40)
		var lines []state.Change
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			c := state.Change{Kind: rapid.SampledFrom([]string{"update", "create", "members"}).Draw(t, "kind"), OktaID: ids.Draw(t, "id"), Run: rapid.SampledFrom([]string{"r1", `r"2`}).Draw(t, "run"),
				State: state.Applied, Time: begin.Add(time.Duration(hour.Draw(t, "at")) * time.Hour), Reason: names.Draw(t, "reason")}
			value := identity.Value(rapid.SampledFrom([]string{`"ann@x.co"`, `"2026-01-01T05:00:00Z"`}).Draw(t, "value"))
			c.Before = &state.Facts{Attributes: map[string]*identity.Value{"time": &value, "kind": &value}}
			if c.Kind == "members" {
				c.Group, c.After = names.Draw(t, "group"), &state.Facts{Members: []string{names.Draw(t, "member")}}
			} else {
				c.UserName, c.After = names.Draw(t, "name"), &state.Facts{UserName: names.Draw(t, "new name")}
			}
			lines = append(lines, c)
		}
		f := HistoryFilter{Subject: rapid.OneOf(names, rapid.Just("")).Draw(t, "subject"), Kind: rapid.SampledFrom([]string{"", "update"}).Draw(t, "wanted kind"),
			Run: rapid.SampledFrom([]string{"", "r1", `r"2`}).Draw(t, "wanted run"), Skip: rapid.IntRange(0, 3).Draw(t, "skip"), Limit: rapid.IntRange(0, 5).Draw(t, "limit")}
		if rapid.Bool().Draw(t, "since") {
			f.Since = begin.Add(time.Duration(hour.Draw(t, "from")) * time.Hour)
		}
		if rapid.Bool().Draw(t, "until") {
			f.Until = begin.Add(time.Duration(hour.Draw(t, "before")) * time.Hour)
		}
		var b state.Batch
		var text [][]byte
		for i, c := range lines {
			state.Add(&b, state.Log, c)
			text = append(text, b.Appends[i].Value)
		}
		got, err := f.among(logOf(text, f.Subject != ""))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(closely(lines, f), got); diff != "" {
			t.Errorf("%+v of %d lines (-want +got):\n%s", f, len(lines), diff)
		}
	})
}

// closely looks at each line.
func closely(lines []state.Change, f HistoryFilter) []state.Change {
	who := f.identified(lines)
	found := slices.DeleteFunc(slices.Clone(lines), func(c state.Change) bool {
		return !f.allows(c) || f.Subject != "" && !f.named(c) && !who.ids[c.OktaID] && !who.moved(c)
	})
	found = append([]state.Change{}, stretch(found, f.Skip, f.Limit)...)
	return found
}
