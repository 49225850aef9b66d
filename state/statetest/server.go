package statetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Redis starts a redis-server of this test's own, with further arguments where
// given, and gives its URL. It ends with the test.
func Redis(t testing.TB, args ...string) string {
	t.Helper()
	url, stop, err := StartRedis(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// Name gives a connection's name that nothing else uses, for tests that share a server.
func Name() string { return "test-" + strings.ToLower(rand.Text()[:12]) }

// StartRedis starts a redis-server that listens on a free loopback port, keeps
// its files in dir and saves nothing, and waits until it answers. It is for a
// TestMain whose tests share one server; the others use Redis. stop kills the
// server and waits for its end.
func StartRedis(dir string, args ...string) (url string, stop func(), err error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return "", nil, errors.New("no redis-server in PATH: install redis-server (Debian: apt install redis-server; macOS: brew install redis)")
	}
	// A port that is free now may be taken a moment later: try others.
	for range 5 {
		var port int
		if port, err = freePort(); err != nil {
			return "", nil, err
		}
		if stop, err = startOn(program, dir, port, args); err == nil {
			return fmt.Sprintf("redis://127.0.0.1:%d", port), stop, nil
		}
	}
	return "", nil, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func startOn(program, dir string, port int, args []string) (stop func(), err error) {
	var output bytes.Buffer
	all := []string{
		"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no",
	}
	cmd := exec.Command(program, append(all, args...)...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed, or its output tells
		close(ended)
	}()
	stop = func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		<-ended
	}
	if err := await(port, cmd.Process.Pid, ended); err != nil {
		stop()
		return nil, fmt.Errorf("redis-server on port %d: %w; it said:\n%s", port, err, output.String())
	}
	return stop, nil
}

// await polls until the server of that pid answers on port: another one may
// have been quicker to take it. A server that asks for a password tells no pid
// and is believed.
func await(port, pid int, ended <-chan struct{}) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := askInfo(ctx, port)
		switch {
		case strings.Contains(answer, fmt.Sprintf("process_id:%d\r\n", pid)), strings.HasPrefix(answer, "-NOAUTH"):
			return nil
		case strings.Contains(answer, "process_id:"):
			return errors.New("another server has the port")
		}
		select {
		case <-tick.C:
		case <-ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s: %q, %v", patience, answer, err)
		}
	}
}

// askInfo gives the beginning of the answer to INFO server, "" when there is none.
func askInfo(ctx context.Context, port int) (string, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, "INFO server\r\n"); err != nil {
		return "", err
	}
	var answer strings.Builder
	line := bufio.NewScanner(io.LimitReader(c, 1<<16))
	for line.Scan() {
		answer.WriteString(line.Text() + "\r\n")
		if strings.HasPrefix(line.Text(), "process_id:") || strings.HasPrefix(line.Text(), "-") {
			break
		}
	}
	return answer.String(), line.Err()
}
