package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// The engine is given everything that a configuration says: a part of the
// policy that is added to it must be added here too.
func TestPolicyIsWhole(t *testing.T) {
	none := []string{"Attributes", "Mapped", "Definitions", "Misnamed", "Fingerprint", "Protected", "GraceGone", "Uncounted"} // the engine's own, and what is nothing by default
	p := reflect.ValueOf(policy(configs.Defaults()))
	for i, field := range slices.Collect(p.Type().Fields()) {
		if p.Field(i).IsZero() && !slices.Contains(none, field.Name) {
			t.Errorf("%s is not set: take it from the configuration as cmd/syncd/wire.go does", field.Name)
		}
	}
}
