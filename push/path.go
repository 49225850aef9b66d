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
	name, inner, sub, err := takeApart(rest)
	if err != nil {
		return t, false, err
	}
	if k.ignored(name) {
		return t, true, nil
	}
	a, ok := k.attribute(name)
	if !ok {
		return t, false, unknown(path)
	}
	t = target{attr: a, name: a.Name()}
	return t.narrow(path, inner, sub)
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
	name, inner, sub, err := takeApart(rest)
	if err != nil {
		return target{}, false, err
	}
	a, ok := k.ext.Attributes.ContainsAttribute(name)
	if !ok {
		return target{}, false, unknown(path)
	}
	return target{schema: k.ext.ID, attr: a, name: k.ext.ID + ":" + a.Name()}.narrow(path, inner, sub)
}

// narrow adds to a target which of its values are meant, and which part of them.
func (t target) narrow(path, inner, sub string) (target, bool, error) {
	if sub != "" {
		s, ok := t.attr.SubAttributes().ContainsAttribute(sub)
		if !ok {
			return t, false, unknown(path)
		}
		t.sub = s.Name()
		t.name += "." + s.Name()
	}
	if inner == "" {
		return t, false, nil
	}
	if !t.attr.MultiValued() {
		return t, false, badPath("%s has one value: nothing can be chosen from it by [...]", t.attr.Name())
	}
	where, err := readWhere(inner)
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

// takeApart splits NAME[INNER].SUB, of which the latter two may be absent.
func takeApart(path string) (name, inner, sub string, err error) {
	open := strings.IndexByte(path, '[')
	if open < 0 {
		name, sub, dotted := strings.Cut(path, ".")
		if name == "" || dotted && sub == "" {
			return "", "", "", unknown(path)
		}
		return name, "", sub, nil
	}
	end := closing(path, open)
	if end < 0 || strings.TrimSpace(path[open+1:end]) == "" {
		return "", "", "", badPath("[ without a comparison and ]")
	}
	after := path[end+1:]
	if after != "" {
		var ok bool
		if sub, ok = strings.CutPrefix(after, "."); !ok || sub == "" {
			return "", "", "", badPath("after ] stands neither the end nor a part's name")
		}
	}
	return path[:open], strings.TrimSpace(path[open+1 : end]), sub, nil
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
