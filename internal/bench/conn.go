package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"mintmark/wallet/mintclient"
)

// userAgent is shown to the mint.
const userAgent = "mintbench"

// maxAnswer bounds the body of an answer.
const maxAnswer = 64 << 20

// conn is one HTTP/1.1 connection that one worker keeps. It exists because the way
// through mintclient and net/http costs several times as much CPU
// (BenchmarkOneExchange measures both), as much as some of the work that is measured
// here, and client and servers usually share the machine; and because only here is it
// known when the first byte leaves and the last one is there. A request that fails is
// never sent twice: a swap or an issue must not be repeated behind the back of
// whoever counts. It follows no redirect.
type conn struct {
	target  *Target
	timeout time.Duration // of one exchange

	c       net.Conn
	r       *bufio.Reader
	release func() bool // ends the watch on the context
	out     []byte
	in      []byte
}

func newConn(target *Target, timeout time.Duration) *conn {
	return &conn{target: target, timeout: timeout, r: bufio.NewReaderSize(nil, 16<<10)}
}

// open connects afresh, so that no exchange starts on a connection that the
// server may have given up meanwhile. The connection dies with ctx.
func (c *conn) open(ctx context.Context) error {
	c.close()
	fresh, err := c.target.dial(ctx, c.timeout)
	if err != nil {
		return err
	}
	c.c = fresh
	c.r.Reset(fresh)
	c.release = context.AfterFunc(ctx, func() { _ = fresh.Close() })
	return nil
}

func (c *conn) close() {
	if c.c == nil {
		return
	}
	c.release()
	_ = c.c.Close()
	c.c = nil
}

// exchange sends a request and reads the whole answer, whose body is valid until the
// next exchange. took is the time from the first byte sent to the last one read;
// connecting is part of it only when the connection had to be made anew.
func (c *conn) exchange(ctx context.Context, method, path string, body []byte) (reply mintclient.Reply, took time.Duration, err error) {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, c.target.path...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.target.host...)
	c.out = append(c.out, "\r\nUser-Agent: "+userAgent+"\r\nAccept: application/json\r\n"...)
	if method != http.MethodGet {
		c.out = append(c.out, "Content-Type: application/json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
		c.out = append(c.out, "\r\n"...)
	}
	c.out = append(c.out, "\r\n"...)
	c.out = append(c.out, body...)

	start := time.Now()
	reply, err = c.roundTrip(ctx, method)
	took = time.Since(start)
	if err != nil {
		c.close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return mintclient.Reply{}, took, err
	}
	return reply, took, nil
}

func (c *conn) roundTrip(ctx context.Context, method string) (reply mintclient.Reply, err error) {
	if c.c == nil {
		if err := c.open(ctx); err != nil {
			return reply, err
		}
	}
	if err := c.c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return reply, fmt.Errorf("setting the deadline: %w", err)
	}
	if _, err := c.c.Write(c.out); err != nil {
		return reply, fmt.Errorf("sending: %w", err)
	}
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return reply, fmt.Errorf("reading the answer: %w", err)
	}
	if err := c.readBody(resp); err != nil {
		return reply, fmt.Errorf("reading the body of the answer: %w", err)
	}
	if resp.Close {
		c.close()
	}
	reply = mintclient.Reply{Status: resp.StatusCode, Body: c.in}
	if !reply.OK() { // else nobody asks
		reply.Kind, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	}
	return reply, nil
}

// readBody reads into the buffer of the connection.
func (c *conn) readBody(resp *http.Response) error {
	defer resp.Body.Close()
	c.in = c.in[:0]
	for {
		if len(c.in) == cap(c.in) {
			c.in = append(c.in, make([]byte, max(4<<10, len(c.in)))...)[:len(c.in)]
		}
		n, err := resp.Body.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case len(c.in) > maxAnswer:
			return fmt.Errorf("more than %d bytes", maxAnswer)
		}
	}
}
