package sync

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// The causes that decide something: what fails of them is nobody's own fault, or was
// found out in the course of a run.
const (
	causeCredential = "credential" // Omni refuses the key
	causeDown       = "down"       // Omni doesn't answer
	causeBusy       = "busy"       // Omni asks to slow down
	causeAlone      = "alone"      // Omni fails at this one, and answers others
	causeHidden     = "hidden"     // Omni says that the address is taken, and shows nobody who has it
	causeHandover   = "handover"   // nobody can take over what a leaver owns, or it can't be saved
	causeOther      = "other"
)

// wordsHidden is what is said of causeHidden.
const wordsHidden = "Omni says that the address is taken, but shows nobody who has it"

// wordsHandover begins what is said of causeHandover.
const wordsHandover = "hand over|save what the user owns"

// cause is a known reason why changes fail: how it is recognised, and what to do. The
// first that fits counts; an empty condition fits everything.
type cause struct {
	name   string
	kinds  []fault.Kind
	of     string         // "user" or "group"
	words  *regexp.Regexp // in what Omni said, or in why it wasn't asked
	advice string
	also   bool // the advice stands behind that of the failure itself, not in its place
}

// causes is all that is known of failures. Omni's texts aren't documented: words are
// matched loosely, and whatever fits nothing is told in Omni's own alone.
var causes = []cause{
	{name: causeCredential, kinds: []fault.Kind{fault.Unauthorized}, also: true,
		advice: "syncd check tests each key; the run ended there, and the next one does what is left"},
	{name: causeDown, kinds: []fault.Kind{fault.Unavailable}, also: true,
		advice: "nothing needs to be done: it is tried each minute, and goes on when Omni answers; if it lasts, syncd check tells more"},
	{name: causeBusy, kinds: []fault.Kind{fault.Limited},
		advice: "nothing needs to be done: it is tried each minute; if it lasts, ask Omni for a higher limit, or see who else uses the keys"},
	{name: causeHandover, of: "user", words: regexp.MustCompile("^(" + wordsHandover + ")"),
		advice: "the membership stands until it is done: syncd leavers shows what waits; syncd retry NAME tries it at once"},
	{name: causeHidden, of: "user", words: regexp.MustCompile(wordsHidden),
		advice: "look in Omni for an embed user, an email-only user, an open invitation or a revoked membership of this address, and end it there"},
	{name: "username", of: "user", words: regexp.MustCompile(`is not an email address`),
		advice: "a username that is right for all: Okta's Sign On tab; for this one: the app's assignment of the user"},
	{name: "twice", of: "user", words: regexp.MustCompile(`have this username`),
		advice: "one person with two Okta accounts needs the app on one of them alone"},
	{name: "unclear", of: "user", words: regexp.MustCompile(`is unknown to us|says nothing certain`),
		advice: "look at the user in Okta: Dashboard > Tasks shows a provisioning that failed"},
	{name: "undefined", words: regexp.MustCompile(`has no user attribute|one of Omni's own attributes|[Uu]nknown (user )?attribute|[Aa]ttribute .*not (defined|found)`),
		advice: "define the attribute in Omni under Settings > Attributes by that Reference, or correct its name under users.attributes"},
	{name: "value", of: "user", words: regexp.MustCompile(`[Aa]ttribute`),
		advice: "compare the value with the attribute's type in Omni (Settings > Attributes): syncd mapping test EMAIL shows where it comes from"},
	{name: "mapping", words: regexp.MustCompile(`expression|[Mm]apping`),
		advice: "syncd mapping test EMAIL shows what the expression reads"},
	{name: "length", words: regexp.MustCompile(`[Tt]oo long|[0-9]+ characters|[Mm]ax(imum)?[ _-]?[Ll]ength|at most [0-9]+`),
		advice: "shorten it in Okta, or by the mapping: cut(text, n) in users.display_name or groups.name"},
	{name: "member", of: "group", words: regexp.MustCompile(`(?i)\bmembers?\b.*(not found|unknown|invalid|no such|does ?n.t exist)`),
		advice: "somebody of the group is gone from Omni: syncd reconcile finds out who, and makes the account anew"},
	{name: "name", of: "group", words: regexp.MustCompile(`of (this|the new) name|this name|new name|one name|[Nn]ame .*(exists|taken)`),
		advice: "give one of the two groups another name, in Okta, in Omni, or by groups.name"},
	{name: "active", of: "user", words: regexp.MustCompile(`still active`),
		advice: "deactivate the user in Omni by hand, under Settings > Users, and tell Omni's support what the key was answered"},
	{name: "address", of: "user", words: regexp.MustCompile(`(?i)e-?mail|userName|domain`),
		advice: "see that Omni lets this address in: allowed domains, and the form of the address"},
	{name: "refused", kinds: []fault.Kind{fault.Refused, fault.Conflict, fault.NotFound, fault.Declined},
		advice: "compare what Omni says with the user or group in Okta; once it is mended, syncd retry NAME tries it at once"},
	{name: causeOther, advice: "the daemon's log tells more; syncd check tests both sides"},
	{name: causeAlone, advice: "Omni answers others: tell Omni's support the id and the words above; syncd retry NAME tries it at once"},
}

// causeOf recognises a failure. The last row is for those who know already.
func causeOf(kind fault.Kind, group bool, words string) string {
	of := "user"
	if group {
		of = "group"
	}
	for _, c := range causes {
		if (c.kinds == nil || slices.Contains(c.kinds, kind)) && (c.of == "" || c.of == of) && (c.words == nil || c.words.MatchString(words)) {
			return c.name
		}
	}
	return causeOther
}

// adviceOn tells what to do about a cause: what the failure itself advises, else what
// the table does.
func adviceOn(name, hint string) string {
	i := slices.IndexFunc(causes, func(c cause) bool { return c.name == name })
	switch {
	case i < 0:
		return hint
	case hint == "":
		return causes[i].advice
	case causes[i].also:
		return strings.TrimRight(hint, ".") + "; " + causes[i].advice
	}
	return hint
}

// shared reports whether a failure of the cause is everybody's: it makes no delay longer,
// and what it delayed goes on as soon as it is over.
func shared(cause string) bool {
	return cause == causeCredential || cause == causeDown || cause == causeBusy
}

// problem tells what is known of a change that failed: of one that was tried, also how
// often.
func problem(c state.Change, why string, f state.Failure) *state.Problem {
	if c.Error == "" { // it couldn't even be tried
		if why == "" {
			why = causeOf(fault.Refused, c.Group != "", c.Reason)
		}
		return &state.Problem{Cause: why, Advice: adviceOn(why, "")}
	}
	p := &state.Problem{Cause: f.Cause, Advice: f.Change.Reason, Attempts: f.Attempts, Since: f.Since.UTC(), Next: f.Next.UTC()}
	if why != "" {
		p.Cause, p.Advice = why, c.Reason
	}
	if p.Cause == "" { // an older program wrote it
		p.Cause = causeOf(fault.Refused, c.Group != "", c.Error)
		p.Advice = adviceOn(p.Cause, p.Advice)
	}
	return p
}

// troubleNames is how many of those whom a trouble concerns it names.
const troubleNames = 3

// Troubles gathers changes that failed by what keeps them from being done: the largest
// number first.
func Troubles(failed []state.Change) []state.Trouble {
	var list []state.Trouble
	for _, group := range Alike(failed) {
		t := state.Trouble{Words: wordsOf(group[0]), Count: len(group), Names: []string{}}
		if p := group[0].Problem; p != nil {
			t.Cause, t.Advice = p.Cause, p.Advice
		}
		for _, c := range group[:min(len(group), troubleNames)] {
			t.Names = append(t.Names, firstOf(c.UserName, c.Group, c.OktaID))
		}
		list = append(list, t)
	}
	return list
}

// Alike gathers changes that failed for one cause and in the same words, but for the names
// in them: the largest gathering first, each in the order of the changes.
func Alike(failed []state.Change) [][]state.Change {
	place := map[string]int{}
	var groups [][]state.Change
	for _, c := range failed {
		key := likeness(c)
		i, known := place[key]
		if !known {
			i = len(groups)
			place[key], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	slices.SortStableFunc(groups, func(a, b []state.Change) int { return len(b) - len(a) })
	return groups
}

// wordsOf is why a change failed: in Omni's words, or in ours where Omni wasn't asked.
func wordsOf(c state.Change) string { return firstOf(c.Error, c.Reason) }

// likeness is what two changes that fail alike have in common.
func likeness(c state.Change) string {
	why := ""
	if c.Problem != nil {
		why = c.Problem.Cause
	}
	words := wordsOf(c)
	for _, name := range []string{c.UserName, c.Group, c.OktaID, c.OmniID} {
		words = nameless(words, name)
	}
	if shared(why) { // at which request it happened makes no difference
		_, words, _ = strings.Cut(words, ": ")
	}
	return why + "\x00" + words
}

// nameless gives words with dots in place of each name that stands in them by itself.
func nameless(words, name string) string {
	var out strings.Builder
	for name != "" {
		before, after, found := strings.Cut(words, name)
		if !found {
			break
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		first, _ := utf8.DecodeRuneInString(after)
		inside := unicode.IsLetter(last) || unicode.IsDigit(last) || unicode.IsLetter(first) || unicode.IsDigit(first)
		out.WriteString(before)
		if inside {
			out.WriteString(name)
		} else {
			out.WriteString("...")
		}
		words = after
	}
	return out.String() + words
}
