package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// nowView is the connection at a glance.
type nowView struct {
	sync.Status
	Says    string // the state in a sentence
	Since   time.Time
	Omni    omniSide
	Okta    []oktaBucket
	Notes   []string
	Waiting int // changes that are held
	Out     []stepCount
	Alerts  *alertsSeen // nil where none are sent
}

// alertsSeen is how the webhook of alerts does, as the daemon tells it.
type alertsSeen struct {
	Sent    int        `json:"sent"`
	Last    *time.Time `json:"last"`
	Waiting int        `json:"waiting"`
	Error   string     `json:"error"` // "" while it takes them
	Since   *time.Time `json:"since"`
}

// omniSide is Omni's allowance as the daemon tells it.
type omniSide struct {
	PerMinute     int     `json:"perMinute"`
	Pace          float64 `json:"pace"`
	PausedSeconds float64 `json:"pausedSeconds"`
	RefusedKeys   []int   `json:"refusedKeys"`
	Unshared      string  `json:"unshared"`
	DownSeconds   float64 `json:"downSeconds"`
	Lanes         []struct {
		Name    string `json:"name"`
		Waiting int    `json:"waiting"`
	} `json:"lanes"`
}

// Used is the part of the allowance that is used, in requests a minute.
func (o omniSide) Used() int { return int(o.Pace*float64(o.PerMinute) + 0.5) }

// Queue is how many requests wait for their turn.
func (o omniSide) Queue() (n int) {
	for _, l := range o.Lanes {
		n += l.Waiting
	}
	return n
}

// Health is one word on Omni.
func (o omniSide) Health() string {
	switch {
	case o.PerMinute == 0:
		return "unknown"
	case o.DownSeconds > 0:
		return "down"
	case len(o.RefusedKeys) > 0:
		return "key refused"
	case o.PausedSeconds > 0 || o.Pace < 1:
		return "slowed"
	default:
		return "well"
	}
}

// oktaBucket is what Okta announced of one of its limits.
type oktaBucket struct {
	Name      string    `json:"-"`
	Limit     int       `json:"limit"`
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset"`
	Waiting   int       `json:"waiting"`
	Why       string    `json:"why"`
}

// Health is one word on a limit of Okta's.
func (b oktaBucket) Health() string {
	if b.Waiting > 0 && b.Why != "" {
		return "waits"
	}
	return "well"
}

func (a *api) nowData(r *http.Request) (any, error) {
	s, err := a.pulse.glance(r.Context())
	if err != nil {
		return nil, err
	}
	v := nowView{Status: s, Says: says(s.State), Out: stepsIn(s.Leaving)}
	if s.Pause != nil && s.State == sync.Paused { // which tells by itself why
		v.Says, v.Reason = "Nothing is written to Omni until the pause is over.", ""
	}
	told(s.Limits, "alerts", &v.Alerts)
	if s.Last != nil {
		v.Since = s.Last.Ended
	}
	for _, h := range s.Held {
		v.Waiting += h.Count
	}
	told(s.Limits, "omni", &v.Omni)
	for _, name := range slices.Sorted(maps.Keys(s.Limits)) {
		if bucket, is := strings.CutPrefix(name, "okta "); is {
			b := oktaBucket{Name: bucket}
			told(s.Limits, name, &b)
			v.Okta = append(v.Okta, b)
		}
	}
	v.Notes = notes(v)
	return v, nil
}

// told reads one of the limits, which are whatever the parts of the daemon tell.
func told(limits map[string]any, name string, into any) {
	if text, err := json.Marshal(limits[name]); err == nil {
		_ = json.Unmarshal(text, into) // what can't be read isn't known
	}
}

// says tells a state in a sentence.
func says(h sync.Health) string {
	switch h {
	case sync.InStep:
		return "Omni is as Okta says."
	case sync.Behind:
		return "No run has ended yet with a reading that can be believed."
	case sync.Waiting:
		return "Omni is as Okta says, but for what is held."
	case sync.Broken:
		return "Some changes, or whole runs, fail."
	case sync.Paused:
		return "The ledger is out of reach; nothing is done until it is back."
	default:
		return ""
	}
}

// notes are what somebody should know or mend besides.
func notes(v nowView) []string {
	var list []string
	for _, key := range v.Omni.RefusedKeys {
		list = append(list, fmt.Sprintf("Omni refuses API key %d (omni.api_keys[%d]), which is set aside: replace it by a new organization key.", key, key-1))
	}
	if v.Omni.DownSeconds > 0 {
		list = append(list, fmt.Sprintf("Omni doesn't answer; it is asked again in %.0f s.", v.Omni.DownSeconds))
	}
	if v.Omni.Unshared != "" {
		list = append(list, "The allowance of Omni isn't shared with other processes: "+v.Omni.Unshared)
	}
	if v.Log != nil && v.Log.Waits != "" {
		list = append(list, "Okta's System Log isn't read on: "+v.Log.Waits)
	}
	return list
}
