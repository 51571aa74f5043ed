package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// What this program would cost if it had no way of its own to put a request while the
// clock runs: the reasons for conn, for bodies that are appended and for signatures
// that stay text. Compare with the servers' CPU time of one swap.

// echo is the other end of a connection that answers every write with the same bytes,
// in no time.
type echo struct {
	net.Conn
	answer []byte
	asked  chan struct{}
	rest   []byte
	closed chan struct{}
}

func newEcho(body []byte) *echo {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
	return &echo{answer: append([]byte(head), body...), asked: make(chan struct{}, 16), closed: make(chan struct{})}
}

func (e *echo) Write(p []byte) (int, error) {
	e.asked <- struct{}{}
	return len(p), nil
}

func (e *echo) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		select {
		case <-e.asked:
			e.rest = e.answer
		case <-e.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *echo) Close() error                     { close(e.closed); return nil }
func (e *echo) SetDeadline(time.Time) error      { return nil }
func (e *echo) SetReadDeadline(time.Time) error  { return nil }
func (e *echo) SetWriteDeadline(time.Time) error { return nil }

// swapOfTwo is a swap and its answer as bytes.
func swapOfTwo(tb testing.TB) (coins []coin, blanks []blank, amounts []cashu.Amount, id string, answer []byte) {
	tb.Helper()
	id = "01" + fmt.Sprintf("%064x", 7)
	keyset, err := cashu.ParseKeysetID(id)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := bdhke.RandomScalar(nil)
	if err != nil {
		tb.Fatal(err)
	}
	key := mintkey.New(r)
	var response cashu.SwapResponse
	for _, amount := range []cashu.Amount{4, 8} {
		b, err := newBlank(false)
		if err != nil {
			tb.Fatal(err)
		}
		c, d, err := key.SignWithDLEQ(b.b)
		if err != nil {
			tb.Fatal(err)
		}
		made, err := b.open(c.String(), key.Public())
		if err != nil {
			tb.Fatal(err)
		}
		coins, blanks, amounts = append(coins, made), append(blanks, b), append(amounts, amount)
		response.Signatures = append(response.Signatures, cashu.BlindSignature{Amount: amount, ID: keyset, C: c, DLEQ: &d})
	}
	if answer, err = cashu.Encode(response); err != nil {
		tb.Fatal(err)
	}
	return coins, blanks, amounts, id, answer
}

func BenchmarkOneExchange(b *testing.B) {
	_, _, _, _, answer := swapOfTwo(b)
	body := make([]byte, 900)
	b.Run("by=conn", func(b *testing.B) {
		target, err := ParseTarget("http://127.0.0.1:1", false)
		if err != nil {
			b.Fatal(err)
		}
		c := newConn(target, time.Minute)
		e := newEcho(answer)
		c.c, c.release = e, func() bool { return true }
		c.r.Reset(e)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := c.exchange(b.Context(), http.MethodPost, "/v1/swap", body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=mintclient", func(b *testing.B) {
		dial := func(context.Context, string, string) (net.Conn, error) { return newEcho(answer), nil }
		c, err := mintclient.New(mintclient.Config{URL: "http://127.0.0.1:1", Transport: &http.Transport{DialContext: dial}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Exchange(b.Context(), http.MethodPost, "/v1/swap", nil, body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOneBody(b *testing.B) {
	coins, blanks, amounts, id, _ := swapOfTwo(b)
	b.Run("by=appending", func(b *testing.B) {
		var dst []byte
		b.ReportAllocs()
		for b.Loop() {
			dst = appendSwap(dst[:0], coins, amounts, blanks, amounts, id)
		}
	})
	b.Run("by=cashu", func(b *testing.B) {
		keyset, err := cashu.ParseKeysetID(id)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var swap cashu.SwapRequest
			for i, c := range coins {
				p, err := bdhke.ParsePointHex(string(c.c[:]))
				if err != nil {
					b.Fatal(err)
				}
				swap.Inputs = append(swap.Inputs, cashu.Proof{Amount: amounts[i], ID: keyset, Secret: hex.EncodeToString(c.secret[:]), C: p})
				swap.Outputs = append(swap.Outputs, cashu.BlindedMessage{Amount: amounts[i], ID: keyset, B: blanks[i].b})
			}
			if _, err := cashu.Encode(swap); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOneAnswer(b *testing.B) {
	_, _, amounts, id, answer := swapOfTwo(b)
	b.Run("as=text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readSignatures(mintclient.Reply{Status: 200, Body: answer}, amounts, id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("as=cashu", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var got cashu.SwapResponse
			if err := cashu.Decode(answer, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}
