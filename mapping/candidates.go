package mapping

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/omnisync/omnisync/identity"
)

// candidatesKey is the list of those who may take over from a leaver.
const candidatesKey = "deprovision.handover.to"

// candidate is one entry of it: an address, or an expression that gives one.
type candidate struct {
	text    string
	address string // "": the expression gives it
	program program
}

// compileCandidates takes each entry as an address or as an expression.
func (m *Mapper) compileCandidates(entries []string) []Problem {
	var problems []Problem
	for i, text := range entries {
		path := fmt.Sprintf("%s[%d]", candidatesKey, i)
		if isAddress(text) {
			if identity.CheckUserName(text) != nil {
				problems = append(problems, Problem{Path: path, Message: fmt.Sprintf("%q is not an email address; write one such as data-team@acme.com, or an expression such as user.managerEmail", text)})
			}
			m.candidates = append(m.candidates, candidate{text: text, address: strings.TrimSpace(text)})
			continue
		}
		c, err := newCompiler(ofLeavers())
		if err != nil {
			return []Problem{{Path: path, Message: err.Error()}}
		}
		p, found := c.compile(path, text, wantText)
		m.candidates, problems = append(m.candidates, candidate{text: text, program: p}), append(problems, found...)
	}
	return problems
}

// isAddress reports whether an entry is meant as an address: CEL knows an @ within
// quotes alone, so where no quote, bracket or space follows the last one, it stands
// outside of them.
func isAddress(entry string) bool {
	entry = strings.TrimSpace(entry)
	at := strings.LastIndexByte(entry, '@')
	return at >= 0 && !strings.ContainsAny(entry[at:], "\"'()[]{} \t\r\n")
}

// Candidates gives who may take over from a leaver, in the order of the configuration.
// Of the leaver it reads the Okta account; there is no app user any more.
func (m *Mapper) Candidates(a identity.Assignment) []identity.Candidate {
	in := leaverInput(a)
	list := make([]identity.Candidate, len(m.candidates))
	for i, h := range m.candidates {
		list[i] = identity.Candidate{Entry: h.text, Email: h.address}
		if h.address == "" {
			list[i].Email, list[i].Err = h.program.email(a, in)
		}
	}
	return list
}

func leaverInput(a identity.Assignment) *input {
	a.App, a.Groups = nil, nil
	return newInput(a)
}

// email evaluates an expression that gives an address, "" for nobody.
func (p program) email(a identity.Assignment, in *input) (string, error) {
	if a.Profile == nil {
		return "", p.doubt("the Okta profile of "+string(a.ID)+" could not be read", "")
	}
	v, err := p.run(in)
	if err != nil || v == types.NullValue {
		return "", err
	}
	text, isText := v.(types.String)
	email := strings.TrimSpace(string(text))
	switch {
	case !isText:
		return "", p.doubt("gives "+describe(v)+" where an email address belongs", "")
	case email != "" && identity.CheckUserName(email) != nil:
		return "", p.doubt(fmt.Sprintf("gives %q, which is not an email address", email), "choose a field that holds one, such as user.managerEmail")
	}
	return email, nil
}

// explainCandidates gives for each expression what it reads and whom it names.
func (m *Mapper) explainCandidates(a identity.Assignment) []Explained {
	in := leaverInput(a)
	var list []Explained
	for _, h := range m.candidates {
		if h.address != "" {
			continue
		}
		email, err := h.program.email(a, in)
		e := in.explained(h.program, email, err)
		if email == "" {
			e.Result = nil
		}
		list = append(list, e)
	}
	return list
}
