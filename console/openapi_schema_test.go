package console_test

import (
	"encoding"
	"encoding/json"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	gotoken "go/token"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
)

// schemas are the components of Go types, in OpenAPI 3.0's words.
type schemas struct {
	t        *testing.T
	names    map[reflect.Type]string
	done     map[string]any
	comments map[string]string // by package.Type and package.Type.Field
}

// schemasOf describes the types, and those of their fields.
func schemasOf(t *testing.T, roots map[string]any) map[string]any {
	t.Helper()
	s := &schemas{t: t, names: map[reflect.Type]string{}, done: map[string]any{}, comments: comments(t, ".", "../sync", "../state", "../identity")}
	for name, v := range roots {
		s.names[reflect.TypeOf(v)] = name
	}
	for _, v := range roots {
		s.of(reflect.TypeOf(v))
	}
	return s.done
}

func comments(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, dir := range dirs {
		packages, err := parser.ParseDir(gotoken.NewFileSet(), dir, nil, parser.ParseComments|parser.SkipObjectResolution) //nolint:staticcheck // no build tags matter here
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range packages {
			for _, f := range p.Files {
				ast.Inspect(f, func(n ast.Node) bool {
					decl, ok := n.(*ast.GenDecl)
					if !ok {
						return true
					}
					for _, spec := range decl.Specs {
						if spec, ok := spec.(*ast.TypeSpec); ok {
							document(found, name+"."+spec.Name.Name, decl, spec)
						}
					}
					return true
				})
			}
		}
	}
	return found
}

// document takes the comments of one type and of its fields.
func document(found map[string]string, name string, decl *ast.GenDecl, spec *ast.TypeSpec) {
	found[name] = oneLine(decl.Doc)
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range fields.Fields.List {
		for _, n := range f.Names {
			found[name+"."+n.Name] = oneLine(f.Comment)
		}
	}
}

func oneLine(group *ast.CommentGroup) string {
	var p comment.Parser
	return strings.Join(strings.Fields(string((&comment.Printer{}).Text(p.Parse(group.Text())))), " ")
}

var (
	timeType = reflect.TypeFor[time.Time]()
	jsons    = reflect.TypeFor[json.Marshaler]()
	texts    = reflect.TypeFor[encoding.TextMarshaler]()
)

// of gives the schema of a type; of a struct, a reference to it.
func (s *schemas) of(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Implements(jsons):
		return map[string]any{"description": s.comments[t.String()]} // any JSON
	case t.Implements(texts):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Struct:
		return map[string]any{"$ref": "#/components/schemas/" + s.object(t)}
	case reflect.Slice:
		return map[string]any{"type": "array", "nullable": true, "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "nullable": true, "additionalProperties": s.of(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Interface:
		return map[string]any{}
	default:
		s.t.Fatalf("%s has no schema yet: add its kind", t)
		return nil
	}
}

// nullable allows null. A reference can't say so beside itself in OpenAPI 3.0.
func nullable(schema map[string]any) map[string]any {
	if _, is := schema["$ref"]; is {
		return map[string]any{"allOf": []any{schema}, "nullable": true}
	}
	if _, typed := schema["type"]; typed {
		schema["nullable"] = true
	}
	return schema
}

// object describes a struct among the components, and gives its name there.
func (s *schemas) object(t reflect.Type) string {
	name := s.names[t]
	if name == "" {
		name = t.Name()
		for twin, taken := range s.names {
			if taken == name {
				s.t.Fatalf("%s and %s are both called %s: name one of them in OpenAPITypes", t, twin, name)
			}
		}
		s.names[t] = name
	}
	if _, begun := s.done[name]; begun {
		return name
	}
	properties, required := map[string]any{}, []string{}
	schema := map[string]any{"type": "object", "properties": properties}
	s.done[name] = schema
	asked := strings.HasSuffix(name, "Request")
	if asked { // an unknown field is refused; of an answer, one may be added
		schema["additionalProperties"] = false
	}
	for _, f := range reflect.VisibleFields(t) {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || key == "-" {
			continue
		}
		if key == "" {
			s.t.Fatalf("%s.%s has no name in JSON", t, f.Name)
		}
		properties[key] = s.field(t, f, name+"."+key)
		if options == "" && !asked {
			required = append(required, key)
		}
	}
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	if words := s.comments[t.String()]; words != "" {
		schema["description"] = words
	}
	return name
}

func (s *schemas) field(t reflect.Type, f reflect.StructField, place string) map[string]any {
	schema := s.of(f.Type)
	maps.Copy(schema, console.OpenAPIExtras[place])
	owner := t
	for _, i := range f.Index[:len(f.Index)-1] {
		owner = owner.Field(i).Type
	}
	if words := s.comments[path.Base(owner.String())+"."+f.Name]; words != "" {
		if _, is := schema["$ref"]; is {
			schema = map[string]any{"allOf": []any{schema}}
		}
		schema["description"] = words
	}
	return schema
}
