package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// The server's limits. What is sent has its own, see patience: a run's stream
// may last for hours.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	farewell      = 8 * time.Second // what running requests get when the daemon ends
)

// Serve answers on l until ctx ends, then gives running requests a few seconds:
// their runs live under ctx and end with it. It closes l.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	server := &http.Server{
		Handler:           Handler(ctx, o),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          zap.NewStdLog(o.Log),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}
