package okta

// ActivateApp, DeactivateApp and DeleteApp set the status of the app as an admin does, and tell whether it was another.
// SetKnobs sets it without an event.
func (o *Org) ActivateApp() bool { return o.moveApp("ACTIVE", "application.lifecycle.activate") }

// DeactivateApp makes the app INACTIVE. Assignments stay.
func (o *Org) DeactivateApp() bool { return o.moveApp("INACTIVE", "application.lifecycle.deactivate") }

// DeleteApp ends the app: from then on it isn't found.
func (o *Org) DeleteApp() bool { return o.moveApp("DELETED", "application.lifecycle.delete") }

func (o *Org) moveApp(status, event string) bool {
	defer o.lock()()
	if o.Knobs.appStatus() == status {
		return false
	}
	o.Knobs.AppStatus, o.appUpdated = status, o.now()
	o.happened(byAdmin, event, o.appTarget())
	return true
}

// UpdateApp changes what the knobs say of the app, such as its Features, as an admin does in its settings. It doesn't
// ask whether anything became different.
func (o *Org) UpdateApp(change func(*Knobs)) {
	defer o.lock()()
	change(&o.Knobs)
	o.appUpdated = o.now()
	o.happened(byAdmin, "application.lifecycle.update", o.appTarget())
}

type appJSON struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Label       string          `json:"label"`
	Status      string          `json:"status"`
	LastUpdated stamp           `json:"lastUpdated"`
	Created     stamp           `json:"created"`
	Features    []string        `json:"features"`
	SignOnMode  string          `json:"signOnMode"`
	Settings    settingsJSON    `json:"settings"`
	Credentials templatesJSON   `json:"credentials"`
	Links       map[string]href `json:"_links"`
}

type settingsJSON struct {
	App                struct{} `json:"app"`
	ImplicitAssignment bool     `json:"implicitAssignment"`
}

type templatesJSON struct {
	UserName templateJSON `json:"userNameTemplate"`
}

type templateJSON struct {
	Template string `json:"template"`
	Type     string `json:"type"`
}

// app answers whether the request names the org's app.
func (o *Org) app(c call) *failure {
	if id := c.PathValue("app"); id != o.ID() || o.Knobs.appStatus() == "DELETED" {
		return notFound("AppInstance", id)
	}
	return nil
}

func (o *Org) getApp(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{}, f
	}
	updated := o.appUpdated
	if updated.IsZero() {
		updated = o.born
	}
	self := c.base + "/api/v1/apps/" + o.ID()
	return reply{body: appJSON{
		ID: o.ID(), Name: "acme_omni_1", Label: o.label(), Status: o.Knobs.appStatus(),
		LastUpdated: stamp(updated), Created: stamp(o.born), Features: o.Knobs.features(), SignOnMode: "SAML_2_0",
		Settings:    settingsJSON{ImplicitAssignment: o.Knobs.ImplicitAssignment},
		Credentials: templatesJSON{templateJSON{o.Knobs.userNames(), "BUILT_IN"}},
		Links:       map[string]href{"self": {self}, "users": {self + "/users"}, "groups": {self + "/groups"}},
	}}, nil
}
