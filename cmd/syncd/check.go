package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Test credentials and permissions on both sides, and say how to mend each failure",
		Long: "Tests each credential and each permission that this configuration needs, endpoint by endpoint, shows\n" +
			"what it found, and says for each failure what to click in Okta or Omni. With scim.listen or\n" +
			"hooks.listen it asks the daemon that runs on this machine as Okta would. It only reads, sends a few\n" +
			"requests, takes a minute at most, and may be called while a daemon runs.\n\n" +
			"Exits with 1 when a check fails, with 0 otherwise, also with warnings.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context()) },
	}
}

func (a *app) check(ctx context.Context) error {
	c, err := a.load(configs.Secrets, expressions)
	if err != nil {
		return err
	}
	subject, err := subjectOf(c)
	if err != nil {
		return err
	}
	report := checks.Run(ctx, subject)
	if a.json {
		err = a.document(report)
	} else {
		err = a.print(func(p *printer) { p.checked(c.Name, report) })
	}
	if err != nil {
		return err
	}
	if report.Outcome == checks.Failed {
		return ended(exitFailed)
	}
	return nil
}

// subjectOf puts together what is checked. Nothing is connected yet. An error is
// one of the configuration.
func subjectOf(c *configs.Config) (checks.Subject, error) {
	source, err := oktaProbeOf(c)
	if err != nil {
		return checks.Subject{}, err
	}
	omni, err := omniclient.NewProbe(omniOptions(c.Omni))
	if err != nil {
		return checks.Subject{}, err
	}
	tried, err := triedExpressions(c)
	heirs, guesses := heirsOf(c)
	return checks.Subject{
		Okta: source, Omni: omni, Push: newEndpointProbe(c), Hooks: newHookProbe(c),
		Ledger: func(ctx context.Context) checks.Ledger { return lookIntoStore(ctx, c) },
		Config: checks.Config{
			OrgURL: c.Okta.OrgURL, AppID: c.Okta.AppID, OmniURL: c.Omni.BaseURL, Client: c.Okta.Auth.OAuth.ClientID,
			CanaryUser: identity.OktaID(c.Okta.Canary.User), CanaryGroup: identity.GroupID(c.Okta.Canary.Group), From: c.Groups.From, Match: c.Groups.Match, Matches: func(entry string, g identity.Group) bool { return g.Source != c.Okta.AppID && sync.Selects(entry, g) },
			Expressions: append(tried, guesses...), Saves: c.Deprovision.Saves(), Heirs: heirs, Guessed: len(guesses),
			KeysPerMinute: c.Omni.RequestsPerMinute, Secrets: secretFiles(c),
			BasePath: c.SCIM.BasePath, Tokens: len(c.SCIM.BearerTokens), TLS: c.SCIM.TLS.IsSet(),
			HookTLS: !c.HooksShared() && c.Hooks.TLS.IsSet(),
		},
	}, err
}

// oktaProbeOf gives nil where there is no credential.
func oktaProbeOf(c *configs.Config) (checks.Okta, error) {
	if !c.Okta.Auth.IsSet() {
		return nil, nil
	}
	probe, err := okta.NewProbe(oktaOptions(c.Okta))
	return oktaProbe{probe}, err
}

// oktaProbe is an okta.Probe in the check's words.
type oktaProbe struct{ *okta.Probe }

// App reads the application.
func (p oktaProbe) App(ctx context.Context) (checks.App, error) {
	app, err := p.Probe.App(ctx)
	return checks.App(app), err
}

// triedExpressions gives each expression a mapper of its own, in which it stands
// as an attribute: so its result is seen, and no other's failure hides it.
func triedExpressions(c *configs.Config) ([]checks.Expression, error) {
	texts := map[string]string{"users.scope": c.Users.Scope, "users.display_name": c.Users.DisplayName}
	order := []string{"users.scope", "users.display_name"}
	for name, text := range c.Users.Attributes {
		texts["users.attributes."+name] = text
	}
	for p := range texts {
		if !slices.Contains(order, p) {
			order = append(order, p)
		}
	}
	slices.Sort(order[2:])
	var list []checks.Expression
	for _, p := range order {
		if strings.TrimSpace(texts[p]) == "" {
			continue // the default of users.display_name
		}
		const name = "tried"
		m, problems := mapping.Compile(mapping.Rules{Scope: "true", Attributes: map[string]string{name: texts[p]}})
		if len(problems) > 0 {
			return nil, &configs.Invalid{Faults: faultsOf(problems)}
		}
		list = append(list, checks.Expression{Path: p, Groups: m.UsesGroups(), Eval: func(a identity.Assignment) (identity.Value, bool, error) {
			u, _, err := m.Map(a)
			v, ok := u.Attributes[name]
			return v, ok, err
		}})
	}
	return list, nil
}

// heirsOf takes apart who takes over from leavers, where something is transferred: the
// addresses, and the expressions, each with a mapper of its own.
func heirsOf(c *configs.Config) (named []checks.Named, guesses []checks.Expression) {
	h := c.Deprovision.Handover
	if c.Deprovision.Action == "none" || !h.Transfers() {
		return nil, nil
	}
	for i, entry := range h.To {
		path := fmt.Sprintf("deprovision.handover.to[%d]", i)
		m, problems := mapping.Compile(mapping.Rules{Scope: "true", Candidates: []string{entry}})
		if len(problems) > 0 {
			continue // told when the configuration was loaded
		}
		// Of nobody's profile an address is known, and what an expression gives isn't.
		if plain := m.Candidates(identity.Assignment{})[0]; plain.Err == nil {
			named = append(named, checks.Named{Path: path, Email: plain.Email})
			continue
		}
		guesses = append(guesses, checks.Expression{Path: path, Eval: func(a identity.Assignment) (identity.Value, bool, error) {
			found := m.Candidates(a)[0]
			return identity.Value(found.Email), found.Email != "", found.Err
		}})
	}
	return named, guesses
}

// secretFiles looks at the files that hold secrets.
func secretFiles(c *configs.Config) []checks.SecretFile {
	refs := [][2]string{{"okta.auth.api_token", c.Okta.Auth.APIToken.Ref()}, {"okta.auth.oauth.private_key", c.Okta.Auth.OAuth.PrivateKey.Ref()}}
	for i, k := range c.Omni.APIKeys {
		refs = append(refs, [2]string{fmt.Sprintf("omni.api_keys[%d]", i), k.Ref()})
	}
	for i, t := range c.SCIM.BearerTokens {
		refs = append(refs, [2]string{fmt.Sprintf("scim.bearer_tokens[%d]", i), t.Ref()})
	}
	if key := c.SCIM.TLS.KeyFile; key != "" {
		refs = append(refs, [2]string{"scim.tls.key_file", "${file:" + key + "}"})
	}
	refs = append(refs, [2]string{"hooks.secret", c.Hooks.Secret.Ref()})
	if key := c.Hooks.TLS.KeyFile; key != "" {
		refs = append(refs, [2]string{"hooks.tls.key_file", "${file:" + key + "}"})
	}
	refs = append(refs, [2]string{"state.url", c.State.URL.String()}, [2]string{"state.key", c.State.Key.Ref()}, [2]string{"console.token", c.Console.Token.Ref()})
	if file := keyFile(c); file != "" {
		refs = append(refs, [2]string{"the key of what is saved", "${file:" + file + "}"})
	}
	var files []checks.SecretFile
	for _, ref := range refs {
		name, ok := strings.CutPrefix(ref[1], "${file:")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if mounted(name) {
			continue
		}
		if info, err := os.Stat(name); err == nil { // one that isn't there is told by configs.Secrets
			files = append(files, checks.SecretFile{Path: ref[0], File: name, Mode: info.Mode()})
		}
	}
	return files
}

// mounted reports whether the file is one of a Kubernetes volume: those are links
// into a folder such as ..2026_11_24, in a container of their own, and readable by
// all of it unless somebody asks for less.
func mounted(name string) bool {
	real, err := filepath.EvalSymlinks(name)
	return err == nil && strings.Contains(filepath.ToSlash(real), "/..")
}
