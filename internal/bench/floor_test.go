package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/sync"
)

// Both floors read page by page what a run of the engine reads, and the engine's
// run asks for nothing more.
func TestFloorsReadWhatTheEngineReads(t *testing.T) {
	c := company{Users: 600, Groups: 25, Each: 100}
	at := serveCompany(t, c)
	recorded := newMemory()
	engine, err := newEngine(at, recorded, "")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := engine.Pass(t.Context(), sync.Request{Kind: sync.Full}); err != nil || r.Outcome != sync.Done {
		t.Fatalf("the first load ended as %q, %v", r.Outcome, err)
	}
	for _, members := range []bool{false, true} {
		tellOrFail(t, at)
		report, err := engine.Pass(t.Context(), sync.Request{Kind: sync.Full, AllMembers: members})
		if err != nil || idle(told(report)) != nil {
			t.Fatalf("%v, %v", err, idle(told(report)))
		}
		asked := tellOrFail(t, at)
		delete(asked, countReads) // how Omni defines attributes, which no floor asks
		pages := 0
		want := leastRequests(c, members)
		for _, kind := range kinds {
			pages += asked[kind]
			if asked[kind] != want[kind] {
				t.Errorf("members %t: the engine asked for %d %s, want %d", members, asked[kind], kind, want[kind])
			}
		}
		for _, decode := range []bool{false, true} {
			took, err := runFloor(t.Context(), task{Company: c, At: at, Members: members, Decode: decode})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asked, tellOrFail(t, at)); diff != "" || took.Pages != pages || took.Bytes != int64(asked[countBytes]) {
				t.Errorf("members %t, decode %t: %d pages and %d bytes, want %d and %d\n%s",
					members, decode, took.Pages, took.Bytes, pages, asked[countBytes], diff)
			}
		}
	}
}

// tellOrFail gives the counts and begins them anew.
func tellOrFail(t *testing.T, at string) map[string]int {
	t.Helper()
	counts, err := tell(t.Context(), at, &setup{})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// A floor that decodes notices what isn't what it should be; one that downloads doesn't.
func TestOnlyDecodingLooks(t *testing.T) {
	if err := many[idRecord]([]byte(`[{"id":1}]`)); err == nil {
		t.Error("a number is taken for an id")
	}
	if err := one[appRecord]([]byte(`{"id":"0oa1"`)); err == nil {
		t.Error("a torn answer is taken for an app")
	}
}

// The floor's records have the fields of the records in package okta, no more
// and no fewer: else the comparison would be with something else.
func TestRecordsHaveTheEnginesFields(t *testing.T) {
	theirs := taggedFields(t, "../../okta/records.go")
	for _, r := range []any{appRecord{}, assignmentRecord{}, mappingRecord{}, groupRecord{}, idRecord{}} {
		kind := reflect.TypeOf(r)
		var ours []string
		walkTags(kind, "", &ours)
		slices.Sort(ours)
		if diff := cmp.Diff(theirs[kind.Name()], ours); diff != "" || len(ours) == 0 {
			t.Errorf("%s differs from okta/records.go; bring floor.go in line with it:\n%s", kind.Name(), diff)
		}
	}
}

func walkTags(kind reflect.Type, before string, into *[]string) {
	for field := range kind.Fields() {
		name := before + field.Tag.Get("json")
		if field.Type.Kind() == reflect.Struct && !field.Type.Implements(reflect.TypeFor[json.Marshaler]()) {
			walkTags(field.Type, name+".", into)
		} else {
			*into = append(*into, name)
		}
	}
}

// taggedFields gives the JSON paths of each struct type of a Go file, sorted.
func taggedFields(t *testing.T, path string) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]*ast.StructType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			types[spec.Name.Name], _ = spec.Type.(*ast.StructType)
		}
		return true
	})
	var walk func(s *ast.StructType, before string, into *[]string)
	walk = func(s *ast.StructType, before string, into *[]string) {
		for _, f := range s.Fields.List {
			name := before + reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
			inner, _ := f.Type.(*ast.StructType)
			if named, ok := f.Type.(*ast.Ident); ok && types[named.Name] != nil {
				inner = types[named.Name]
			}
			if inner != nil {
				walk(inner, name+".", into)
			} else {
				*into = append(*into, name)
			}
		}
	}
	fields := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if types[name] == nil {
			continue
		}
		var list []string
		walk(types[name], "", &list)
		slices.Sort(list)
		fields[name] = list
	}
	return fields
}
