package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// stay leaves everything running until ctx ends, and tells where to look and
// how to make something happen.
func (w *week) stay(ctx context.Context) error {
	hands, err := standIn(ctx, w.okta.after(w.company.hands()))
	if err != nil {
		return err
	}
	go func() { _ = w.okta.client.Serve(ctx) }() // ends with ctx
	s, out := w.site, w.out
	command := func(words string) { out.line("  %s %s --config %s", w.daemon.program, words, s.config()) }
	out.title("Everything goes on running until Ctrl-C")
	out.line("Both sides in words   curl %s", hands)
	out.line("Okta stand-in         curl -H 'Authorization: SSWS %s' '%s/api/v1/apps/%s/users'", demoToken, s.okta, s.app)
	out.line("Omni stand-in         curl -H 'Authorization: Bearer %s' '%s%s'", demoKey, s.omni, omniUsers)
	out.line("SCIM endpoint         curl -H 'Authorization: Bearer %s' '%s/Users?startIndex=1&count=2'", demoSCIMToken, s.scimURL())
	out.line("Console               http://%s, its token in %s", s.console, s.token())
	out.line("The daemon            process %d, its log in %s", w.daemon.child.pid(), s.log())
	out.line("\nTry:")
	command("status")
	command("plan")
	out.line("\nMake something happen in Okta. It pushes that at once (a removal waits %s); reconcile would find it, too:", brief(demoSettle))
	out.line("  curl -X POST '%s/unassign?user=%s'", hands, w.company.staff("Sales")[0].userName)
	out.line("  curl -X POST '%s/unassign?group=Engineering'", hands)
	out.line("  curl -X POST '%s/assign?group=Engineering'", hands)
	command("reconcile")
	out.line("What is held is released with approve RUN and dropped with reject RUN; status names the runs.")
	<-ctx.Done()
	return nil
}

// hands serves what a person may do in Okta while the demo stays: the stand-in
// itself has only what Okta's API has.
func (c *company) hands() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, _ *http.Request) { plain(rw, http.StatusOK, c.summary()) })
	mux.HandleFunc("POST /unassign", func(rw http.ResponseWriter, r *http.Request) {
		c.byHand(rw, r, "no longer has", c.okta.UnassignGroup, c.okta.Unassign)
	})
	mux.HandleFunc("POST /assign", func(rw http.ResponseWriter, r *http.Request) {
		c.byHand(rw, r, "has", c.okta.AssignGroup, func(id string) bool { return c.okta.Assign(id, simokta.AssignOptions{}) })
	})
	return mux
}

// byHand does one thing to the group or the user that the query names.
func (c *company) byHand(rw http.ResponseWriter, r *http.Request, told string, group, user func(id string) bool) {
	name, id, do := r.FormValue("group"), "", group
	if name != "" {
		id = c.groups[name]
	} else if name, do = r.FormValue("user"), user; name != "" {
		i := slices.IndexFunc(c.people, func(p *person) bool { return strings.EqualFold(p.userName, name) })
		if i >= 0 {
			id = c.people[i].id
		}
	}
	switch {
	case id == "":
		plain(rw, http.StatusNotFound, fmt.Sprintf("nobody is called %q: name ?user=EMAIL or ?group=NAME", name))
	case do(id):
		plain(rw, http.StatusOK, name+" "+told+" the Omni app in Okta")
	default:
		plain(rw, http.StatusOK, name+": nothing changed in Okta")
	}
}

// summary compares both sides in words.
func (c *company) summary() string {
	lines := []string{fmt.Sprintf("%d people assigned in Okta, %d active in Omni (one isn't ours).", len(c.okta.Assigned()), len(c.active()))}
	lines = append(lines, c.differingUsers()...)
	lines = append(lines, c.differingGroups()...)
	if len(lines) == 1 {
		lines = append(lines, "Nothing differs.")
	}
	return strings.Join(lines, "\n")
}

func plain(rw http.ResponseWriter, status int, text string) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = fmt.Fprintln(rw, text) // who left needs no answer
}
