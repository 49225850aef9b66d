package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
)

// Leave leaves an errand for whoever leads. It is gone when nobody has asked for
// its answers for ttl.
func (s *Store) Leave(ctx context.Context, e state.Errand, ttl time.Duration) error {
	keys := []string{s.keys.errands(), s.keys.errand(e.ID)}
	err := leaveScript.Run(ctx, s.client, keys, millis(ttl), e.ID, e.Kind, e.By, e.Request).Err()
	return s.fault("leave an errand in", err)
}

// Answers gives what was posted about an errand after next, and prolongs the
// errand by ttl from now.
func (s *Store) Answers(ctx context.Context, id, next string, ttl time.Duration) (state.Answers, error) {
	keys := []string{s.keys.lease(), s.keys.errands(), s.keys.errand(id), s.keys.answers(id)}
	reply, err := answersScript.Run(ctx, s.client, keys, millis(ttl), next).Result()
	if err != nil {
		return state.Answers{}, s.fault("ask about an errand in", err)
	}
	parts, ok := reply.([]any)
	if !ok || len(parts) != 4 {
		return state.Answers{}, s.fault("ask about an errand in", fmt.Errorf("the script answered %.100v", reply))
	}
	entries, err := entriesOf(parts[3])
	if err != nil {
		return state.Answers{}, s.fault("ask about an errand in", err)
	}
	lease, taker := fmt.Sprint(parts[0]), fmt.Sprint(parts[2])
	fence, holder, _ := strings.Cut(lease, " ")
	a := state.Answers{Next: next, Holder: holder}
	a.Taken = taker != "" && taker == fence
	a.Lost = parts[1] != int64(1) || taker != fence && taker != "" || taker == "" && next != ""
	for _, e := range entries {
		a.Next = e.id
		if text := e.fields["v"]; text != "" {
			a.List = append(a.List, []byte(text))
		}
	}
	return a, nil
}

// Withdraw takes an errand and its answers away, and reports whether somebody had
// taken it up; one that is gone is no error.
func (s *Store) Withdraw(ctx context.Context, id string) (bool, error) {
	keys := []string{s.keys.errands(), s.keys.errand(id), s.keys.answers(id)}
	taken, err := withdrawScript.Run(ctx, s.client, keys, id).Bool()
	return taken, s.fault("withdraw an errand from", err)
}

// Waiting gives something after each renewal of the lease that saw errands wait.
func (s *Store) Waiting() <-chan struct{} { return s.waiting }

// Collect takes out the errands that wait, the oldest first.
func (s *Store) Collect(ctx context.Context, f state.Fence) ([]state.Errand, error) {
	reply, err := collectScript.Run(ctx, s.client, []string{s.keys.lease(), s.keys.errands()}, string(f)).Result()
	if err != nil {
		return nil, s.fault("collect errands from", err)
	}
	if lease, refused := reply.(string); refused {
		return nil, fenced("collect errands from ledger on "+s.addr, whose(lease))
	}
	entries, err := entriesOf(reply)
	if err != nil {
		return nil, s.fault("collect errands from", err)
	}
	var list []state.Errand
	for _, e := range entries {
		list = append(list, state.Errand{ID: e.fields["id"], Kind: e.fields["kind"], By: e.fields["by"], Request: []byte(e.fields["request"])})
	}
	return list, nil
}

// Post says that f's holder has taken an errand up, and posts an answer where it
// isn't empty; false when nobody waits for the errand any more.
func (s *Store) Post(ctx context.Context, f state.Fence, a state.Answer) (bool, error) {
	keys := []string{s.keys.lease(), s.keys.errand(a.ID), s.keys.answers(a.ID)}
	reply, err := postScript.Run(ctx, s.client, keys, string(f), millis(a.TTL), a.Text).Text()
	if err != nil {
		return false, s.fault("answer an errand in", err)
	}
	if reply != "0" && reply != "1" {
		return false, fenced("answer an errand in ledger on "+s.addr, whose(reply))
	}
	return reply == "1", nil
}

// entry is one entry of a stream, as a script gives it.
type entry struct {
	id     string
	fields map[string]string
}

// entriesOf reads a stream's entries, the newest first, and gives them the oldest first.
func entriesOf(reply any) ([]entry, error) {
	messages, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("the script answered %.100v", reply)
	}
	var list []entry
	for _, m := range slices.Backward(messages) {
		pair, _ := m.([]any)
		if len(pair) != 2 {
			return nil, fmt.Errorf("the script answered %.100v", reply)
		}
		values, _ := pair[1].([]any)
		e := entry{id: fmt.Sprint(pair[0]), fields: map[string]string{}}
		for i := 0; i+1 < len(values); i += 2 {
			e.fields[fmt.Sprint(values[i])] = fmt.Sprint(values[i+1])
		}
		list = append(list, e)
	}
	return list, nil
}
