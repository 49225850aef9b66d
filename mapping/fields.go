package mapping

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// fields is a map of JSON values as CEL sees it: a key that is missing, or
// whose value is null, is absent, and reading it gives null instead of an
// error. What top has wins over base. Keys come in sorted order, so that the
// same user always gives the same result.
type fields struct {
	top, base map[string]any
}

var _ traits.Mapper = (*fields)(nil)

// lookup gives the value of a key that is present.
func (f *fields) lookup(name string) (any, bool) {
	if v := f.top[name]; v != nil {
		return v, true
	}
	v := f.base[name]
	return v, v != nil
}

func (f *fields) keys() []string {
	keys := make([]string, 0, len(f.base)+len(f.top))
	for _, m := range []map[string]any{f.base, f.top} {
		for k, v := range m {
			if v != nil {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Find gives the value of key; null, and true, when it is absent.
func (f *fields) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	v, _ := f.lookup(string(name))
	return adapter{}.NativeToValue(v), true
}

// Get gives the value of key; null when it is absent.
func (f *fields) Get(key ref.Val) ref.Val {
	v, _ := f.Find(key)
	return v
}

// Contains tells whether key is present.
func (f *fields) Contains(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	_, present := f.lookup(string(name))
	return types.Bool(present)
}

// Size counts the present keys.
func (f *fields) Size() ref.Val { return types.Int(len(f.keys())) }

// Iterator gives the present keys in sorted order.
func (f *fields) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, f.keys()).Iterator()
}

// Equal compares the present keys and their values with those of another map.
func (f *fields) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok || f.Size() != o.Size() {
		return types.False
	}
	for _, k := range f.keys() {
		v, found := o.Find(types.String(k))
		if !found || types.Equal(f.Get(types.String(k)), v) != types.True {
			return types.False
		}
	}
	return types.True
}

// ConvertToNative gives a plain map of the present keys.
func (f *fields) ConvertToNative(t reflect.Type) (any, error) {
	if v := f.Value(); reflect.TypeOf(v).AssignableTo(t) {
		return v, nil
	}
	return nil, fmt.Errorf("a map can't be made a %s", t)
}

// ConvertToType knows a map as a map only.
func (f *fields) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return f
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from 'map' to '%s'", t)
}

// Type is CEL's map.
func (f *fields) Type() ref.Type { return types.MapType }

// Value gives a plain map of the present keys.
func (f *fields) Value() any {
	m := make(map[string]any, len(f.base)+len(f.top))
	maps.Copy(m, f.base)
	for k, v := range f.top {
		if v != nil {
			m[k] = v
		}
	}
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// adapter gives JSON values their CEL form, so that maps within a profile are
// as lenient as the profile itself.
type adapter struct{}

// NativeToValue converts what encoding/json yields, and what CEL makes itself.
func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case string:
		return types.String(v)
	case map[string]any:
		return &fields{base: v}
	case []any:
		return types.NewDynamicList(a, v)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// inOrder gives a map written in an expression its keys in a fixed order, by
// type and text; Go's own order would differ from run to run. Anything else
// stays what it is.
func inOrder(v ref.Val) ref.Val {
	m, isMap := v.(traits.Mapper)
	if _, sorted := v.(*fields); !isMap || sorted {
		return v
	}
	var keys []ref.Val
	for it := m.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, it.Next())
	}
	slices.SortFunc(keys, func(a, b ref.Val) int { return strings.Compare(keyText(a), keyText(b)) })
	return types.NewRefValList(adapter{}, keys)
}

func keyText(v ref.Val) string { return fmt.Sprintf("%s %v", v.Type().TypeName(), v.Value()) }
