package main

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
)

func TestPrintAccess(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	people := []sync.Access{
		{UserName: "ann@example.com", OktaID: "00u1", Access: sync.HadAccess, Since: at.Add(-time.Hour), Kind: "create", Run: "r1"},
		{UserName: "bob.rather.long@example.com", OktaID: "00u2", Access: sync.HadAccess, Reason: "no line is about it; the ledger tells that it is so today"},
		{UserName: "ev\x1b[2Jil@example.com", OktaID: "00u3", Access: sync.NotKnown, Reason: "somebody changed the account in Omni\n, and no line tells when"},
	}
	whole := sync.AccessAnswer{At: at, Whole: true, Since: at.Add(-24 * time.Hour), People: people, Unknown: 1}
	old := sync.AccessAnswer{At: at, Since: at.Add(time.Hour), People: people[:1], Unknown: 7}
	golden(t, "access", false, func(p *printer) {
		for _, row := range []struct {
			answer  sync.AccessAnswer
			subject string
		}{{whole, ""}, {old, ""}, {sync.AccessAnswer{At: at}, ""}, {sync.AccessAnswer{At: at, Whole: true, Since: at}, ""},
			{sync.AccessAnswer{At: at, Whole: true, Since: at, People: people[:1]}, "ann@example.com"}, {sync.AccessAnswer{At: at, Whole: true, Since: at}, "zo\x1be@example.com"}} {
			p.access(row.answer, row.subject)
		}
	})
}
