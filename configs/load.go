package configs

import (
	"cmp"
	"errors"
	"io"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Load reads the configuration file at path, or at SYNCD_CONFIG where path is
// "", or none where that is empty too; lays the variables of environ (in the
// form of os.Environ) over it; and checks the whole, with checks added. An
// error is *Invalid and holds all faults at once. Secrets aren't resolved: a
// command that needs them adds the check Secrets.
func Load(path string, environ []string, checks ...Check) (*Config, []Warning, error) {
	env := newEnvironment(environ)
	if path == "" {
		path = env[fileVariable]
	}
	if path == "" {
		return parse(nil, "", env, checks)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, nil, &Invalid{[]Fault{{Source: path, Message: err.Error(), Mend: "name the configuration file with --config or " + fileVariable}}}
	}
	return parse(data, path, env, checks)
}

// Parse is Load for a file that was read already; source names it in faults.
func Parse(data []byte, source string, environ []string, checks ...Check) (*Config, []Warning, error) {
	return parse(data, source, newEnvironment(environ), checks)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("no such file")
	}
	if err != nil {
		return nil, errors.Unwrap(err) // the fault names the path
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if len(data) > maxFile {
		return nil, errors.New("is larger than 1 MiB")
	}
	return data, nil
}

func parse(data []byte, source string, env environment, checks []Check) (*Config, []Warning, error) {
	r := &reader{source: source, inFile: true, places: map[string]place{}}
	file := r.document(data, schema())
	if len(r.faults) > 0 && r.faults[0].Path == "" { // nothing of the file is known
		return nil, nil, &Invalid{r.faults}
	}
	c, err := merge(env, file, r.overrides(env))
	if err != nil {
		return nil, nil, err
	}
	c.Okta.OrgURL = strings.TrimRight(c.Okta.OrgURL, "/")
	c.Omni.BaseURL = strings.TrimRight(c.Omni.BaseURL, "/")
	if base := strings.TrimRight(c.SCIM.BasePath, "/"); base != "" {
		c.SCIM.BasePath = base
	}
	if at := strings.TrimRight(c.Hooks.Path, "/"); at != "" {
		c.Hooks.Path = at
	}
	c.Console.URL = strings.TrimRight(c.Console.URL, "/")
	unread := r.faults
	for _, check := range append([]Check{check}, checks...) {
		for _, f := range check(c) {
			if !covered(f.Path, unread) {
				r.faults = append(r.faults, r.locate(source, f))
			}
		}
	}
	if len(r.faults) > 0 {
		return nil, nil, &Invalid{inOrder(r.faults)}
	}
	return c, strangers(env, c), nil
}

// merge lays the layers over each other, the later over the earlier. Maps of
// the user's own names are replaced as a whole by a variable.
func merge(env environment, file map[string]any, over []override) (*Config, error) {
	k := koanf.New(".")
	load := func(m map[string]any) error { return k.Load(confmap.Provider(m, ""), nil) }
	if err := errors.Join(load(plain(defaults(env))), load(file)); err != nil {
		return nil, err
	}
	for _, o := range over {
		if o.key.schema.Properties.Len() == 0 {
			k.Delete(o.key.path)
		}
		if err := load(nested(o.key.path, o.value)); err != nil {
			return nil, err
		}
	}
	c := &Config{}
	err := k.UnmarshalWithConf("", c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: c, TagName: "koanf", ErrorUnused: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), texts(env)),
	}})
	return c, err
}

// texts makes secrets and store URLs of their text.
func texts(env environment) mapstructure.DecodeHookFuncType {
	return func(_, to reflect.Type, v any) (any, error) {
		s, isText := v.(string)
		switch {
		case isText && s == "" && to == reflect.TypeFor[Secret]():
			return Secret{}, nil
		case isText && to == reflect.TypeFor[Secret]():
			return newSecret(s, env), nil
		case isText && to == reflect.TypeFor[StoreURL]():
			return newStoreURL(s, env), nil
		}
		return v, nil
	}
}

func nested(path string, v any) map[string]any {
	names := strings.Split(path, ".")
	for _, name := range slices.Backward(names) {
		v = map[string]any{name: v}
	}
	m, _ := v.(map[string]any)
	return m
}

// covered reports whether the value at path, or a part of it, could not be read,
// so that judging what stands in its place would only confuse.
func covered(path string, unread []Fault) bool {
	return slices.ContainsFunc(unread, func(f Fault) bool {
		return f.Path == path || strings.HasPrefix(path, f.Path+".") ||
			strings.HasPrefix(f.Path, path+".") || strings.HasPrefix(f.Path, path+"[")
	})
}

// locate gives f the place of its key, or of the nearest section around it.
func (r *reader) locate(source string, f Fault) Fault {
	f.Source = source
	for path := f.Path; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if p, ok := r.places[path]; ok {
			f.Source, f.Line, f.Column = p.source, p.line, p.column
			break
		}
	}
	return f
}

// inOrder puts faults of the file first, by line, then the others as found.
func inOrder(faults []Fault) []Fault {
	line := func(f Fault) int {
		if f.Line == 0 {
			return math.MaxInt
		}
		return f.Line
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(line(a), line(b)), cmp.Compare(a.Column, b.Column))
	})
	return faults
}
