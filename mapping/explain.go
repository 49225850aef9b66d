package mapping

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	"github.com/omnisync/omnisync/identity"
)

// Explained is what one expression does with one user.
type Explained = identity.Explained

// Input is one thing that an expression names.
type Input = identity.Input

// Explain gives for each expression about users what it reads and what it gives,
// scope first, who would take over last. It goes on where Map would have ended.
func (m *Mapper) Explain(a identity.Assignment) ([]Explained, error) {
	if err := readable(a); err != nil {
		return nil, err
	}
	in := newInput(a)
	explain := in.explained
	inScope, err := m.inScope(in)
	list := []Explained{explain(m.scope, inScope, err)}
	name, err := m.name(in, strings.TrimSpace(a.UserName))
	list = append(list, explain(m.naming(), name, err))
	for _, attribute := range m.attributes {
		v, present, err := attribute.value(in)
		e := explain(attribute.program, v, err)
		if !present {
			e.Result = nil
		}
		list = append(list, e)
	}
	return append(list, m.explainCandidates(a)...), nil
}

func (in *input) explained(p program, result any, err error) Explained {
	if err != nil {
		result = nil
	}
	return Explained{Key: p.path, Text: p.text, Inputs: in.inputs(p.reads), Result: result, Err: err}
}

// naming gives the expression of the display name, or what stands for it.
func (m *Mapper) naming() program {
	if m.displayName != nil {
		return *m.displayName
	}
	p := program{path: displayNameKey}
	for _, field := range []string{"displayName", "firstName", "lastName"} {
		p.reads = append(p.reads, reading{variable: "user", steps: []any{field}})
	}
	p.reads = append(p.reads, reading{variable: "assignment", steps: []any{"userName"}})
	return p
}

// inputs gives each thing that is read once, in the order of the readings.
func (in *input) inputs(reads []reading) []Input {
	var list []Input
	seen := map[string]bool{}
	for _, r := range reads {
		path := r.path()
		variable, known := in.ResolveName(r.variable)
		if !known || seen[path] { // unknown are CEL's own names of types, such as string
			continue
		}
		seen[path] = true
		list = append(list, valueOf(variable, r, path))
	}
	return list
}

func valueOf(variable any, r reading, path string) Input {
	if len(r.steps) == 0 && r.variable != groupsVariable {
		return Input{Path: path, Present: true, Whole: true}
	}
	v := adapter{}.NativeToValue(variable)
	for _, step := range r.steps {
		key := adapter{}.NativeToValue(step)
		if list, isList := v.(traits.Lister); isList {
			i, isPlace := key.(types.Int)
			if size, _ := list.Size().(types.Int); !isPlace || i < 0 || i >= size {
				return Input{Path: path}
			}
		}
		if v = read(v, key); types.IsUnknownOrError(v) {
			return Input{Path: path}
		}
	}
	if v == types.NullValue {
		return Input{Path: path}
	}
	return Input{Path: path, Value: v.Value(), Present: true}
}
