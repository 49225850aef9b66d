package okta

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/fault"
)

const (
	attemptTime = 10 * time.Second
	maxBody     = 64 << 20 // bytes; a page of 1000 full users has about 2 MB
)

// whole reads answers to their end, within the time of one attempt. A body that
// breaks off is then a broken connection, and is asked for again like one.
type whole struct{ next http.RoundTripper }

func (w *whole) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), attemptTime, fmt.Errorf("no whole answer within %s", attemptTime))
	defer cancel()
	resp, err := w.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, orCause(ctx, err)
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	if err != nil {
		return nil, orCause(ctx, err)
	}
	resp.Body, resp.ContentLength = &read{body, bytes.NewReader(body)}, int64(len(body))
	return resp, nil
}

// read is a body that was read to its end: who wants all of it need not copy it.
type read struct {
	all []byte
	*bytes.Reader
}

// Close does nothing.
func (*read) Close() error { return nil }

func readBody(resp *http.Response) ([]byte, error) {
	if r, ok := resp.Body.(*read); ok {
		return r.all, nil
	}
	var b bytes.Buffer
	if n := resp.ContentLength; 0 < n && n <= maxBody {
		b.Grow(int(n) + bytes.MinRead) // as much as ReadFrom wants to see free at the end
	}
	if _, err := b.ReadFrom(io.LimitReader(resp.Body, maxBody+1)); err != nil {
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", b.Len(), err)
	}
	if b.Len() > maxBody {
		return nil, &fault.Error{Kind: fault.Doubt, Detail: fmt.Sprintf("the answer is larger than %d bytes", maxBody)}
	}
	return b.Bytes(), nil
}

// orCause tells why ctx ended rather than that it did.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
