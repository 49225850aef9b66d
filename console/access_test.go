package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
)

func TestAccessTravels(t *testing.T) {
	d := newDaemon().serve(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	got, err := client(d).Access(t.Context(), sync.AccessQuery{At: at, Subject: "ann+1@example.com"})
	if err != nil || !got.At.Equal(at) || len(got.People) != 1 || got.People[0].UserName != "ann+1@example.com" || got.People[0].Access != sync.NotKnown {
		t.Errorf("%+v, %v", got, err)
	}
	if _, text := call(t, stays(), "GET", d+"/api/v1/access?at=noon", map[string]string{"Authorization": "Bearer " + token}, nil); !strings.Contains(text, "is no time") {
		t.Errorf("a wrong time: %s", text)
	}
}
