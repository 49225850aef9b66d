package okta

import (
	"io"
	"net/http"
)

// answer is what Okta answered, or why it could not.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// Read and Close let an answer travel as a request's body.
func (*answer) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (*answer) Close() error { return nil }

// handover is the outermost round tripper: it gives the SDK an empty 200 and our
// code the real answer. So no reading of the SDK matters: it would decode slowly,
// read any length, drop the headers of a 429, repeat an io.EOF without end, and
// end in a nil dereference on an odd Link header. Nor does anybody follow a
// redirect, which would take the question, and the token, elsewhere.
//
// The answer travels on the response's request, which nobody else looks at.
type handover struct{ next http.RoundTripper }

func (h *handover) RoundTrip(req *http.Request) (*http.Response, error) {
	a := h.ask(req)
	carrier := *req
	carrier.Body = a
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: &carrier,
	}, nil
}

func (h *handover) ask(req *http.Request) *answer {
	resp, err := h.next.RoundTrip(req)
	if err != nil {
		return &answer{err: err}
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	return &answer{status: resp.StatusCode, header: resp.Header, body: body, err: err}
}
