package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// mutex is the standard library's, for files that import our own sync.
type mutex = sync.Mutex

// alertDesk is who gets a script's alerts.
type alertDesk struct {
	mu     sync.Mutex
	status int // 0 is 200
	got    []string
}

func (d *alertDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a script looks for what it wants in it
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status != 0 && d.status != http.StatusOK {
		w.WriteHeader(d.status)
		return
	}
	d.got = append(d.got, string(body))
}

// alertsCmd looks at the alerts that came: alerts told TEXT... waits for one that has each text,
// ! alerts told TEXT wants none; alerts count N; alerts answers STATUS.
func alertsCmd(ts *testscript.TestScript, neg bool, args []string) {
	d := worldOf(ts).alerts
	find := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		n := 0
		for _, body := range d.got {
			all := true
			for _, text := range args[1:] {
				all = all && strings.Contains(body, text)
			}
			if all {
				n++
			}
		}
		return n
	}
	number := func() int {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "told":
		for range 1000 {
			if found := find() > 0; found != neg {
				return
			} else if neg {
				break
			}
			pause()
		}
		ts.Fatalf("told were %q", d.got)
	case "count":
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.got) != number() {
			ts.Fatalf("%d were told: %q", len(d.got), d.got)
		}
	case "answers":
		d.mu.Lock()
		defer d.mu.Unlock()
		d.status = number()
	default:
		ts.Fatalf("alerts %s is not known", args[0])
	}
}
