package sim

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Transport calls the handler in the caller's goroutine, without a network: tests that run in a testing/synctest
// bubble need it, since a real connection stops the bubble's clock. Bodies are whole in memory. A handler that
// aborts (http.ErrAbortHandler) is a connection that broke: an error that wraps io.ErrUnexpectedEOF, from the round
// trip when nothing was flushed before, else from the body after its flushed part. A context that ended gives its error.
func Transport(h http.Handler) http.RoundTripper {
	return transport{handler: h}
}

type transport struct {
	handler http.Handler
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		if err = errors.Join(err, req.Body.Close()); err != nil {
			return nil, fmt.Errorf("read the request's body: %w", err)
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	a := newAnswer()
	aborted := a.run(t.handler, incoming(req, body))
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && a.flushed < 0 {
		return nil, fmt.Errorf("connection broke before an answer: %w", io.ErrUnexpectedEOF)
	}
	return a.response(req, aborted), nil
}

// incoming is the request as a server sees it: without scheme and host in the URL.
func incoming(req *http.Request, body []byte) *http.Request {
	in := req.Clone(req.Context())
	in.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
	if in.URL.Path == "" {
		in.URL.Path = "/"
	}
	in.RequestURI = in.URL.RequestURI()
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "192.0.2.1:1234"
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in.GetBody = nil
	if req.URL.Scheme == "https" { // so that a handler that makes links knows
		in.TLS = &tls.ConnectionState{}
	}
	return in
}

// answer is a response in memory.
type answer struct {
	header  http.Header
	sent    http.Header // the header when it was written; nil before
	code    int
	body    bytes.Buffer
	flushed int // bytes of the body that had left when the handler flushed last; -1: never
}

func newAnswer() *answer {
	return &answer{header: http.Header{}, flushed: -1}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	if a.sent != nil || code < 200 {
		return
	}
	a.code, a.sent = code, a.header.Clone()
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.WriteHeader(http.StatusOK)
	a.flushed = a.body.Len()
}

// run calls the handler and tells whether it aborted. Any other panic is the handler's own and goes on.
func (a *answer) run(h http.Handler, r *http.Request) (aborted bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			aborted = true
		}
	}()
	h.ServeHTTP(a, r)
	a.WriteHeader(http.StatusOK)
	return false
}

func (a *answer) copyTo(w http.ResponseWriter) {
	a.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), a.sent)
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body.Bytes()) // a client that went away is the only cause, and needs no answer
}

// response is what a client gets. Date, Content-Type and Content-Length are filled as net/http's server does.
func (a *answer) response(req *http.Request, aborted bool) *http.Response {
	body := a.body.Bytes()
	if a.sent.Get("Date") == "" {
		a.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	if a.sent.Get("Content-Type") == "" && len(body) > 0 {
		a.sent.Set("Content-Type", http.DetectContentType(body))
	}
	length := int64(len(body))
	if announced, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64); err == nil {
		length = announced
	} else if len(body) > 0 {
		a.sent.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	var reader io.Reader = bytes.NewReader(body)
	switch {
	case req.Method == http.MethodHead:
		reader = http.NoBody
	case aborted:
		reader = io.MultiReader(bytes.NewReader(body[:a.flushed]), brokenBody{})
	case length > int64(len(body)):
		reader = io.MultiReader(reader, brokenBody{})
	}
	return &http.Response{
		Status:     strconv.Itoa(a.code) + " " + http.StatusText(a.code),
		StatusCode: a.code,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.sent,
		Body:          io.NopCloser(reader),
		ContentLength: length,
		Request:       req,
	}
}

// brokenBody is where the connection broke.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
