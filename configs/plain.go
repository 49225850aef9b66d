package configs

import (
	"reflect"
	"strings"
	"time"
)

// plain gives the configuration as nested maps of strings, numbers and lists:
// the form in which koanf merges, and which is printed. Secrets become their
// references, and one that isn't set is left out.
func plain(c *Config) map[string]any {
	m, _ := plainValue(reflect.ValueOf(*c)).(map[string]any)
	return m
}

func plainValue(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case Secret:
		return x.Ref()
	case StoreURL:
		return x.String()
	case time.Duration:
		return durationText(x)
	case map[string]string:
		m := make(map[string]any, len(x))
		for k, s := range x {
			m[k] = s
		}
		return m
	}
	switch v.Kind() {
	case reflect.Struct:
		m := make(map[string]any, v.NumField())
		for i := range v.NumField() {
			if s, is := reflect.TypeAssert[Secret](v.Field(i)); !is || s.Ref() != "" {
				m[v.Type().Field(i).Tag.Get("koanf")] = plainValue(v.Field(i))
			}
		}
		return m
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainValue(v.Index(i))
		}
		return list
	default:
		return v.Interface()
	}
}

// durationText writes 24h where Go writes 24h0m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
