package identity

// Origin is where Okta said something, in the words that the provisioning log
// keeps: a request to Okta, by the id that Okta answered it under, or an event of
// the System Log. It is "" where nothing says. Whatever one answer told has one
// Origin, so that it costs a reference and no text.
type Origin string

// Membership is one member in a group's list.
type Membership struct {
	User   OktaID
	Origin Origin
}

// Gone reports whether Okta answered that there is no such group: all that is
// known then is where it said so.
func (g Group) Gone() bool { return g.ID == "" }
