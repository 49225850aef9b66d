package main

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/okta"
	"github.com/spf13/cobra"
)

func (a *app) hooksCommand() *cobra.Command {
	var name, address string
	parent := &cobra.Command{
		Use:   "hooks",
		Short: "Set up the event hook by which Okta tells the daemon to look at once",
		Long: "Shows whether Okta has the event hook that makes the daemon look at once for what changed, and whether\n" +
			"it is active, verified and complete (exit status 1 where it isn't). register and unregister create and\n" +
			"delete it. They write in Okta, and need a credential that may: okta.eventHooks.manage, and a role.",
		Args: cobra.NoArgs,
	}
	add := func(use, short string, do func(context.Context, hookOrder) error) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return a.hookOrder(cmd.Context(), okta.HookSpec{Name: name, URI: address}, do)
		}}
		parent.AddCommand(cmd)
		return cmd
	}
	status := add("status", "Show the event hook as Okta has it", a.hooksStatus)
	register := add("register", "Create or update the event hook in Okta, and have Okta verify it", a.hooksRegister)
	register.Long = "Creates the event hook in Okta, or brings the one of this name or address up to date, and has Okta verify\n" +
		"it: the daemon must be running, and Okta must reach it at URL. Without a path, hooks.path is added to URL.\n" +
		"Where the credential may not, it prints what to click in Okta instead, and exits with 1."
	register.Flags().StringVar(&address, "url", "", "`URL` at which Okta reaches the daemon, such as https://hooks.acme.example")
	register.Args = func(cmd *cobra.Command, args []string) error { // wrong usage is told before anything is done
		_, err := hookURL(address, "")
		return firstOf(cobra.NoArgs(cmd, args), err)
	}
	add("unregister", "Deactivate and delete the event hook in Okta", a.hooksUnregister)
	parent.PersistentFlags().StringVar(&name, "name", "", "`NAME` of the event hook in Okta (default \"Omnisync\" and the name of the connection)")
	parent.RunE = status.RunE
	return parent
}

// hookOrder is what a command does about the event hook.
type hookOrder struct {
	config *configs.Config
	spec   okta.HookSpec
}

// hookOrder completes the order by the configuration.
func (a *app) hookOrder(ctx context.Context, spec okta.HookSpec, do func(context.Context, hookOrder) error) error {
	c, err := a.load(configs.Secrets, expressions)
	if err != nil {
		return err
	}
	if !c.Okta.Auth.IsSet() {
		return &fault.Error{Kind: fault.Refused, Op: "there is no okta.auth: event hooks are for a daemon that reads Okta"}
	}
	spec.Name = cmp.Or(spec.Name, "Omnisync "+c.Name)
	return do(ctx, hookOrder{c, spec})
}

func (o hookOrder) admin(write bool) (*okta.HookAdmin, error) {
	return okta.NewHookAdmin(oktaOptions(o.config.Okta), write)
}

// hookTold is the JSON document of the command.
type hookTold struct {
	Name     string   `json:"name"`
	State    string   `json:"state"` // ready, incomplete or absent
	ID       string   `json:"id"`
	URL      string   `json:"url"`
	Active   bool     `json:"active"`
	Verified bool     `json:"verified"`
	Missing  []string `json:"missing"` // types of events that it isn't asked to bring
}

// The states of an event hook.
const (
	hookReady      = "ready"
	hookIncomplete = "incomplete"
	hookAbsent     = "absent"
)

func toldOf(h okta.EventHook) hookTold {
	t := hookTold{Name: h.Name, State: hookIncomplete, ID: h.ID, URL: h.URI, Active: h.Active, Verified: h.Verified, Missing: append([]string{}, h.Missing...)}
	if h.Complete() {
		t.State = hookReady
	}
	return t
}

// tellHook prints how the event hook is, with a line before it for a person.
func (a *app) tellHook(t hookTold, done string) error {
	if a.json {
		return a.document(t)
	}
	return a.print(func(p *printer) { p.hook(t, done) })
}

func (a *app) hooksStatus(ctx context.Context, o hookOrder) error {
	admin, err := o.admin(false)
	if err != nil {
		return err
	}
	h, err := admin.Find(ctx, o.spec.Name, "")
	told := toldOf(h)
	if fault.Is(err, fault.NotFound) {
		told, err = hookTold{Name: o.spec.Name, State: hookAbsent, Missing: okta.HookEvents()}, nil
	}
	if err == nil {
		err = a.tellHook(told, "")
	}
	if err == nil && told.State != hookReady {
		err = ended(exitFailed)
	}
	return err
}

func (a *app) hooksRegister(ctx context.Context, o hookOrder) (err error) {
	if !o.config.HooksOn() {
		return &fault.Error{Kind: fault.Refused, Op: "hooks.listen is off: nobody would answer Okta", Hint: "set it and hooks.secret, start syncd run, then register"}
	}
	if o.spec.URI, err = hookURL(o.spec.URI, o.config.Hooks.Path); err != nil {
		return err
	}
	if o.spec.Secret, err = o.config.Hooks.Secret.Value(); err != nil {
		return err
	}
	admin, err := o.admin(true)
	if err != nil {
		return err
	}
	h, err := admin.Register(ctx, o.spec)
	switch {
	case err == nil:
		return a.tellHook(toldOf(h), "registered: "+o.spec.Name)
	case fault.Is(err, fault.Unauthorized):
		return errors.Join(err, a.tellSteps(o))
	case h.ID != "":
		return &fault.Error{Kind: fault.KindOf(err), Op: "Okta has the event hook, and doesn't send it yet", Err: err,
			Hint: "see that syncd run is up, and that Okta reaches it at " + o.spec.URI + " by https with a certificate that the world trusts; then register again"}
	}
	return err
}

func (a *app) hooksUnregister(ctx context.Context, o hookOrder) error {
	admin, err := o.admin(true)
	if err != nil {
		return err
	}
	h, err := admin.Unregister(ctx, o.spec.Name, "")
	told := hookTold{Name: o.spec.Name, State: hookAbsent, Missing: okta.HookEvents()}
	switch {
	case err == nil:
		told.ID, told.URL = h.ID, h.URI
		return a.tellHook(told, "deleted: "+h.Name)
	case fault.Is(err, fault.NotFound):
		return a.tellHook(told, "")
	case fault.Is(err, fault.Unauthorized):
		return errors.Join(err, a.tellLines([]string{"", "By hand, in the Okta admin console: Workflow > Event Hooks > " + o.spec.Name + " > Actions > Deactivate, then Delete.", ""}))
	}
	return err
}

// hookURL gives the address that Okta calls.
func hookURL(text, path string) (string, error) {
	u, err := url.Parse(text)
	wrong := ""
	switch {
	case text == "":
		wrong = "it is missing"
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		wrong = "it is no address"
	case u.Scheme != "https":
		wrong = "Okta calls https:// alone"
	case u.User != nil:
		wrong = "it holds a user name or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		wrong = "it has a query or fragment"
	}
	if wrong != "" { // which isn't repeated: it may hold a password
		return "", errors.New("--url can't be used: " + wrong + "; write it as Okta reaches the daemon, such as https://hooks.acme.example")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = path
	}
	return u.String(), nil
}
