package okta

// logEventJSON has null where Okta's events have it, also where Okta's description doesn't allow it.
type logEventJSON struct {
	Actor          actorJSON       `json:"actor"`
	Client         clientJSON      `json:"client"`
	Authentication authContextJSON `json:"authenticationContext"`
	DisplayMessage string          `json:"displayMessage"`
	EventType      string          `json:"eventType"`
	Outcome        outcomeJSON     `json:"outcome"`
	Published      stamp           `json:"published"`
	Security       securityJSON    `json:"securityContext"`
	Severity       string          `json:"severity"`
	Debug          debugJSON       `json:"debugContext"`
	Legacy         string          `json:"legacyEventType"`
	Transaction    transactionJSON `json:"transaction"`
	UUID           string          `json:"uuid"`
	Version        string          `json:"version"`
	Request        requestJSON     `json:"request"`
	Targets        []targetJSON    `json:"target"`
}

type actorJSON = targetJSON

type targetJSON struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	AlternateID string    `json:"alternateId"`
	DisplayName string    `json:"displayName"`
	DetailEntry *struct{} `json:"detailEntry"`
}

type clientJSON struct {
	UserAgent *userAgentJSON `json:"userAgent"`
	Device    *string        `json:"device"`
	IP        *string        `json:"ipAddress"`
}

type userAgentJSON struct {
	Raw     string `json:"rawUserAgent"`
	OS      string `json:"os"`
	Browser string `json:"browser"`
}

type authContextJSON struct {
	Step    int    `json:"authenticationStep"`
	Session string `json:"externalSessionId"`
}

type outcomeJSON struct {
	Result string  `json:"result"`
	Reason *string `json:"reason"`
}

type securityJSON struct {
	ASNumber *int  `json:"asNumber"`
	IsProxy  *bool `json:"isProxy"`
}

type debugJSON struct {
	Data map[string]string `json:"debugData"`
}

type transactionJSON struct {
	Type   string   `json:"type"`
	ID     string   `json:"id"`
	Detail struct{} `json:"detail"`
}

type requestJSON struct {
	IPChain []struct{} `json:"ipChain"`
}

func (e event) actor() actorJSON {
	if e.Actor != (Target{}) {
		return actorJSON{ID: e.Actor.ID, Type: e.Actor.Type, AlternateID: e.Actor.AlternateID, DisplayName: e.Actor.DisplayName}
	}
	if e.Job {
		return actorJSON{ID: "sp1sim00000000000001", Type: "SystemPrincipal", AlternateID: "system@okta.com", DisplayName: "Okta System"}
	}
	return actorJSON{ID: "00u1simadmin00000001", Type: "User", AlternateID: "admin@example.com", DisplayName: "Ada Admin"}
}

func (e event) json() logEventJSON {
	j := logEventJSON{
		Actor: e.actor(), EventType: e.Type, Published: stamp(e.Published), Severity: "INFO", UUID: e.uuid(), Version: "0",
		Authentication: authContextJSON{Session: "unknown"},
		Outcome:        outcomeJSON{Result: e.Outcome},
		Transaction:    transactionJSON{Type: e.transaction(), ID: e.transactionID()},
		Debug:          debugJSON{map[string]string{}},
		Request:        requestJSON{[]struct{}{}},
		Targets:        []targetJSON{},
	}
	j.DisplayMessage, j.Legacy = describe(e.Type)
	if e.Reason != "" {
		j.Outcome.Reason = &e.Reason
	}
	if e.Rule != "" {
		j.Debug.Data["triggeredByGroupRuleId"] = e.Rule
	}
	if e.Assignment != "" {
		j.Debug.Data["groupAppAssignmentId"] = e.Assignment
	}
	if e.Outcome == "FAILURE" {
		j.Severity = "ERROR"
	}
	if !e.Job {
		device, ip := "Computer", "192.0.2.10"
		j.Client = clientJSON{&userAgentJSON{"Mozilla/5.0", "Linux", "FIREFOX"}, &device, &ip}
	}
	for _, t := range e.Targets {
		if t.Type == "AppInstance" {
			j.Debug.Data["appname"] = "acme_omni_1"
		}
		j.Targets = append(j.Targets, targetJSON{ID: t.ID, Type: t.Type, AlternateID: t.AlternateID, DisplayName: t.DisplayName})
	}
	return j
}
