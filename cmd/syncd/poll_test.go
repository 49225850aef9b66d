package main

import (
	"os"
	"strings"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/rogpeppe/go-internal/testscript"
)

// pause is the step of bounded polling for another process.
func pause() { <-time.After(10 * time.Millisecond) }

// clientFor asks the script's daemon, with the token of its file where there is one.
func clientFor(ts *testscript.TestScript) console.Client {
	token, _ := os.ReadFile(ts.MkAbs("syncd.db.token")) // not there yet: the daemon is asked again
	return console.Client{URL: "http://" + ts.Getenv("CONSOLE"), Token: strings.TrimSpace(string(token))}
}
