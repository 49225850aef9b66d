package configs

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// checkCron accepts what the scheduler takes, but for a time zone: that has a
// key of its own.
func checkCron(expression string) (message, mend string) {
	const form = `write five fields, such as "0 * * * *", or "@every 10m", or "" for never`
	switch {
	case expression == "":
		return "", ""
	case strings.Contains(expression, "TZ="):
		return "names a time zone", "write it as schedule.timezone"
	}
	s, err := cron.ParseStandard(expression)
	if err != nil {
		return badCron(expression, err, form)
	}
	if every, ok := strings.CutPrefix(expression, "@every "); ok {
		if d, err := time.ParseDuration(every); err == nil && d < time.Second {
			return "is shorter than a second", form
		}
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Sprintf("%q names a day that never comes", expression), form
	}
	return "", ""
}

func badCron(expression string, err error, form string) (message, mend string) {
	fields := strings.Fields(expression)
	if len(fields) != 6 {
		return fmt.Sprintf("%q is not a cron expression: %v", expression, err), form
	}
	message = fmt.Sprintf("%q has six fields, and there is none for seconds", expression)
	if rest := strings.Join(fields[1:], " "); parses(rest) {
		return message, fmt.Sprintf("write %q", rest)
	}
	return message, form
}

func parses(expression string) bool {
	_, err := cron.ParseStandard(expression)
	return err == nil
}

func checkZone(name string) (message, mend string) {
	const form = "write UTC, Local or a name such as Europe/Berlin"
	if name == "" {
		return "is empty", form
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Sprintf("%q is not a known time zone", name), form
	}
	return "", ""
}
