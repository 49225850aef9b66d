package push

import (
	"strings"

	filter "github.com/scim2/filter-parser/v2"
)

// resolve finds what a path means. ignored is true for what is known but not
// written by callers, or not kept.
func (k kind) resolve(path string) (t target, ignored bool, err error) {
	rest := path
	for _, id := range []string{k.ext.ID, k.free, k.core.ID} {
		after, ok := cutFold(path, id)
		switch {
		case id == "" || !ok:
			continue
		case id == k.core.ID:
			if rest, ok = strings.CutPrefix(after, ":"); !ok {
				return t, false, badPath("%s is all of the resource: name an attribute", id)
			}
		case after == "":
			return target{schema: id, name: id}, false, nil
		case id == k.free:
			return k.resolveFree(after)
		default:
			return k.resolveExtension(after)
		}
	}
	p, err := takeApart(rest)
	if err != nil {
		return t, false, err
	}
	if k.ignored(p.name) {
		return t, true, nil
	}
	a, ok := k.attribute(p.name)
	if !ok {
		return t, false, unknown(path)
	}
	t = target{attr: a, name: a.Name()}
	return t.narrow(path, p)
}

func (k kind) resolveFree(after string) (target, bool, error) {
	key, ok := strings.CutPrefix(after, ":")
	if !ok || key == "" {
		return target{}, false, unknown(k.free + after)
	}
	return target{schema: k.free, free: key, name: k.free + ":" + key}, false, nil
}

func (k kind) resolveExtension(after string) (target, bool, error) {
	path := k.ext.ID + after
	rest, ok := strings.CutPrefix(after, ":")
	if !ok {
		return target{}, false, unknown(path)
	}
	p, err := takeApart(rest)
	if err != nil {
		return target{}, false, err
	}
	a, ok := k.ext.Attributes.ContainsAttribute(p.name)
	if !ok {
		return target{}, false, unknown(path)
	}
	return target{schema: k.ext.ID, attr: a, name: k.ext.ID + ":" + a.Name()}.narrow(path, p)
}

// narrow adds to a target which of its values are meant, and which part of them.
func (t target) narrow(path string, p pieces) (target, bool, error) {
	if p.sub != "" {
		s, ok := t.attr.SubAttributes().ContainsAttribute(p.sub)
		if !ok {
			return t, false, unknown(path)
		}
		t.sub = s.Name()
		t.name += "." + s.Name()
	}
	if p.inner == "" {
		return t, false, nil
	}
	if !t.attr.MultiValued() {
		return t, false, badPath("%s has one value: nothing can be chosen from it by [...]", t.attr.Name())
	}
	where, err := readWhere(p.inner)
	t.where = where
	return t, false, err
}

func readWhere(inner string) (filter.Expression, error) {
	if name, value, ok := plainEquality(inner); ok {
		// Okta removes members one by one, so a thousand of these come at once.
		return &filter.AttributeExpression{AttributePath: filter.AttributePath{AttributeName: name}, Operator: filter.EQ, CompareValue: value}, nil
	}
	if len(inner) > maxFilter {
		return nil, badPath("what stands in [...] is longer than %d bytes: use several operations", maxFilter)
	}
	e, err := filter.ParseFilter([]byte(inner))
	if err != nil {
		return nil, badPath("what stands in [...] can't be read: a comparison such as type eq \"work\" is wanted")
	}
	return e, nil
}

func unknown(path string) error {
	const most = 200
	if len(path) > most {
		path = path[:most] + "..."
	}
	return badPath("%s isn't an attribute that is kept: take it out of the mapping, or see /Schemas for those that are", strings.ToValidUTF8(path, "?"))
}

// pieces are those of a path NAME[INNER].SUB, of which the latter two may be absent.
type pieces struct{ name, inner, sub string }

func takeApart(path string) (pieces, error) {
	open := strings.IndexByte(path, '[')
	if open < 0 {
		name, sub, dotted := strings.Cut(path, ".")
		if name == "" || dotted && sub == "" {
			return pieces{}, unknown(path)
		}
		return pieces{name: name, sub: sub}, nil
	}
	end := closing(path, open)
	if end < 0 || strings.TrimSpace(path[open+1:end]) == "" {
		return pieces{}, badPath("[ without a comparison and ]")
	}
	p := pieces{name: path[:open], inner: strings.TrimSpace(path[open+1 : end])}
	if after := path[end+1:]; after != "" {
		var ok bool
		if p.sub, ok = strings.CutPrefix(after, "."); !ok || p.sub == "" {
			return pieces{}, badPath("after ] stands neither the end nor a part's name")
		}
	}
	return p, nil
}

// closing finds the bracket that ends what begins at open; brackets in quotes
// don't count.
func closing(path string, open int) int {
	quoted := false
	for i := open + 1; i < len(path); i++ {
		switch {
		case quoted && path[i] == '\\':
			i++
		case path[i] == '"':
			quoted = !quoted
		case !quoted && path[i] == ']':
			return i
		}
	}
	return -1
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
