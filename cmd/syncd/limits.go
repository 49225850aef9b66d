package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/sync"
)

// limits tells what Okta last announced, by bucket, how Omni's allowance stands,
// and what the SCIM endpoint and event hooks saw.
func (p parts) limits() map[string]any {
	told := map[string]any{"omni": p.omni.Limits()}
	if p.okta != nil {
		for bucket, l := range p.okta.Limits() {
			told["okta "+bucket] = l
		}
		if why := p.okta.Unshared(); why != "" {
			told["okta"] = map[string]string{"unshared": why}
		}
	}
	if p.scim != nil {
		told["scim"] = p.scim.seen()
	}
	if seen := p.alarms.told(); seen != nil {
		told["alerts"] = seen
	}
	if p.hooks != nil {
		told["hooks"] = p.hooks.seen()
	}
	return told
}

// warnings tells what goes on in spite of a fault that somebody should mend.
func (p parts) warnings() []string { return refusedKeys(p.limits()) }

// concerns are what people are told of besides what the engine knows.
func (p parts) concerns() []sync.Concern {
	var list []sync.Concern
	for _, words := range refusedKeys(p.limits()) {
		title, hint, _ := strings.Cut(words, ": ")
		list = append(list, sync.Concern{Kind: "omni key", About: title, Title: title, Hint: hint})
	}
	return list
}

// alertsOf tells how the webhook of alerts does, "" where there is none or none was sent.
func alertsOf(limits map[string]any) string {
	var a alarmsSeen
	switch {
	case !toldLimit(limits, "alerts", &a) || limits["alerts"] == nil:
		return ""
	case a.Error != "" && a.Since != nil:
		return fmt.Sprintf("alerts can't be sent since %s (%d waiting): %s", stamp(*a.Since), a.Waiting, a.Error)
	case a.Last == nil:
		return "alerts: none was sent since the start"
	}
	return fmt.Sprintf("alerts: %d sent since the start, the newest at %s", a.Sent, stamp(*a.Last))
}

// refusedKeys names the API keys that Omni refuses.
func refusedKeys(limits map[string]any) []string {
	var omni struct {
		Refused []int `json:"refusedKeys"`
	}
	if !toldLimit(limits, "omni", &omni) {
		return nil
	}
	var list []string
	for _, key := range omni.Refused {
		list = append(list, fmt.Sprintf("Omni refuses API key %d (omni.api_keys[%d]), which is set aside: replace it by a new organization key", key, key-1))
	}
	return list
}

// waiting tells what requests wait for at present: at Okta, where one may ask rarely, or
// at an Omni that is down. "" is nothing, and also the regular turns at Omni, which are
// foreseen in the time left.
func (p parts) waiting() string {
	limits := p.limits()
	list := oktaWaits(limits)
	if down := omniDown(limits); down != "" {
		list = append(list, down)
	}
	return strings.Join(list, "; ")
}

// toldLimit reads one of the limits, which may come from the daemon, as JSON: an older one may
// not tell it.
func toldLimit(limits map[string]any, name string, into any) bool {
	text, err := json.Marshal(limits[name])
	return err == nil && json.Unmarshal(text, into) == nil
}

// oktaWaits tells who waits for Okta's limits, a line for each bucket.
func oktaWaits(limits map[string]any) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		var l struct {
			Waiting int    `json:"waiting"`
			Why     string `json:"why"`
		}
		bucket, is := strings.CutPrefix(name, "okta ")
		if is && toldLimit(limits, name, &l) && l.Waiting > 0 && l.Why != "" {
			list = append(list, fmt.Sprintf("waiting for Okta (%s): %s, because %s", bucket, counted(l.Waiting, "request"), l.Why))
		}
	}
	return list
}

// omniWaits tells who waits for a turn at Omni, by lane, and whether Omni is down.
func omniWaits(limits map[string]any) []string {
	var omni struct {
		Lanes []struct {
			Name    string  `json:"name"`
			Waiting int     `json:"waiting"`
			Seconds float64 `json:"seconds"`
		} `json:"lanes"`
	}
	if !toldLimit(limits, "omni", &omni) {
		return nil
	}
	var lanes, list []string
	for _, l := range omni.Lanes {
		if l.Waiting > 0 {
			lanes = append(lanes, fmt.Sprintf("%s %d (%.0f s)", l.Name, l.Waiting, l.Seconds))
		}
	}
	if len(lanes) > 0 {
		list = append(list, "waiting for a turn at Omni: "+strings.Join(lanes, ", "))
	}
	if down := omniDown(limits); down != "" {
		list = append(list, down)
	}
	return list
}

// omniDown tells that Omni is down, "" while it isn't.
func omniDown(limits map[string]any) string {
	var omni struct {
		Down float64 `json:"downSeconds"`
	}
	if !toldLimit(limits, "omni", &omni) || omni.Down <= 0 {
		return ""
	}
	return fmt.Sprintf("waiting for Omni, which doesn't answer, and is asked again in %.0f s", omni.Down)
}

// unshared tells why requests of other processes aren't counted at present.
func unshared(limits map[string]any) []string {
	var list []string
	for _, side := range []string{"Okta", "Omni"} {
		var l struct {
			Why string `json:"unshared"`
		}
		if toldLimit(limits, strings.ToLower(side), &l) && l.Why != "" {
			list = append(list, fmt.Sprintf("the allowance of %s isn't shared with other processes: %s", side, l.Why))
		}
	}
	return list
}
