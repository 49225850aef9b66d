package configs

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The treatments of what a leaver owns.
const (
	handoverNone     = "none"
	handoverSave     = "save"
	handoverTransfer = "transfer"
)

// shortestKey bounds a key of what is saved from below, in characters: whoever has a
// copy of what it encrypts may try keys as long as they like.
const shortestKey = 32

// newKey is how a key is made.
const newKey = "make one, such as with: openssl rand -hex 32"

// checkHandover judges what becomes of what a leaver owns. Whom the entries of to
// name is for package mapping to say.
func checkHandover(c *Config) []Fault {
	d, h := c.Deprovision, c.Deprovision.Handover
	var faults []Fault
	judge := func(key, message, mend string) {
		faults = append(faults, Fault{Path: "deprovision." + key, Message: message, Mend: mend})
	}
	if h.Transfers() && len(h.To) == 0 {
		judge("handover.to", "is empty, and somebody must take over where something is transferred",
			`write who does, such as ["user.managerEmail", "data-team@acme.com"], or save in place of transfer`)
	}
	if h.Within <= 0 {
		judge("handover.within", "must be longer than nothing", "write a duration such as 168h")
	}
	for i, name := range h.SameAttributes {
		if _, known := c.Users.Attributes[name]; !known {
			judge(fmt.Sprintf("handover.same_attributes[%d]", i), quoted(name)+" is not in users.attributes", mendAttribute(name, c.Users.Attributes))
		}
	}
	if d.Keep <= 0 {
		judge("keep", "must be longer than nothing", "write a duration such as 2160h, which is 90 days")
	}
	if c.State.URL.text != "" {
		faults = append(faults, keyless(c)...)
	}
	return faults
}

func mendAttribute(name string, attributes map[string]string) string {
	if len(attributes) == 0 {
		return "give it an expression in users.attributes: only values that are known of everybody can be compared"
	}
	var names []string
	for known := range attributes {
		names = append(names, known)
	}
	slices.Sort(names)
	return didYouMean(name, names)
}

// Saves reports whether something of a leaver is stored before the membership ends:
// also what is transferred, lest it be lost on the way.
func (h Handover) Saves() bool { return h.Schedules != handoverNone || h.Documents != handoverNone }

// Transfers reports whether something gets a new owner.
func (h Handover) Transfers() bool {
	return h.Schedules == handoverTransfer || h.Documents == handoverTransfer
}

// Saves reports whether anything is ever saved.
func (d Deprovision) Saves() bool { return d.Action != "none" && d.Handover.Saves() }

// keyless tells of a ledger that other machines share while no directory of ours is
// kept: a key that one made would lie where no other finds it.
func keyless(c *Config) []Fault {
	kind, _, err := c.State.Backend()
	if err != nil || kind != Redis || c.State.Archive != "" || c.State.Key.Ref() != "" || !c.Deprovision.Saves() {
		return nil
	}
	return []Fault{{Path: "state.key", Message: "is missing: what leavers own is saved encrypted, and with Redis and no archive there is no place for a key that syncd makes",
		Mend: "write ${env:NAME} or ${file:PATH} with what openssl rand -hex 32 gives, or state.archive: archive, or none for both of deprovision.handover.schedules and documents"}}
}

// keylessReference is keyless where the URL is known only now.
func keylessReference(c *Config) []Fault {
	if c.State.URL.text != "" {
		return nil // told by Load
	}
	return keyless(c)
}

// Keys gives the lines of state.key as they stand now, "" where none is configured.
// They are looked up anew each time: what is wanted of a key that was just added is
// often what it opens.
func (s State) Keys() (string, error) {
	s.Key.Reread()
	text, err := s.Key.Value()
	if err != nil {
		return "", err
	}
	if message, mend := misshapenKeys(text); s.Key.Ref() != "" && message != "" {
		return "", fmt.Errorf("what %s holds %s; %s", s.Key.Ref(), message, mend)
	}
	return text, nil
}

// misshapenKeys tells what is wrong with the keys of what is saved, by their lines.
func misshapenKeys(text string) (message, mend string) {
	count, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		count++
		switch {
		case strings.HasPrefix(line, "-----BEGIN "):
			return "is a key in PEM form", "a line is a key of its own here; " + newKey
		case utf8.RuneCountInString(line) < shortestKey:
			return fmt.Sprintf("has a key of less than %d characters, in line %d", shortestKey, number), newKey
		}
	}
	if count == 0 {
		return "is blank", newKey
	}
	return "", ""
}
