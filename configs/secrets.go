package configs

import "fmt"

// placedSecret is a secret with the path of its key.
type placedSecret struct {
	path   string
	secret Secret
}

// secrets lists every secret, in the order of the types.
func (c *Config) secrets() []placedSecret {
	list := []placedSecret{{"okta.auth.api_token", c.Okta.Auth.APIToken}, {"okta.auth.oauth.private_key", c.Okta.Auth.OAuth.PrivateKey}}
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
