package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisWait is how long a redis-server may take to answer.
const redisWait = 10 * time.Second

// startRedis starts a redis-server on a free loopback port that saves nothing.
func startRedis(ctx context.Context, dir string) (url string, stop func(), err error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return "", nil, errors.New("no redis-server in PATH: install redis-server (Debian: apt install redis-server; macOS: brew install redis), or measure the embedded ledger alone with -only /bolt")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, program, "--port", fmt.Sprint(addr.Port), "--bind", "127.0.0.1", "--dir", dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no")
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start redis-server: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		_ = cmd.Wait()         // it was killed
	}
	url = "redis://" + addr.String()
	if err := awaitRedis(ctx, url); err != nil {
		stop()
		return "", nil, fmt.Errorf("redis-server on %s doesn't answer: %w", addr, err)
	}
	return url, stop, nil
}

func awaitRedis(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, redisWait)
	defer cancel()
	o, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(o)
	for err = client.Ping(ctx).Err(); err != nil && wait(ctx, 20*time.Millisecond); {
		err = client.Ping(ctx).Err()
	}
	return errors.Join(err, client.Close())
}
