package vault

import (
	"fmt"
	"strings"
	"testing"
)

// TestKeyPrintsItsID: within the cipher stand the rounds of the key.
func TestKeyPrintsItsID(t *testing.T) {
	keys, err := fromText("9f86d081884c7d659a2feaa0c55ad015\n")
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, told := range []string{fmt.Sprintf(verb, keys[0]), fmt.Sprintf(verb, &keys[0]), strings.Trim(fmt.Sprintf(verb, keys), "[]")} {
			if told = strings.TrimSuffix(strings.TrimPrefix(told, "vault.key{"), "}"); strings.TrimPrefix(told, "[]") != "key "+keys[0].id {
				t.Errorf("%s gives %s", verb, told)
			}
		}
	}
}
