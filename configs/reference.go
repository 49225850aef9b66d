package configs

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// almost knows what is meant as a reference and isn't one: $NAME, ${NAME},
// {env:NAME}, ${env: NAME}, env:NAME. Names in capitals only: what may be a
// secret is never repeated.
var almost = regexp.MustCompile(`^(?:\$\{?|\$?\{?\s*env:)\s*([A-Z_][A-Z0-9_]*)\s*\}?$`)

// readSecretRef never repeats what it refuses: it may be a secret.
func readSecretRef(n *yaml.Node) (v any, message, mend string) {
	const inPlace = "is not a reference, and a secret must not stand in the configuration"
	const form = "write ${env:NAME} and set that variable, or ${file:PATH}"
	switch m := almost.FindStringSubmatch(n.Value); {
	case n.ShortTag() == "!!str" && reference.MatchString(n.Value):
		return n.Value, "", ""
	case n.ShortTag() == "!!null" || n.Value == "":
		return nil, "has no value", form
	case m != nil:
		return nil, "is not a reference", "write ${env:" + m[1] + "}"
	case strings.Contains(n.Value, "-----BEGIN "):
		return nil, "is a key, and a secret must not stand in the configuration", "save it in a file that only syncd may read, write ${file:PATH}, and replace the key in Okta"
	}
	return nil, inPlace, form + "; if this was a real secret, replace it"
}
