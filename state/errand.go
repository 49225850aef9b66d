package state

import (
	"context"
	"time"
)

// Errand is work that one process asks of the one that leads. The stores know
// nothing of what it is.
type Errand struct {
	ID      string // random, the asker's choice
	Kind    string // what is asked
	By      string // who asks
	Request []byte // what more there is to say; nil when nothing is
}

// Answers are what an asker finds. Nothing in them is taken out: who asks for
// the same again gets the same.
type Answers struct {
	List   [][]byte // what was posted since Next of the time before, oldest first
	Next   string   // where to go on
	Holder string   // who leads now, "" for nobody
	Taken  bool     // one who leads now has taken the errand up
	Lost   bool     // whoever took it up leads no more, or is silent; or the errand ended while nobody looked after it
}

// Mailbox takes errands to the process that leads, and its answers back. Only a
// store that several processes share has one. Whatever lies in it ends by itself:
// an errand whose asker is silent for its ttl, an answer whose leader is.
type Mailbox interface {
	Asker
	Doer
}

// Asker is the mailbox as those see it who don't lead.
type Asker interface {
	// Leave leaves an errand for whoever leads, to be looked after by Answers.
	Leave(ctx context.Context, e Errand, ttl time.Duration) error
	// Answers gives what was posted about an errand after next ("" from the begin),
	// and prolongs the errand by ttl from now.
	Answers(ctx context.Context, id, next string, ttl time.Duration) (Answers, error)
	// Withdraw takes an errand and its answers away, done or not, and reports whether
	// somebody had taken it up, who then learns of it at the next Post. One that is
	// gone is no error.
	Withdraw(ctx context.Context, id string) (taken bool, err error)
}

// Doer is the mailbox as the one sees it who leads. All of it answers
// fault.Fenced when the fence isn't the current one.
type Doer interface {
	// Waiting gives something after each renewal of the lease that saw errands wait.
	// It asks the store for nothing besides the renewal.
	Waiting() <-chan struct{}
	// Collect takes out the errands that wait, the oldest first. They may have been
	// withdrawn since. Those whose answer is lost on the way are never done.
	Collect(ctx context.Context, f Fence) ([]Errand, error)
	// Post says that f's holder has taken the errand up, and posts an answer where
	// it isn't empty. It stands for ttl from the newest Post. False when the errand
	// is gone: nobody waits for it any more. After fault.Unavailable it may have been
	// posted.
	Post(ctx context.Context, f Fence, a Answer) (wanted bool, err error)
}

// Answer is something about an errand.
type Answer struct {
	ID   string // of the errand
	Text []byte
	TTL  time.Duration
}
