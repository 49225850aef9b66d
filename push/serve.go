package push

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"
)

// The server's limits. A body and an answer have the time that timely gives them,
// and a little more: where reading ends first, the handler's context ends too.
const (
	headerWithin = 5 * time.Second
	readWithin   = answerWithin + 6*time.Second
	writeWithin  = answerWithin + 6*time.Second
	idleFor      = time.Minute
	mostHeader   = 16 << 10
	connections  = 1024
	partWithin   = 8 * time.Second // what running requests get when the daemon ends
)

// Server is how a listener that the world may reach is served: what a stranger can
// hold open is bounded.
type Server struct {
	Name, Section     string // for messages, such as "SCIM endpoint" and scim
	CertFile, KeyFile string // PEM; both empty: no TLS
	Log               *zap.Logger
}

// Server is how the doors are served.
func (d Doors) Server() Server {
	return Server{Name: "SCIM endpoint", Section: "scim", CertFile: d.CertFile, KeyFile: d.KeyFile, Log: d.Log}
}

// Serve answers on l by h until ctx ends, then gives running requests a few seconds.
// It closes l.
func (s Server) Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	complaints, err := zap.NewStdLogAt(s.Log, zap.DebugLevel) // of strangers who don't speak HTTP or TLS
	if err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            headerWithin,
		ReadTimeout:                  readWithin,
		WriteTimeout:                 writeWithin,
		IdleTimeout:                  idleFor,
		MaxHeaderBytes:               mostHeader,
		ErrorLog:                     complaints,
		DisableGeneralOptionsHandler: true,
		Protocols:                    new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true) // all that Okta speaks
	limited := netutil.LimitListener(l, connections)
	serve := func() error { return server.Serve(limited) }
	if s.CertFile != "" {
		c, err := newCertificate(s)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		server.TLSConfig = c.config()
		serve = func() error { return server.ServeTLS(limited, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), partWithin)
	defer cancel()
	err = server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}
