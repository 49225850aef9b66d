package configs_test

import (
	"strings"
	"testing"
)

// The address of a webhook is looked at where it is known, and never repeated.
func TestAddressOfAlerts(t *testing.T) {
	const at = "f:10:25: alerts.webhook.url: what ${env:HOOK} holds "
	for address, want := range map[string]string{
		"https://hooks.example.com/services/T0/s3cret": "", "https://h.example.com:8443/x?token=s3cret": "", "http://127.0.0.1:9/s3cret": "", "http://localhost/s3cret": "",
		"http://hooks.example.com/s3cret":     at + "is http://, which is accepted for this machine only",
		"https://me:s3cret@hooks.example.com": at + "holds a user name or password",
		"hooks.example.com/s3cret":            at + "is not a URL with a host",
		"ftp://hooks.example.com/s3cret":      at + "is not https://",
		"s3cret":                              at + "is not a URL with a host",
		"https://h.example.com/a s3cret":      at + "contains a space",
		"'https://h.example.com/s3cret'":      at + "stands in quotes",
		"":                                    "f:10:25: alerts.webhook.url: environment variable HOOK is not set or empty",
	} {
		got := secretFaults(minimal+"alerts: {webhook: {url: \"${env:HOOK}\"}}\n", "OKTA_API_TOKEN=t", "OMNI_API_KEY=k", "HOOK="+address)
		if !strings.HasPrefix(got, want) || want == "" && got != "" || strings.Contains(got, "s3cret") {
			t.Errorf("%s:\n%s\nwant %s", address, got, want)
		}
	}
}

func TestWhetherAlertsAreSent(t *testing.T) {
	if parse(t, minimal).AlertsSent() || !parse(t, minimal+"alerts: {webhook: {url: \"${env:HOOK}\"}}\n").AlertsSent() {
		t.Error("alerts.webhook.url says whether")
	}
}
