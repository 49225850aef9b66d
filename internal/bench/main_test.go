package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the tests' own binary be the child that a measurement starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	o, err := parse(nil, io.Discard)
	if err != nil || o.Users != 100_000 || o.Runs != 3 || o.Pushes != 500 || o.Latency != 20*time.Millisecond || o.Out != "docs/benchmarks.md" || fmt.Sprint(o.Loads) != "[1000 10000]" {
		t.Errorf("nothing is asked for: %+v, %v", o, err)
	}
	o, err = parse([]string{"-users", "2000"}, io.Discard)
	if err != nil || fmt.Sprint(o.Loads) != "[1000 2000]" || o.Out != "" {
		t.Errorf("a smaller company, which isn't what the page is about: %+v, %v", o, err)
	}
	o, err = parse([]string{"-only", "full/bolt"}, io.Discard)
	if err != nil || o.Out != "" {
		t.Errorf("a part, which isn't the whole table: %+v, %v", o, err)
	}
	o, err = parse([]string{"-only", "full/bolt", "-out", "here.md"}, io.Discard)
	if err != nil || o.Out != "here.md" {
		t.Errorf("a file is named: %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-users", "99"}, {"-runs", "0"}, {"-records", "0"}, {"-pushes", "3"}, {"-latency", "-1s"}, {"full"}, {"-speed"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// What a child can't do, the one who started it is told.
func TestAChildThatFails(t *testing.T) {
	_, err := perform(t.Context(), task{Role: "idler"})
	if err == nil || !strings.Contains(err.Error(), `no role "idler"`) {
		t.Errorf("%v", err)
	}
	_, err = perform(t.Context(), task{Role: "fill", Record: "/nonexistent/record"})
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/record") {
		t.Errorf("%v", err)
	}
}

func TestUnknownParts(t *testing.T) {
	o, err := parse([]string{"-only", "nothing"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := measure(t.Context(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("%v", err)
	}
}
