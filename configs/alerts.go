package configs

import (
	"net/url"
	"time"
)

// Alerts says what people are told of without their asking, and where.
type Alerts struct {
	Webhook Webhook       `koanf:"webhook" json:"webhook" jsonschema_description:"Where alerts go; the log has them in any case."`
	Names   bool          `koanf:"names" json:"names" jsonschema_description:"Whether alerts name people and groups, and repeat the words of errors, which may."`
	Stall   time.Duration `koanf:"stall" json:"stall" jsonschema_description:"After how long without a good reading it is told; 0: at the second tick of a schedule in a row that was in vain."`
}

// Webhook is where alerts go.
type Webhook struct {
	URL         Secret        `koanf:"url" json:"url" jsonschema_description:"Its address, which is a secret: https, or http on this machine; none: alerts stand in the log alone."`
	Format      string        `koanf:"format" json:"format" jsonschema:"enum=json,enum=slack" jsonschema_description:"Whether plain JSON is sent, or the form that Slack's incoming webhooks take."`
	BearerToken Secret        `koanf:"bearer_token" json:"bearer_token" jsonschema_description:"Token that is sent with it in the Authorization header; none: no such header."`
	Timeout     time.Duration `koanf:"timeout" json:"timeout" jsonschema_description:"How long an attempt may take."`
}

// AlertsSent reports whether alerts go anywhere but into the log.
func (c *Config) AlertsSent() bool { return c.Alerts.Webhook.URL.Ref() != "" }

// longestAttempt bounds alerts.webhook.timeout: alerts go one after the other.
const longestAttempt = time.Minute

func checkAlerts(a Alerts) []Fault {
	w, at := a.Webhook, "alerts.webhook."
	switch {
	case w.Timeout <= 0 || w.Timeout > longestAttempt:
		return []Fault{{Path: at + "timeout", Message: "is no time that an attempt may take", Mend: "write a duration such as 10s, of one minute at most"}}
	case w.BearerToken.Ref() != "" && w.URL.Ref() == "":
		return []Fault{{Path: at + "bearer_token", Message: "does nothing without alerts.webhook.url", Mend: "write that too, or remove it"}}
	}
	return nil
}

// misshapenHook tells why a webhook's address isn't one. It never repeats it.
func misshapenHook(text string) (message, mend string) {
	mend = "put the whole address there, such as https://hooks.example.com/services/T0/B0/x"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return "is not a URL with a host", mend
	case u.User != nil:
		return "holds a user name or password", "write the token under alerts.webhook.bearer_token"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "is http://, which is accepted for this machine only", mend
	case u.Scheme != "http" && u.Scheme != "https":
		return "is not https://", mend
	}
	return "", ""
}
