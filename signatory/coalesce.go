package signatory

import (
	"context"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Signer is the part of a Signatory that every exchange needs.
type Signer interface {
	BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	VerifyProofs(ctx context.Context, proofs []cashu.Proof) error
}

// Coalescer joins calls that wait for the same thing. While a call is on its
// way, further ones gather and leave together as one: when it is back, when they
// are enough to be worth a call of their own, or when one has waited for long.
// Under load the signatory sees few large calls instead of many small ones, and
// without load nobody waits. When a joined call is refused it is taken apart until
// the one that deserved the refusal is alone, so nobody suffers from a neighbour.
//
// It trusts the Signer below it to be deterministic: what two callers ask alike
// is asked once.
//
// What is signed for a purpose never travels with what is signed for none: the
// signatory would have to allow both or neither.
type Coalescer struct {
	next   Signer
	sign   *queue[[bdhke.PointSize]byte, cashu.BlindedMessage, cashu.BlindSignature]
	change *queue[[bdhke.PointSize]byte, cashu.BlindedMessage, cashu.BlindSignature] // for MeltChange
	verify *queue[string, cashu.Proof, struct{}]
}

var _ Signer = (*Coalescer)(nil)

const (
	// worthACall is how many items leave although another call is on its way.
	// What a call costs besides its items is then less than a twentieth.
	worthACall = 32
	// patience is how long anybody waits for the calls of others.
	patience = 25 * time.Millisecond
)

// NewCoalescer puts a Coalescer before next, with at most inFlight calls of each
// kind on their way at once; 0 = 2, so that one travels while another is worked
// on.
func NewCoalescer(next Signer, inFlight int) *Coalescer {
	if inFlight <= 0 {
		inFlight = 2
	}
	sign := func() *queue[[bdhke.PointSize]byte, cashu.BlindedMessage, cashu.BlindSignature] {
		return &queue[[bdhke.PointSize]byte, cashu.BlindedMessage, cashu.BlindSignature]{
			free: inFlight,
			key:  func(m cashu.BlindedMessage) [bdhke.PointSize]byte { return m.B.Key() },
			same: func(a, b cashu.BlindedMessage) bool {
				return a.Amount == b.Amount && a.ID == b.ID && a.B.Equal(b.B)
			},
			call: next.BlindSign,
		}
	}
	return &Coalescer{
		next:   next,
		sign:   sign(),
		change: sign(),
		verify: &queue[string, cashu.Proof, struct{}]{
			free: inFlight,
			key:  func(p cashu.Proof) string { return p.Secret },
			same: func(a, b cashu.Proof) bool {
				return a.Amount == b.Amount && a.ID == b.ID && a.C == b.C
			},
			call: func(ctx context.Context, proofs []cashu.Proof) ([]struct{}, error) {
				return make([]struct{}, len(proofs)), next.VerifyProofs(ctx, proofs)
			},
		},
	}
}

// BlindSign signs all messages or none, in their order.
func (c *Coalescer) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	switch purposeOf(ctx) {
	case "":
		return c.sign.do(ctx, messages)
	case MeltChange:
		return c.change.do(ctx, messages)
	}
	return c.next.BlindSign(ctx, messages)
}

// VerifyProofs returns nil when every proof is valid.
func (c *Coalescer) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	_, err := c.verify.do(ctx, proofs)
	return err
}
