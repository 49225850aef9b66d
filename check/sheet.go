package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// sheet takes the findings of one side down.
type sheet struct {
	group    string
	findings []Finding
}

// step is one check: what to ask, and what can't be asked without.
type step struct {
	id, name string
	needs    []string // ids of the same sheet
	do       func(context.Context) Finding
}

// take does the steps in their order.
func (s *sheet) take(ctx context.Context, steps ...step) {
	for _, st := range steps {
		f := s.finding(ctx, st)
		f.ID, f.Group, f.Name = st.id, s.group, st.name
		s.findings = append(s.findings, f)
	}
}

func (s *sheet) finding(ctx context.Context, st step) Finding {
	for _, id := range st.needs {
		if f, ok := s.lookUp(id); ok && (f.State == Failed || f.State == Skipped) {
			return skipped("not known without " + f.Name)
		}
	}
	if ctx.Err() != nil {
		return skipped(context.Cause(ctx).Error())
	}
	return st.do(ctx)
}

func (s *sheet) lookUp(id string) (Finding, bool) {
	for _, f := range s.findings {
		if f.ID == id {
			return f, true
		}
	}
	return Finding{}, false
}

// passed reports whether the check was done and didn't fail.
func (s *sheet) passed(id string) bool {
	f, ok := s.lookUp(id)
	return ok && (f.State == OK || f.State == Warning)
}

func good(format string, args ...any) Finding {
	return Finding{State: OK, Found: fmt.Sprintf(format, args...)}
}

func skipped(why string) Finding { return Finding{State: Skipped, Problem: why} }

func (f Finding) warn(problem, remedy string) Finding {
	f.State, f.Problem, f.Remedy = Warning, problem, remedy
	return f
}

func (f Finding) fail(problem, remedy string) Finding {
	f.State, f.Problem, f.Remedy = Failed, problem, remedy
	return f
}

// broken is a question that got no usable answer, with a remedy where the error
// has no better one. A limit that is used up says nothing about what is asked for.
func broken(err error, otherwise string) Finding {
	hint := fault.HintOf(err)
	if hint == "" {
		hint = otherwise
	}
	if fault.Is(err, fault.Limited) {
		return Finding{}.warn("not known: "+err.Error(), "wait a minute, and check again. "+capital(hint))
	}
	return Finding{}.fail(err.Error(), hint)
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// counted gives "1 user", "2 users".
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// atLeast is counted of a first page: "500 users or more" where there are further ones.
func atLeast(n int, one string, more bool) string {
	if more {
		return counted(n, one) + " or more"
	}
	return counted(n, one)
}
