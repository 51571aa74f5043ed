package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer bounds the body of an answer.
const maxAnswer = 64 << 20

// conn is one HTTP/1.1 connection that one worker keeps. It exists because
// net/http's client costs more CPU than some of the work that is measured here,
// and client and servers usually share the machine. A request that fails is
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

// exchange sends a request and reads the whole answer, which is valid until the
// next exchange. took is the time from the first byte sent to the last one read;
// connecting is part of it only when the connection had to be made anew.
func (c *conn) exchange(ctx context.Context, method, path string, body []byte) (status int, answer []byte, took time.Duration, err error) {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, c.target.path...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.target.host...)
	c.out = append(c.out, "\r\nUser-Agent: mintbench\r\nAccept: application/json\r\n"...)
	if method != http.MethodGet {
		c.out = append(c.out, "Content-Type: application/json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
		c.out = append(c.out, "\r\n"...)
	}
	c.out = append(c.out, "\r\n"...)
	c.out = append(c.out, body...)

	start := time.Now()
	status, answer, err = c.roundTrip(ctx, method)
	took = time.Since(start)
	if err != nil {
		c.close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return 0, nil, took, err
	}
	return status, answer, took, nil
}

func (c *conn) roundTrip(ctx context.Context, method string) (int, []byte, error) {
	if c.c == nil {
		if err := c.open(ctx); err != nil {
			return 0, nil, err
		}
	}
	if err := c.c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, nil, fmt.Errorf("setting the deadline: %w", err)
	}
	if _, err := c.c.Write(c.out); err != nil {
		return 0, nil, fmt.Errorf("sending: %w", err)
	}
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", err)
	}
	if err := c.readBody(resp); err != nil {
		return 0, nil, fmt.Errorf("reading the body of the answer: %w", err)
	}
	if resp.Close {
		c.close()
	}
	return resp.StatusCode, c.in, nil
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
