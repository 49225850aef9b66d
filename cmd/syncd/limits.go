package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// limits tells what Okta last announced, by bucket, how Omni's allowance stands,
// and what the SCIM endpoint and event hooks saw.
func (p parts) limits() map[string]any {
	told := map[string]any{"omni": p.omni.Limits()}
	if p.okta != nil {
		for bucket, l := range p.okta.Limits() {
			told["okta "+bucket] = l
		}
	}
	if p.scim != nil {
		told["scim"] = p.scim.seen()
	}
	if p.hooks != nil {
		told["hooks"] = p.hooks.seen()
	}
	return told
}

// warnings tells what goes on in spite of a fault that somebody should mend.
func (p parts) warnings() []string { return refusedKeys(p.limits()) }

// refusedKeys names the API keys that Omni refuses. The limits may come from the
// daemon, as JSON.
func refusedKeys(limits map[string]any) []string {
	var omni struct {
		Refused []int `json:"refusedKeys"`
	}
	text, err := json.Marshal(limits["omni"])
	if err != nil || json.Unmarshal(text, &omni) != nil {
		return nil // an older daemon, which doesn't tell
	}
	var list []string
	for _, key := range omni.Refused {
		list = append(list, fmt.Sprintf("Omni refuses API key %d (omni.api_keys[%d]), which is set aside: replace it by a new organization key", key, key-1))
	}
	return list
}

// waitingOf tells who waits for a turn at Omni, "" where nobody does, and whether Omni
// is down. The limits may come from the daemon, as JSON.
func waitingOf(limits map[string]any) string {
	var omni struct {
		Lanes []struct {
			Name    string  `json:"name"`
			Waiting int     `json:"waiting"`
			Seconds float64 `json:"seconds"`
		} `json:"lanes"`
		Down float64 `json:"downSeconds"`
	}
	text, err := json.Marshal(limits["omni"])
	if err != nil || json.Unmarshal(text, &omni) != nil {
		return "" // an older daemon, which doesn't tell
	}
	var list []string
	for _, l := range omni.Lanes {
		if l.Waiting > 0 {
			list = append(list, fmt.Sprintf("%s %d (%.0f s)", l.Name, l.Waiting, l.Seconds))
		}
	}
	if omni.Down > 0 {
		list = append(list, fmt.Sprintf("it doesn't answer, and is asked again in %.0f s", omni.Down))
	}
	return strings.Join(list, ", ")
}
