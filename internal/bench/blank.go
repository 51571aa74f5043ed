package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// blank is a secret with its blinded message, not yet signed.
//
// Unless blinding is asked for, the blinding factor is zero: B_ is the point of
// the secret itself, and the blind signature is the coin. To the mint this is a
// point like any other, and costs it the same. A wallet would give its privacy
// away; this program has none, and saves a multiplication for each coin inside
// the clock, which on a shared machine the servers would pay for.
type blank struct {
	secret [32]byte      // goes to the wire as hex
	b      bdhke.Point   // B_
	r      *bdhke.Scalar // nil: zero
}

func newBlank(blind bool) (blank, error) {
	var n blank
	if _, err := rand.Read(n.secret[:]); err != nil {
		return blank{}, fmt.Errorf("drawing a secret: %w", err)
	}
	text := hex.AppendEncode(nil, n.secret[:])
	if !blind {
		var err error
		if n.b, err = bdhke.HashToCurve(text); err != nil {
			return blank{}, fmt.Errorf("making a blinded message: %w", err)
		}
		return n, nil
	}
	r, err := bdhke.RandomScalar(nil)
	if err != nil {
		return blank{}, fmt.Errorf("making a blinded message: %w", err)
	}
	n.r = &r
	if n.b, err = bdhke.Blind(text, r); err != nil {
		return blank{}, fmt.Errorf("making a blinded message: %w", err)
	}
	return n, nil
}

// appendOutput writes a blinded message as JSON.
func (n blank) appendOutput(dst []byte, amount cashu.Amount, id string) []byte {
	dst = append(dst, `{"amount":`...)
	dst = strconv.AppendUint(dst, uint64(amount), 10)
	dst = append(dst, `,"id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","B_":"`...)
	raw := n.b.Bytes()
	dst = hex.AppendEncode(dst, raw[:])
	return append(dst, `"}`...)
}

// coin is a blank with its signature: a proof.
type coin struct {
	secret [32]byte
	c      [2 * bdhke.PointSize]byte // C as hex
}

// open turns the answer to a blank into a coin.
func (n blank) open(signed string, key bdhke.Point) (coin, error) {
	made := coin{secret: n.secret}
	if n.r == nil {
		if copy(made.c[:], signed) != len(made.c) || len(signed) != len(made.c) {
			return coin{}, wrong(kindSignature, "C_ has %d characters", len(signed))
		}
		return made, nil
	}
	p, err := bdhke.ParsePointHex(signed)
	if err == nil {
		p, err = bdhke.Unblind(p, *n.r, key)
	}
	if err != nil {
		return coin{}, wrong(kindSignature, "%v", err)
	}
	raw := p.Bytes()
	hex.Encode(made.c[:], raw[:])
	return made, nil
}

// appendInput writes a proof as JSON.
func (c coin) appendInput(dst []byte, amount cashu.Amount, id string) []byte {
	dst = append(dst, `{"amount":`...)
	dst = strconv.AppendUint(dst, uint64(amount), 10)
	dst = append(dst, `,"id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","secret":"`...)
	dst = hex.AppendEncode(dst, c.secret[:])
	dst = append(dst, `","C":"`...)
	dst = append(dst, c.c[:]...)
	return append(dst, `"}`...)
}

// proof is the coin in the words of the protocol.
func (c coin) proof(amount cashu.Amount, id cashu.KeysetID) (cashu.Proof, error) {
	p, err := bdhke.ParsePointHex(string(c.c[:]))
	if err != nil {
		return cashu.Proof{}, fmt.Errorf("reading a coin: %w", err)
	}
	return cashu.Proof{Amount: amount, ID: id, Secret: hex.EncodeToString(c.secret[:]), C: p}, nil
}

// y is what the mint remembers of the coin.
func (c coin) y() (bdhke.Point, error) {
	return bdhke.HashToCurve(hex.AppendEncode(nil, c.secret[:]))
}

// stock is blanks that were made beforehand. Workers draw from it; when it is
// empty they make their own, and that is counted.
type stock struct {
	blind bool
	made  []blank
	drawn atomic.Int64
}

// fill adds blanks, on all cores. Not while workers draw.
func (s *stock) fill(ctx context.Context, n int) error {
	s.made = s.made[min(int(s.drawn.Swap(0)), len(s.made)):]
	fresh := make([]blank, max(n-len(s.made), 0))
	parts := runtime.GOMAXPROCS(0)
	errs := make([]error, parts)
	var group sync.WaitGroup
	for part := range parts {
		group.Go(func() {
			for i := part; i < len(fresh) && ctx.Err() == nil && errs[part] == nil; i += parts {
				fresh[i], errs[part] = newBlank(s.blind)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	s.made = append(s.made, fresh...)
	return ctx.Err()
}

// draw takes a blank.
func (s *stock) draw() (blank, error) {
	if i := s.drawn.Add(1) - 1; i < int64(len(s.made)) {
		return s.made[i], nil
	}
	return newBlank(s.blind)
}

// short counts the blanks that had to be made while they were drawn.
func (s *stock) short() int { return int(max(s.drawn.Load()-int64(len(s.made)), 0)) }
