package sync

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// traced are the traces of Ada Love, with the value emea.
func traced() *traces {
	x := newTraces(state.Forgotten{Pseudonym: "P"})
	x.addAddress("ada@acme.co")
	x.addName("Ada Love")
	x.addName("Ada")
	x.addName("ada.home@x.co") // a display name that is an address
	x.addValue(`"emea"`)
	x.addValue(`["north","A & B"]`)
	x.addValue(`1.50`)
	x.addValue(`"x"`)
	x.ready()
	return x
}

func TestTexts(t *testing.T) {
	x := traced()
	const p = "P@forgotten.invalid"
	for said, want := range map[string]string{
		"": "", "nobody": "nobody",
		"ada@acme.co":                     p,
		"ADA@acme.CO!":                    p + "!",
		"to <ada@acme.co>, 'ada@acme.co'": "to <" + p + ">, '" + p + "'",
		"ada@acme.co.":                    p + ".",
		"ada@acme.co. Next":               p + ". Next",
		"ada@acme.co.uk":                  "ada@acme.co.uk",
		"ada@acme.com":                    "ada@acme.com",
		"lada@acme.co":                    "lada@acme.co",
		"x.ada@acme.co":                   "x.ada@acme.co",
		"x+ada@acme.co":                   "x+ada@acme.co",
		"ada.home@x.co":                   p,
		"q=%22ada%40acme.co%22":           "q=%22" + p + "%22",
		"ada%40acme.co":                   p,
		"Ada Love left":                   "P left",
		"ada love":                        "P",
		"Ada Lovelace":                    "Ada Lovelace",
		"Ada":                             "Ada", // anybody's
		"emea, north":                     "emea, north",
		"ada@acme.co: emea north 1.50 A & B, Ada": p + ": P P P P, P",
		"ada@acme.co is in emeas":                 p + " is in emeas",
		"ada@acme.co has x":                       p + " has x", // one letter tells nothing
		"éada@acme.co":                            "éada@acme.co",
	} {
		if got := x.text(said, noon); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
		if got := x.text(want, noon); got != want {
			t.Errorf("%q became %q the second time", want, got)
		}
	}
}

// An address that is another person's by now is theirs in what was said since.
func TestTextsOfAnother(t *testing.T) {
	x := traced()
	x.addAnother(state.Change{UserName: "Ada@acme.co", OktaID: "00u2", Time: noon})
	x.addAnother(state.Change{UserName: "ada@acme.co", OktaID: "00u2", Time: noon.Add(time.Hour)})
	for at, want := range map[time.Time]string{noon.Add(-time.Second): "P@forgotten.invalid", noon: "ada@acme.co", noon.Add(time.Hour): "ada@acme.co"} {
		if got := x.text("ada@acme.co", at); got != want {
			t.Errorf("at %s it is %s, want %s", at, got, want)
		}
	}
	if got := x.text("ada.home@x.co", noon); got != "P@forgotten.invalid" {
		t.Errorf("her other address is %s", got)
	}
}

// What is looked through before it is taken apart misses nothing.
func TestMentioned(t *testing.T) {
	x := newTraces(state.Forgotten{Pseudonym: "P"})
	x.addName("Zoë <A & B>")
	x.addAddress("zoe@acme.co")
	x.ready()
	for text, want := range map[string]bool{
		`{"a":"ZOË <a & b>"}`: true, `{"a":"Zoë \u003cA \u0026 B\u003e"}`: true, `{"a":"zoe%40ACME.co"}`: true,
		`{"a":"00U1"}`: true, `{"a":"Zoe"}`: false, `{}`: false,
	} {
		if got := x.mentioned([]byte(text), map[string]bool{"00u1": true}); got != want {
			t.Errorf("%s is mentioned: %t", text, got)
		}
	}
}

// Who took an account over keeps what is theirs, and loses what it had before.
func TestEraserOfATakeover(t *testing.T) {
	x := &eraser{traces: traced(), ids: map[string]bool{"00u1": true}, omnis: map[string]bool{"o1": true}}
	emea, apac := identity.Value(`"emea"`), identity.Value(`"apac"`)
	c := state.Change{Kind: "adopt", UserName: "bob@acme.co", OktaID: "00u2", OmniID: "o1", Time: noon,
		Before: &state.Facts{DisplayName: "Ada Love", Attributes: map[string]*identity.Value{"region": &emea, "team": &apac, "none": nil}},
		After:  &state.Facts{DisplayName: "Bob", Attributes: map[string]*identity.Value{"region": &emea}}}
	x.change(&c)
	if c.Before.DisplayName != "P" || *c.Before.Attributes["region"] != `"P"` || *c.Before.Attributes["team"] != apac || c.Before.Attributes["none"] != nil {
		t.Errorf("before it is %+v", c.Before)
	}
	if c.UserName != "bob@acme.co" || c.After.DisplayName != "Bob" || *c.After.Attributes["region"] != emea {
		t.Errorf("after it is %+v of %s", c.After, c.UserName)
	}
}

// What was saved and isn't kept any more loses what can't be opened; what is kept doesn't.
func TestEraserWithoutTheKey(t *testing.T) {
	x := &eraser{traces: traced(), ids: map[string]bool{}, now: noon}
	over := state.Saved{ID: "s", Sealed: []byte(`{}`), Until: noon}
	kept := state.Saved{ID: "s", Sealed: []byte(`{}`), Until: noon.Add(time.Second)}
	if err := x.saved(&over); err != nil || over.Sealed != nil {
		t.Errorf("what is over is %+v, %v", over, err)
	}
	if err := x.saved(&kept); err == nil || kept.Sealed == nil {
		t.Errorf("what is kept is %+v, %v", kept, err)
	}
}
