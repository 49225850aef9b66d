package configs

import "fmt"

// placedSecret is a secret with the path of its key.
type placedSecret struct {
	path   string
	secret Secret
	off    bool // the part that needs it is off
}

// secrets lists every secret, in the order of the types.
func (c *Config) secrets() []placedSecret {
	list := []placedSecret{{path: "okta.auth.api_token", secret: c.Okta.Auth.APIToken}, {path: "okta.auth.oauth.private_key", secret: c.Okta.Auth.OAuth.PrivateKey}}
	for i, s := range c.Omni.APIKeys {
		list = append(list, placedSecret{path: fmt.Sprintf("omni.api_keys[%d]", i), secret: s})
	}
	list = append(list, placedSecret{path: "state.url", secret: c.State.URL.secret}, placedSecret{path: "state.key", secret: c.State.Key})
	for i, s := range c.SCIM.BearerTokens {
		list = append(list, placedSecret{fmt.Sprintf("scim.bearer_tokens[%d]", i), s, !c.PushOn()})
	}
	list = append(list, placedSecret{"hooks.secret", c.Hooks.Secret, !c.HooksOn()})
	list = append(list, placedSecret{path: "alerts.webhook.url", secret: c.Alerts.Webhook.URL}, placedSecret{path: "alerts.webhook.bearer_token", secret: c.Alerts.Webhook.BearerToken})
	list = append(list, placedSecret{path: "console.token", secret: c.Console.Token}, placedSecret{path: "console.proxy.token", secret: c.Console.Proxy.Token})
	for i, t := range c.Console.Tokens {
		list = append(list, placedSecret{path: fmt.Sprintf("console.tokens[%d].token", i), secret: t.Token})
	}
	return list
}

// Reread makes every secret look again at its variable or file when it is next
// needed. A state URL takes effect with the next start only.
func (c *Config) Reread() {
	for _, s := range c.secrets() {
		s.secret.Reread()
	}
}
