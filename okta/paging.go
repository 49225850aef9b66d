package okta

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"sync"
)

// maxStale is how many pages in a row may bring nothing new. Okta's lists may
// hold an empty page in between; a list that goes on like this is a loop.
const maxStale = 3

// page is the outcome of asking for one page.
type page struct {
	answer *answer
	err    error
}

// list walks through all pages of a list. It yields each object once, since an
// assignment that comes or goes while pages are read may shift another one onto
// two of them, and ends with an error when a page fails, isn't a list, holds
// something without an id, or when the pages loop. The next page is on its way
// while one is yielded; it ends with the walk.
func list[T record](ctx context.Context, r *Reader, c call) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		w := newWalk(ctx, r, c)
		defer w.close()
		ids, stale := map[string]bool{}, 0
		for w.more() {
			records, err := next[T](w)
			stale++
			for _, v := range records {
				if ids[v.id()] {
					continue
				}
				ids[v.id()], stale = true, 0
				if !yield(v, nil) {
					return
				}
			}
			if err == nil && stale == maxStale && w.more() {
				err = doubt(c, "%d pages in a row brought nothing new: they loop", maxStale)
			}
			if err != nil {
				r.broken.note(c, err)
				yield(zero, err)
				return
			}
		}
	}
}

// walk is the way through a list's pages.
type walk struct {
	reader *Reader
	call   call
	ctx    context.Context // of the page that is on its way
	cancel context.CancelFunc
	asked  map[string]bool // paths
	coming chan page       // nil after the last page
	wg     sync.WaitGroup
}

func newWalk(ctx context.Context, r *Reader, c call) *walk {
	w := &walk{reader: r, call: c, asked: map[string]bool{}}
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.ask(c.path)
	return w
}

func (w *walk) close() {
	w.cancel()
	w.wg.Wait()
}

func (w *walk) more() bool { return w.coming != nil }

func (w *walk) ask(path string) {
	w.asked[path] = true
	c := w.call
	c.path = path
	coming := make(chan page, 1)
	w.coming = coming
	w.wg.Go(func() {
		a, err := w.reader.ask(w.ctx, c)
		coming <- page{a, err}
	})
}

// next takes the page that is coming, and asks for the one after it. What could
// be read is returned with the error of the rest.
func next[T record](w *walk) ([]T, error) {
	p := <-w.coming
	w.coming = nil
	if p.err != nil {
		return nil, p.err
	}
	linkErr := w.follow(p.answer.header)
	var records []T
	if err := decode(w.call, p.answer, '[', &records); err != nil {
		return nil, err
	}
	for i, v := range records {
		if v.id() == "" {
			return records[:i], doubt(w.call, "the list holds something without an id")
		}
	}
	return records, linkErr
}

// follow asks for the next page, if the header names one.
func (w *walk) follow(h http.Header) error {
	link, err := nextLink(h)
	if err != nil {
		return doubt(w.call, "the Link header can't be read: %v", err)
	}
	if link == nil {
		return nil
	}
	org := w.reader.org
	path, ok := strings.CutPrefix(link.RequestURI(), org.Path+"/")
	if link.Scheme != org.Scheme || link.Host != org.Host || !ok {
		return doubt(w.call, "the next page is at %s://%s, not at okta.org_url", link.Scheme, link.Host)
	}
	path = "/" + path
	if w.asked[path] {
		return doubt(w.call, "the pages loop: a next page was read before")
	}
	w.ask(path)
	return nil
}
