package sync_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

var update = flag.Bool("update", false, "write the golden files anew")

// situation is a world, and somebody, or a group, who is asked about in it.
type situation struct {
	name    string
	policy  func(*sync.Policy)
	world   func(c *company)        // before the bubble of simulated time
	play    func(c *company) string // gives the subject
	mention []string                // words of the cause that each answer must hold
}

// answers asks in each way, the one that changes something last.
func (c *company) answers(subject string) string {
	var b strings.Builder
	c.explains(&b, subject)
	if !strings.Contains(b.String(), "The group ") {
		for _, dry := range []bool{true, false} {
			flag := ""
			if dry {
				flag = " --dry-run"
			}
			fmt.Fprintf(&b, "\n$ syncd user %s%s\n", subject, flag)
			c.omni.ResetLog()
			r, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.User, Subject: subject, DryRun: dry, Insist: true, Cause: "command"})
			writeRun(&b, r, err)
			if dry && c.omni.Writes() > 0 {
				c.t.Errorf("a dry run wrote to Omni: %+v", c.omni.Requests())
			}
		}
	}
	return unnamed(b.String())
}

func (c *company) explains(b *strings.Builder, subject string) {
	fmt.Fprintf(b, "$ syncd explain %s\n", subject)
	before, err := c.store.Position(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	c.omni.ResetLog()
	x, err := c.engine.Explain(c.t.Context(), subject)
	if after, again := c.store.Position(c.t.Context()); again != nil || after != before || c.omni.Writes() > 0 {
		c.t.Errorf("an explanation wrote: %v, %d writes to Omni, %v", after, c.omni.Writes(), again)
	}
	if err != nil {
		fmt.Fprintf(b, "syncd: %v\nNext: %s\n", err, fault.HintOf(err))
		return
	}
	fmt.Fprintln(b, x.Answer)
	for _, s := range x.Sentences {
		fmt.Fprintf(b, "  %s: %s%s\n", s.Name, s.Text, doubtMark(s))
	}
	fmt.Fprintf(b, "Next: %s\n", x.Next)
}

func doubtMark(s sync.Step) string {
	if s.Doubt {
		return " (in doubt)"
	}
	return ""
}

func writeRun(b *strings.Builder, r sync.Report, err error) {
	if err != nil {
		fmt.Fprintf(b, "syncd: %v\nNext: %s\n", err, fault.HintOf(err))
		return
	}
	for _, s := range r.Steps {
		fmt.Fprintf(b, "  %s: %s%s\n", s.Name, s.Text, doubtMark(s))
	}
	for _, d := range r.Doubts {
		fmt.Fprintf(b, "  doubt: %s\n", d)
	}
	fmt.Fprintf(b, "%s. Next: %s\n", r.Outcome, r.Next)
}

var (
	runNames = regexp.MustCompile(`\d{8}-\d{6}-[a-z2-7]{6}`)
	requests = regexp.MustCompile(`req0\w+`)
	seconds  = regexp.MustCompile(`(T\d\d:\d\d):\d\dZ`)
)

// unnamed leaves out what differs each time: a client waits for a little longer, or less,
// before it tries again.
func unnamed(text string) string {
	names := map[string]string{}
	text = seconds.ReplaceAllString(text, "${1}Z")
	text = runNames.ReplaceAllStringFunc(text, func(id string) string {
		if names[id] == "" {
			names[id] = fmt.Sprintf("RUN%d", len(names)+1)
		}
		return names[id]
	})
	return requests.ReplaceAllString(text, "REQ")
}

// compared compares a text with testdata/person/NAME.txt.
func compared(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "person", strings.ReplaceAll(name, " ", "_")+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Each situation's answers, as they were read and found true.
func TestPersonGolden(t *testing.T) {
	for _, s := range situations() {
		t.Run(s.name, s.test)
	}
}

func (s situation) test(t *testing.T) {
	policy := defaults()
	policy.Grace, policy.Guard.Creations.Percent = 0, 10_000
	if s.policy != nil {
		s.policy(&policy)
	}
	c := newCompany(t, policy)
	if s.world != nil {
		s.world(c)
	}
	simulatedOn(t, c, func(c *company) {
		text := c.answers(s.play(c))
		compared(t, s.name, text)
		s.tellsEnough(t, text)
	})
}

// tellsEnough: whatever is asked, the answer names the cause and a next step.
func (s situation) tellsEnough(t *testing.T, text string) {
	t.Helper()
	for answer := range strings.SplitSeq(text, "\n$ ") {
		command, _, _ := strings.Cut(answer, "\n")
		_, next, told := strings.Cut(answer, "Next: ")
		if !told || len(strings.TrimSpace(next)) < 10 {
			t.Errorf("%s names no next step:\n%s", command, answer)
		}
		for _, word := range s.mention {
			if !strings.Contains(answer, word) {
				t.Errorf("%s doesn't mention %q:\n%s", command, word, answer)
			}
		}
	}
}
