package sync

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
)

// settles is why a removal waits whose waiting time is over within moments.
func settles(due time.Time) string { return "settles until " + moment(due) }

// refusedWords names what nobody could take over, and why the last one couldn't.
func refusedWords(items []state.Item) string {
	var list []string
	for _, item := range items {
		if item.State != state.ItemRefused {
			continue
		}
		list = append(list, fmt.Sprint("nobody can take over ", item)+bracketed(strings.Join(triedWords(item), "; ")))
	}
	return joined(list, 3)
}

// Words counts what is owned, such as "2 schedules to 5 recipients and 1 document".
func (o Owned) Words() string {
	var list []string
	if o.Schedules > 0 || o.Documents == nil {
		words := counted(o.Schedules, "schedule")
		if o.Recipients != nil && *o.Recipients > 0 {
			words += " to " + counted(*o.Recipients, "recipient")
		}
		list = append(list, words)
	}
	if o.Documents != nil && *o.Documents > 0 {
		list = append(list, counted(*o.Documents, "document"))
	}
	words := firstOf(joined(list, len(list)), "nothing")
	if o.Documents == nil {
		words += ", documents not counted"
	}
	return words
}

// Became counts what became of it, such as "1 given to bob@acme.co, 1 waits"; "" where
// nothing has yet, and nothing is to.
func (o Owned) Became() string {
	var list []string
	add := func(n int, words string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, words))
		}
	}
	add(o.Transferred, "given to "+joined(o.To, 3))
	add(o.Saved, "saved")
	add(o.Waiting, one(o.Waiting, "waits", "wait"))
	add(o.Refused, "refused by all who might take over")
	add(o.Left, "left alone")
	add(o.Gone, "gone meanwhile")
	return strings.Join(list, ", ")
}

// Goes tells when it goes on, and by what.
func (v Leaver) Goes() string {
	switch {
	case v.Step == Staying:
		return "doesn't go on"
	case v.Step == state.AtGuard:
		return "when somebody approves it"
	case !v.Until.IsZero():
		return moment(v.Until)
	case v.Step == state.InGrace:
		return "when the clocks agree"
	default:
		return "with the next run"
	}
}

// About tells where somebody is on the way out, in sentences without the full stop.
func (v Leaver) About() []string {
	words := stepWords(v.Step)
	switch {
	case v.Step == state.InGrace:
		words = v.Reason + "; unassigned since " + moment(v.Unassigned)
	case v.Step == Staying:
		words += ": " + v.Reason
	default:
		words = strings.TrimSuffix(words+", since "+moment(v.Since)+": "+v.Reason, ": ")
	}
	list := []string{words}
	if v.AtOnce != nil {
		list = append(list, fmt.Sprintf("the grace was ended by %s at %s", v.AtOnce.By, moment(v.AtOnce.At)))
	}
	if v.Owns != nil {
		owns := "they own " + v.Owns.Words()
		if became := v.Owns.Became(); became != "" {
			owns += ": " + became
		}
		list = append(list, owns)
	}
	if v.Handover != "" && !v.walks {
		list = append(list, "what they own: "+v.Handover)
	}
	list = append(list, itemsWords(v.Items)...)
	for _, h := range v.To {
		list = append(list, heirWords(h))
	}
	if !v.Overdue.IsZero() {
		list = append(list, "the handover takes longer than deprovision.handover.within allows, since "+moment(v.Overdue)+": a person is to look at it")
	}
	if v.Access != "" {
		list = append(list, "meanwhile "+v.Access)
	}
	return list
}

// heirWords tells of somebody who may take over, or why not.
func heirWords(h state.Candidate) string {
	switch {
	case h.Why != "":
		return "nobody takes over by " + h.Entry + ": " + h.Why
	case len(h.Differs) > 0:
		return h.Email + " may take over, and has another " + strings.Join(h.Differs, ", ") + " than they: what runs with it may send other rows"
	default:
		return h.Email + " may take over"
	}
}

func stepWords(s state.Step) string {
	switch s {
	case state.AtGuard:
		return "the end of the membership waits for approval"
	case state.AtReading:
		return "what they own is to be read before the membership ends"
	case state.InHandover:
		return "what they own is saved, or given to others, before the membership ends"
	case state.AtConfirm:
		return "Okta is asked once more, then the membership ends"
	case state.AtEnd:
		return "the membership is being ended"
	default:
		return "the membership doesn't end"
	}
}

// itemsTold is how many things are told one by one, those first that aren't done.
const itemsTold = 10

func itemsWords(items []state.Item) []string {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b state.Item) int {
		return cmp.Compare(slices.Index(itemsInOrder, a.State), slices.Index(itemsInOrder, b.State))
	})
	var list []string
	for _, item := range items[:min(len(items), itemsTold)] {
		list = append(list, itemWords(item))
	}
	if more := len(items) - itemsTold; more > 0 {
		list = append(list, fmt.Sprintf("and %d more, which syncd leavers --json names", more))
	}
	return list
}

var itemsInOrder = []state.ItemState{state.ItemRefused, state.ItemWaiting, state.ItemTransferred, state.ItemSaved, state.ItemLeft, state.ItemGone}

// itemWords tells one thing that a leaver owns, and what became of it.
func itemWords(item state.Item) string {
	words := item.String()
	if item.Detail != "" {
		words += " (" + item.Detail + ")"
	}
	switch item.State {
	case state.ItemTransferred:
		words += ": given to " + item.To
	case state.ItemSaved:
		words += ": saved"
	case state.ItemGone:
		words += ": deleted or taken over by somebody meanwhile"
	case state.ItemLeft:
		words += ": left alone"
	case state.ItemRefused:
		words += ": refused by all who might take over"
	default:
		words += ": waits"
	}
	if item.Saved && item.State != state.ItemSaved {
		words += ", and saved"
	}
	list := []string{words}
	for _, t := range item.Tried {
		list = append(list, fmt.Sprintf("%s can't: %s", t.To, t.Why))
	}
	return strings.Join(list, "; ")
}

// intends tells what the policy does with what a leaver owns before the membership ends,
// "" where it does nothing.
func intends(h state.Handover) string {
	if !asksFor(h) {
		return ""
	}
	schedules := treated(h.Schedules)
	if h.Schedules == state.Transfer {
		schedules += " and run with their data access from then on"
	}
	return "schedules " + schedules + ", documents " + treated(h.Documents) + " before the end"
}

func treated(t state.Treatment) string {
	switch t {
	case state.Save:
		return "saved"
	case state.Transfer:
		return "given to others"
	default:
		return "left alone"
	}
}

// one chooses the word that goes with a number.
func one(n int, single, several string) string {
	if n == 1 {
		return single
	}
	return several
}
