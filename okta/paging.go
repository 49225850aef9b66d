package okta

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"sync"

	"github.com/omnisync/omnisync/identity"
)

// maxStale is how many pages in a row may bring nothing new. Okta's lists may
// hold an empty page in between; a list that goes on like this is a loop.
const maxStale = 3

// pagesAhead is how many pages wait, besides the one that is on its way, while an
// earlier one is being looked at: a list is as fast as Okta even where the reader
// is slow for a moment.
const pagesAhead = 1

// page is the outcome of asking for one page.
type page struct {
	answer *answer
	err    error // of the asking
	link   error // of the way to the next page
	last   bool
}

// told is a record with the request that it was read by.
type told[T any] struct {
	record *T
	origin identity.Origin
}

// list walks through all pages of a list. It yields each object once, since an
// assignment that comes or goes while pages are read may shift another one onto
// two of them, and ends with an error when a page fails, isn't a list, holds
// something without an id, or when the pages loop. The next pages are on their
// way while one is yielded; they end with the walk.
func list[T record](ctx context.Context, r *Reader, c call) iter.Seq2[told[T], error] {
	return listTo[T](ctx, r, c, new(identity.Origin))
}

// listTo is list, and keeps in end where the newest page was told, which may be an empty one.
func listTo[T record](ctx context.Context, r *Reader, c call, end *identity.Origin) iter.Seq2[told[T], error] {
	return func(yield func(told[T], error) bool) {
		w := begin(ctx, r, c)
		defer w.end()
		ids, stale, size := map[string]struct{}{}, 0, 0
		for p := range w.pages {
			records, err := recordsOf[T](c, p, size)
			*end = origin(c, p.answer)
			stale++
			size = max(size, len(records))
			for i := range records {
				id := records[i].id()
				if _, twice := ids[id]; twice {
					continue
				}
				ids[id], stale = struct{}{}, 0
				if !yield(told[T]{&records[i], *end}, nil) {
					return
				}
			}
			if err == nil && stale == maxStale && !p.last {
				err = doubt(c, "%d pages in a row brought nothing new: they loop", maxStale)
			}
			if err != nil {
				r.broken.note(c, err)
				yield(told[T]{}, err)
				return
			}
		}
	}
}

// recordsOf reads a page, of about so many records. What could be read is returned with the error of the rest.
func recordsOf[T record](c call, p page, size int) ([]T, error) {
	if p.err != nil {
		return nil, p.err
	}
	records := make([]T, 0, size)
	if err := decode(c, p.answer, '[', &records); err != nil {
		return nil, err
	}
	for i, v := range records {
		if v.id() == "" {
			return records[:i], doubt(c, "the list holds something without an id")
		}
	}
	return records, p.link
}

// walk is the way through a list's pages.
type walk struct {
	reader *Reader
	call   call
	asked  map[string]bool // paths
	pages  chan page       // closed after the last one, or with the walk
	ended  chan struct{}
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func begin(ctx context.Context, r *Reader, c call) *walk {
	w := &walk{reader: r, call: c, asked: map[string]bool{}, pages: make(chan page, pagesAhead), ended: make(chan struct{})}
	ctx, w.cancel = context.WithCancel(ctx)
	w.wg.Go(func() { w.run(ctx) })
	return w
}

func (w *walk) end() {
	close(w.ended)
	w.cancel()
	w.wg.Wait()
}

// run asks for one page after the other.
func (w *walk) run(ctx context.Context) {
	defer close(w.pages)
	for c := w.call; c.path != ""; {
		w.asked[c.path] = true
		var p page
		p.answer, p.err = w.reader.ask(ctx, c)
		c.path = ""
		if p.err == nil {
			c.path, p.link = w.follow(p.answer.header)
		}
		p.last = c.path == ""
		select {
		case w.pages <- p:
		case <-w.ended: // not ctx: its end is an error that the reader must see
			return
		}
	}
}

// follow gives the path of the next page, "" where the header names none.
func (w *walk) follow(h http.Header) (string, error) {
	path, err := w.reader.nextPath(w.call, h)
	if err == nil && w.asked[path] {
		return "", doubt(w.call, "the pages loop: a next page was read before")
	}
	return path, err
}

// nextPath gives the path of the next page, "" where the header names none. A page
// that isn't below okta.org_url isn't asked for.
func (r *Reader) nextPath(c call, h http.Header) (string, error) {
	link, err := nextLink(h)
	if err != nil {
		return "", doubt(c, "the Link header can't be read: %v", err)
	}
	if link == nil {
		return "", nil
	}
	path, ok := strings.CutPrefix(link.RequestURI(), r.org.Path+"/")
	if link.Scheme != r.org.Scheme || link.Host != r.org.Host || !ok {
		return "", doubt(c, "the next page is at %s://%s, not at okta.org_url", link.Scheme, link.Host)
	}
	return "/" + path, nil
}
