package configs

import "fmt"

// placedSecret is a secret with the path of its key.
type placedSecret struct {
	path   string
	secret Secret
}

// secrets lists every secret, in the order of the types.
func (c *Config) secrets() []placedSecret {
	list := []placedSecret{{"okta.auth.api_token", c.Okta.Auth.APIToken}}
	for i, s := range c.Omni.APIKeys {
		list = append(list, placedSecret{fmt.Sprintf("omni.api_keys[%d]", i), s})
	}
	return append(list, placedSecret{"state.url", c.State.URL.secret}, placedSecret{"console.token", c.Console.Token})
}

// Reread makes every secret look again at its variable or file when it is next
// needed. A state URL takes effect with the next start only.
func (c *Config) Reread() {
	for _, s := range c.secrets() {
		s.secret.Reread()
	}
}

// Secrets is a Check for commands that work with Okta and Omni: every secret
// must resolve, and a state URL that is a reference must be one.
func Secrets(c *Config) []Fault {
	var faults []Fault
	for _, s := range c.secrets() {
		if s.secret.Ref() == "" {
			continue // missing required ones are told by Load
		}
		if _, err := s.secret.Value(); err != nil {
			faults = append(faults, Fault{Path: s.path, Message: err.Error(), Mend: "set it, or change the reference " + s.secret.Ref()})
		} else if s.path == "state.url" {
			faults = append(faults, resolvedURL(c.State)...)
		}
	}
	return faults
}

func resolvedURL(s State) []Fault {
	if _, _, err := s.Backend(); err != nil {
		return []Fault{{Path: "state.url", Message: "what " + s.URL.secret.Ref() + " holds is " + err.Error(), Mend: "put a bolt://, redis:// or rediss:// URL there"}}
	}
	return nil
}
