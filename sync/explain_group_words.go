package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// explanation puts together what is told of a group.
func (f *groupFile) explanation(ctx context.Context) (Explanation, error) {
	lead, cause, next := f.verdict()
	name := firstOf(f.object.Name, f.record.Name, f.team.DisplayName, f.subject)
	x := Explanation{Subject: f.subject, Kind: "group", Name: name, OktaID: string(f.id), OmniID: firstOf(string(f.record.Omni), string(f.team.ID)),
		Cause: cause, Next: next, Answer: fmt.Sprintf("The group %q %s: %s", name, lead, cause), Group: &f.facts,
		Planned: []state.Change{}, Held: f.holds(), Failing: []state.Failure{}, Unread: []string{}}
	if fails, stuck := f.ledger.Failing[groupSubject(f.id)]; stuck {
		x.Failing = append(x.Failing, fails)
	}
	for what, err := range map[string]error{"Okta": f.oktaErr, "Omni": f.omniErr} {
		if err != nil {
			x.Unread = append(x.Unread, what+": "+err.Error())
		}
	}
	slices.Sort(x.Unread)
	var err error
	x.Changes, err = f.engine.History(ctx, HistoryFilter{Subject: firstOf(string(f.id), name), Limit: lastChanges})
	x.Sentences = f.sentences(x)
	return x, err
}

// holds gives what waits of the group, and what a person said.
func (f *groupFile) holds() []state.Hold {
	list := []state.Hold{}
	for _, key := range slices.Sorted(maps.Keys(f.ledger.Holds)) {
		h := f.ledger.Holds[key]
		if g, _, member := memberOf(key); member && g == f.id || !member && h.Change.OktaID == string(f.id) && f.id != "" {
			list = append(list, h)
		}
	}
	return list
}

// verdict tells how the group is, why, and what to do. The rows, first match first:
//
//	only Omni has it                not managed
//	Okta can't tell                 what the ledger and Omni tell
//	not one of those to sync        what becomes of it where it is linked
//	its push is paused              left as it is
//	not in Omni                     why not yet
//	gone from Omni                  a reconcile makes it anew
//	writing it fails, or waits      that
//	members differ                  how many, and why
//	else                            in step
func (f *groupFile) verdict() (lead, cause, next string) {
	fails, stuck := f.ledger.Failing[groupSubject(f.id)]
	waits := slices.DeleteFunc(f.holds(), func(h state.Hold) bool { return h.Decision != state.None })
	switch {
	case f.id == "":
		return "is in Omni alone", "Okta has no group of this name that we may see, so it isn't managed, and left alone",
			"to have it managed, make a group of this name in Okta and " + f.chooseIt()
	case f.oktaErr != nil:
		return "can't be looked at in Okta", fmt.Sprintf("%v; %s", f.oktaErr, f.countWords()), firstOf(fault.HintOf(f.oktaErr), "syncd check tells what is wrong with either side")
	case f.facts.Chosen != nil && !*f.facts.Chosen:
		return f.passed()
	case f.paused:
		return "is left as it is", f.facts.Why, "activate its push on the app's Push Groups tab in Okta"
	case f.record.Omni == "":
		return f.unmade(fails, stuck, waits)
	case f.team.ID == "" && f.omniErr == nil:
		return "is gone from Omni", fmt.Sprintf("it is one to sync, and Omni has its group %s no more: somebody deleted it there", f.record.Omni), "to have it made anew, run: syncd reconcile"
	case f.omniErr != nil:
		return "can't be looked at in Omni", fmt.Sprintf("%v; %s", f.omniErr, f.countWords()), firstOf(fault.HintOf(f.omniErr), "syncd check tells what is wrong with either side")
	case stuck:
		return "is synced, but writing it fails", failing(fails), f.mending(fails)
	case len(waits) > 0:
		return "is synced, but something waits", fmt.Sprintf("%s; %s", waits[0].Change.Reason, f.countWords()), f.deciding(waits[0])
	default:
		return f.inStep()
	}
}

func (f *groupFile) mending(fails state.Failure) string {
	advice := firstOf(fails.Change.Reason, "mend what is wrong there")
	return advice + "; then run: syncd reconcile"
}

func (f *groupFile) deciding(h state.Hold) string {
	name := argument(h.Change.Group)
	return fmt.Sprintf("syncd approve %s --only %s does it, syncd reject %s --only %s leaves it as it is", h.Run, name, h.Run, name)
}

// chooseIt tells how a group becomes one to sync.
func (f *groupFile) chooseIt() string {
	source := firstOf(f.facts.Source, f.engine.policy.Groups.source(f.engine.watch.theApp()))
	switch source {
	case fromMappings:
		return "push it on the app's Push Groups tab"
	case fromAssigned:
		return "assign it to the app"
	default:
		return "name it in groups.match"
	}
}

// passed tells of a group that isn't one to sync.
func (f *groupFile) passed() (lead, cause, next string) {
	keep := f.chooseIt() + " before the next full run"
	if f.object.Gone() {
		keep = "nothing helps: a group that is made in Okta again is another one"
	}
	switch {
	case f.record.Omni != "" && f.engine.policy.OnUnpush == "delete":
		return "is synced no longer", f.facts.Why + "; the next full run deletes it in Omni, within the guard (groups.on_unpush: delete)", "to keep it: " + keep
	case f.record.Omni != "":
		return "is synced no longer", f.facts.Why + "; the next full run lets it go, and it stays in Omni as it is (groups.on_unpush: keep)", "to keep it synced: " + keep
	case f.object.Gone():
		return "is deleted in Okta", f.facts.Why, "nothing is left to do"
	default:
		return "is not synced", f.facts.Why, "to have it synced, " + f.chooseIt()
	}
}

// unmade tells why a group that is one to sync isn't linked to one in Omni.
func (f *groupFile) unmade(fails state.Failure, stuck bool, waits []state.Hold) (lead, cause, next string) {
	switch {
	case stuck:
		return "is not in Omni yet", f.facts.Why + ", but it can't be made: " + failing(fails), f.mending(fails)
	case len(waits) > 0:
		return "is not in Omni yet", f.facts.Why + ", but it waits: " + waits[0].Change.Reason, f.deciding(waits[0])
	case f.team.ID != "" && f.engine.policy.AdoptGroups == "never":
		return "is not synced", "Omni has a group of this name that isn't managed (groups.adopt: never)", "rename or delete the group in Omni, or set groups.adopt; then run: syncd reconcile"
	case f.team.ID != "":
		return "is not synced yet", f.facts.Why + "; Omni has a group of this name, which the next full run links", "to have it done now, run: syncd reconcile"
	default:
		return "is not in Omni yet", f.facts.Why + "; the next full run makes it", "to have it done now, run: syncd reconcile"
	}
}

// inStep tells of a linked group of which nothing waits or fails.
func (f *groupFile) inStep() (lead, cause, next string) {
	cause = f.facts.Why + "; " + f.countWords()
	next = "nothing is left to do"
	if len(f.facts.Apart) > 0 {
		next = fmt.Sprintf("for each of them, syncd explain NAME tells what to do, such as: syncd explain %s", argument(f.facts.Apart[0].Name))
	}
	if f.facts.InOkta != nil && *f.facts.InOkta != f.inOkta() {
		next = "the next full run reads the members anew; to have it done now, run: syncd reconcile"
	}
	if f.facts.Listed != nil {
		next = "see that the credential's role, and its resource set, include all members; if you know that all are listed, name the group in groups.uncounted; then run: syncd reconcile"
	}
	return "is synced", cause, next
}

// inOkta counts the members whom Okta had when they were read last.
func (f *groupFile) inOkta() int {
	n := f.facts.InBoth
	for _, at := range f.facts.Apart {
		if at.Okta {
			n++
		}
	}
	return n
}

// countWords tells how many are on both sides.
func (f *groupFile) countWords() string {
	if f.record.Omni == "" {
		return "the ledger knows of no group in Omni that is linked to it"
	}
	words := fmt.Sprintf("%s in Okta, %d of them in Omni", counted(f.inOkta(), "member"), f.facts.InBoth)
	if f.facts.InOkta != nil && *f.facts.InOkta != f.inOkta() {
		words += fmt.Sprintf(" (by the last reading; Okta counts %d now)", *f.facts.InOkta)
	}
	if s := f.record.Short; f.facts.Listed != nil {
		words += fmt.Sprintf("; Okta lists %s, and counts %d, since %s, so nobody leaves only because they aren't listed", counted(s.Listed, "member"), s.Counted, s.Since.UTC().Format(time.RFC3339))
	}
	alone := 0
	for _, at := range f.facts.Apart {
		if at.Omni {
			alone++
		}
	}
	if alone > 0 {
		words += fmt.Sprintf("; %d in Omni alone", alone)
	}
	if f.facts.Strange > 0 {
		words += fmt.Sprintf("; %s in Omni whom nobody manages, left alone", counted(f.facts.Strange, "member"))
	}
	return words
}

// sentences tells what an answer about a group rests on.
func (f *groupFile) sentences(x Explanation) []Step {
	var list steps
	add := list.add
	if f.id != "" {
		name := fmt.Sprintf("Okta group %s, %s", f.id, firstOf(f.object.Name, f.record.Name))
		if f.object.Type != "" {
			name += " (" + f.object.Type + ")"
		}
		add("group", name, f.oktaErr != nil)
	}
	if f.facts.Chosen != nil {
		chosen := "not one to sync: "
		if *f.facts.Chosen {
			chosen = "one to sync: "
		}
		add("selection", chosen+f.facts.Why, false)
	}
	add("omni", f.omniWords(), f.omniErr != nil)
	if f.record.Omni != "" {
		add("members", f.countWords(), false)
	}
	for i, at := range f.facts.Apart {
		if i == asksAbout {
			add("members", fmt.Sprintf("and %d more (--json names all)", len(f.facts.Apart)-i), false)
			break
		}
		where := "in Okta, not in Omni"
		if at.Omni {
			where = "in Omni, not in Okta"
		}
		add("members", fmt.Sprintf("%s: %s: %s", at.Name, where, at.Why), false)
	}
	for _, c := range x.Changes {
		add("changes", changeWords(c), false)
	}
	list.holds(x.Held)
	for _, fails := range x.Failing {
		add("fails", fails.Change.Kind+": "+failing(fails), false)
	}
	return list
}

func (f *groupFile) omniWords() string {
	switch {
	case f.omniErr != nil:
		return "Omni can't be asked: " + f.omniErr.Error()
	case f.team.ID == "" && f.record.Omni != "":
		return fmt.Sprintf("Omni has its group %s no more", f.record.Omni)
	case f.team.ID == "":
		return "Omni has no group of this name"
	case f.record.Omni == "":
		return fmt.Sprintf("Omni has a group of this name, %s, which isn't managed", f.team.ID)
	case identity.FoldName(f.team.DisplayName) != identity.FoldName(firstOf(f.object.Name, f.record.Name)):
		return fmt.Sprintf("in Omni it is called %q (%s), %s", f.team.DisplayName, f.team.ID, linkWords(f.record.Link))
	default:
		return fmt.Sprintf("in Omni it is called the same (%s), %s", f.team.ID, linkWords(f.record.Link))
	}
}
