package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Message is one thing to be told. What a person is called stands in Names and Detail
// alone, which are empty unless the configuration lets names out.
type Message struct {
	Connection string    `json:"connection"`
	Kind       string    `json:"kind"`  // held, credential, runs, stall, removal, pause, handover, direct, archive, other
	Key        string    `json:"key"`   // the matter: equal from its beginning to its end
	State      string    `json:"state"` // begin, daily, over
	Title      string    `json:"title"`
	Hint       string    `json:"hint,omitempty"` // what to do; of one that is over, how it ended
	Run        string    `json:"run,omitempty"`
	Count      int       `json:"count,omitempty"`
	Since      time.Time `json:"since"`
	Time       time.Time `json:"time"`
	Names      []string  `json:"names,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

// The states of a message.
const (
	Begins = "begin"
	Again  = "daily"
	Over   = "over"
)

// The forms of what is sent.
const (
	JSON  = "json"
	Slack = "slack"
)

// encode gives a message in the form.
func encode(m Message, form string) ([]byte, error) {
	if form == Slack {
		return json.Marshal(slackOf(m))
	}
	return json.Marshal(struct {
		Version int `json:"version"`
		Message
	}{1, m})
}

// slack is what Slack's incoming webhooks take: text for notifications, blocks for the
// channel.
type slack struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string    `json:"type"`
	Text     *mrkdwn   `json:"text,omitempty"`
	Elements []*mrkdwn `json:"elements,omitempty"`
}

type mrkdwn struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"` // neither links nor mentions are made of what looks like some
}

// Slack refuses longer texts of a section, in characters.
const longestSection = 3000

func slackOf(m Message) slack {
	head := fmt.Sprintf("%s *%s*: %s", marks[m.State], escape(m.Connection), escape(m.Title))
	switch m.State {
	case Again:
		head += " (still)"
	case Over:
		head += " (over)"
	}
	lines := []string{head}
	if m.Hint != "" {
		lines = append(lines, escape(m.Hint))
	}
	if len(m.Names) > 0 {
		lines = append(lines, escape(strings.Join(m.Names, ", ")))
	}
	if m.Detail != "" {
		lines = append(lines, "> "+escape(strings.Join(strings.Fields(m.Detail), " ")))
	}
	foot := "since " + stamp(m.Since)
	if m.Run != "" {
		foot += ", run " + escape(m.Run)
	}
	return slack{Text: cut(head), Blocks: []block{
		{Type: "section", Text: textOf(strings.Join(lines, "\n"))},
		{Type: "context", Elements: []*mrkdwn{textOf(foot)}},
	}}
}

var marks = map[string]string{Begins: ":warning:", Again: ":alarm_clock:", Over: ":white_check_mark:"}

func textOf(s string) *mrkdwn { return &mrkdwn{Type: "mrkdwn", Text: cut(s), Verbatim: true} }

// escape takes what steers Slack out of a text: its three special characters are written
// as Slack's documents ask, and what marks text up is no mark any more.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "\u2217", "`", "'", "\n", " ", "\r", " ").Replace(s)
}

// cut keeps a text within what Slack takes, and no character in two.
func cut(s string) string {
	runes := []rune(s)
	if len(runes) <= longestSection {
		return s
	}
	return string(runes[:longestSection-1]) + "…"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
