package conditions

import (
	"crypto/sha256"
	"strconv"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/schnorr"
)

// MaxVerifications bounds the signature checks of one request at worst: with
// junk in a witness, every signature is tried with every key. A thousand inputs
// of two signatures and three keys are 6000; one check takes some 80 µs.
const MaxVerifications = 10_000

// Transaction is what spends coins: a swap, or a melt, which has a quote and
// perhaps no outputs.
type Transaction struct {
	Inputs  []cashu.Proof
	Outputs []cashu.BlindedMessage
	QuoteID string // of a melt quote; "" in a swap
}

// Message is what signatures under SIG_ALL sign, after SHA256 (NUT-11): secret
// and C of each input, amount and B_ of each output, the quote. Points are in
// lowercase hex, whatever case the request had; amounts are as sent.
func (t Transaction) Message() []byte {
	const pointText = 2 * bdhke.PointSize
	size := len(t.Outputs)*(20+pointText) + len(t.QuoteID)
	for _, p := range t.Inputs {
		size += len(p.Secret) + pointText
	}
	msg := make([]byte, 0, size)
	for _, p := range t.Inputs {
		msg = append(msg, p.Secret...)
		msg = append(msg, p.C.String()...)
	}
	for _, o := range t.Outputs {
		msg = strconv.AppendUint(msg, uint64(o.Amount), 10)
		msg = append(msg, o.B.String()...)
	}
	return append(msg, t.QuoteID...)
}

// Spend is a transaction whose conditions are met but for the signatures. The
// zero value has no conditions.
type Spend struct {
	conditional []bool // of each input; nil: none
	demands     []demand
	early       bool
	refusal     error // what Verify says without looking at a signature
}

// demand is met when the signatures of the hash meet any one of the pathways.
type demand struct {
	hash  [32]byte
	sigs  []schnorr.Signature
	paths []pathway
}

// Conditional tells whether an input's secret is a condition. The witness of such
// an input is kept and shown to whoever asks for its state (NUT-07).
func (s *Spend) Conditional(input int) bool {
	return s.conditional != nil && s.conditional[input]
}

// Early tells that a refusal may come from a clock that is behind: a lock has not
// expired by it, and would allow more if it had. The same transaction may have
// been finished where the clock was ahead.
func (s *Spend) Early() bool { return s.early }

// Check decides all that needs no curve arithmetic on signatures: form, limits,
// the rules for SIG_ALL, locktimes, preimages, and whether there are enough
// signatures to look at. A refusal is a *cashu.Error; one that hangs on the clock
// is kept for Verify.
func Check(t Transaction, now time.Time) (Spend, error) {
	var s Spend
	var list []*Condition
	sigAll := false
	for i := range t.Inputs {
		if _, conditional := Kind(t.Inputs[i].Secret); !conditional {
			continue
		}
		c, err := Parse(t.Inputs[i].Secret)
		if err != nil {
			return Spend{}, err
		}
		if list == nil {
			list, s.conditional = make([]*Condition, len(t.Inputs)), make([]bool, len(t.Inputs))
		}
		list[i], s.conditional[i] = c, true
		sigAll = sigAll || c.sigAll
	}
	if sigAll {
		for _, c := range list {
			if c == nil || list[0] == nil || !c.sameLock(list[0]) {
				return Spend{}, cashu.Errorf(cashu.CodeProofInvalid, "an input is SIG_ALL, so all must have the same spending condition")
			}
		}
		list = list[:1] // its witness speaks for all
	}
	for i, c := range list {
		if c == nil {
			continue
		}
		message := []byte(t.Inputs[i].Secret)
		if sigAll {
			message = t.Message()
		}
		if err := s.demand(c, t.Inputs[i].Witness, message, now); err != nil {
			return Spend{}, err
		}
	}
	return s, s.bounded()
}

// demand adds what the signatures of one witness have to show.
func (s *Spend) demand(c *Condition, witness string, message []byte, now time.Time) error {
	expired := c.Expired(now)
	if expired && len(c.refund.keys) == 0 {
		return nil // anyone can spend it, so there is nothing to show
	}
	early := !expired && c.locktime != never
	s.early = s.early || early
	refuse := func(err error) error {
		if !early {
			return err
		}
		s.refusal = err
		return nil
	}
	w, err := ParseWitness(witness)
	if err != nil {
		return refuse(err)
	}
	sigs := w.signatures()
	var paths []pathway
	if c.kind == KindP2PK || w.opens(c.hash) {
		if c.main.need == 0 {
			return nil // the preimage is enough
		}
		paths = append(paths, c.main)
	}
	// A preimage does not close the refund: HTLCs that have expired may be
	// taken back although the sender knows it.
	if expired {
		paths = append(paths, c.refund)
	}
	enough := paths[:0]
	for _, p := range paths {
		if len(sigs) >= p.need {
			enough = append(enough, p)
		}
	}
	switch {
	case len(paths) == 0:
		return refuse(cashu.Errorf(cashu.CodeProofInvalid, "spending condition is not met: the preimage is missing or wrong"))
	case len(enough) == 0:
		return refuse(cashu.Errorf(cashu.CodeProofInvalid, "spending condition is not met: too few signatures"))
	}
	s.demands = append(s.demands, demand{sha256.Sum256(message), sigs, enough})
	return nil
}

func (s *Spend) bounded() error {
	n := 0
	for _, d := range s.demands {
		for _, p := range d.paths {
			n += len(d.sigs) * len(p.keys)
		}
	}
	if n > MaxVerifications {
		return cashu.Errorf(cashu.CodeTooManyInputs, "the inputs have too many signatures and keys for one request, send fewer at once")
	}
	return nil
}
