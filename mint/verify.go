package mint

import (
	"errors"
	"math"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// Limits bounds what one request may ask for. They are enforced before any
// curve arithmetic and before the database.
type Limits struct {
	MaxInputs  int // proofs in a swap; 0 = 1000
	MaxOutputs int // blinded messages in a swap, mint or restore; 0 = 1000
	MaxStates  int // Ys in a state check; 0 = 1000
	MaxSecret  int // bytes of a secret; 0 = 1024
	MaxWitness int // bytes of a witness; 0 = 4096, room for eleven signatures (NUT-11)
	MaxMemo    int // bytes of a quote description; 0 = 639, what fits into a BOLT11 field
	MaxQuotes  int // mint quotes in a batch; 0 = 100 (NUT-29)
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.MaxInputs, 1000)
	def(&l.MaxOutputs, 1000)
	def(&l.MaxStates, 1000)
	def(&l.MaxSecret, 1024)
	def(&l.MaxWitness, 4096)
	def(&l.MaxMemo, 639)
	def(&l.MaxQuotes, 100)
	return l
}

func (l Limits) validate() error {
	for _, v := range []int{l.MaxInputs, l.MaxOutputs, l.MaxStates, l.MaxSecret, l.MaxWitness, l.MaxMemo, l.MaxQuotes} {
		if v < 0 {
			return errors.New("limits must not be negative")
		}
	}
	return nil
}

// unitAuth marks the keysets of NUT-22, which are not money.
const unitAuth cashu.Unit = "auth"

// checkedInputs is what a request's inputs come to.
type checkedInputs struct {
	proofs []SpentProof // with Y, computed here once and carried along
	unit   cashu.Unit
	sum    cashu.Amount
	fee    cashu.Amount
	locks  conditions.Spend // filled by checkSpend, like proofs
	// stale is a refusal that depends on the time or on a rotation. Only a
	// request that was finished before may pass it, by replay.
	stale error
}

// checkedOutputs is what a request's outputs come to.
type checkedOutputs struct {
	messages []cashu.BlindedMessage
	unit     cashu.Unit
	sum      cashu.Amount
	stale    error // as in checkedInputs
}

// checkInputs checks everything about inputs that needs no I/O, cheapest first.
func checkInputs(v *KeysetView, l Limits, now time.Time, inputs []cashu.Proof) (checkedInputs, error) {
	var in checkedInputs
	switch {
	case len(inputs) == 0:
		return in, cashu.Errorf(cashu.CodeUnbalanced, "no inputs")
	case len(inputs) > l.MaxInputs:
		return in, cashu.Errorf(cashu.CodeTooManyInputs, "%d inputs are more than the %d allowed", len(inputs), l.MaxInputs)
	}
	var feePPK uint64
	for _, p := range inputs {
		if len(p.Secret) > l.MaxSecret || len(p.Witness) > l.MaxWitness {
			return in, cashu.Errorf(cashu.CodeTooLarge, "secret or witness is too long: at most %d and %d bytes", l.MaxSecret, l.MaxWitness)
		}
		ks, ok := v.Get(p.ID)
		if !ok {
			return in, cashu.Errorf(cashu.CodeKeysetUnknown, "unknown keyset %v in inputs", p.ID)
		}
		if _, ok := ks.Keys.Get(p.Amount); !ok {
			return in, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %v has no key for an input's amount", p.ID)
		}
		if in.unit == "" {
			in.unit = ks.Unit
		}
		if ks.Unit != in.unit {
			return in, cashu.Errorf(cashu.CodeMultipleUnits, "inputs are of several units")
		}
		if ks.ExpiredForInputs(now) {
			in.stale = cashu.Errorf(cashu.CodeKeysetExpired, "keyset %v has expired", p.ID)
		}
		var err error
		if in.sum, err = in.sum.Add(p.Amount); err != nil {
			return in, cashu.Errorf(cashu.CodeAmountOutOfRange, "inputs add up to more than an amount can hold")
		}
		if feePPK > math.MaxUint64-ks.InputFeePPK {
			return in, cashu.Errorf(cashu.CodeAmountOutOfRange, "input fees add up to more than an amount can hold")
		}
		feePPK += ks.InputFeePPK
	}
	in.fee = cashu.InputFee(feePPK)
	return in, nil
}

// checkSpend computes Y of every input, once, refuses duplicates, and decides on
// spending conditions as far as that is possible without checking signatures
// (NUT-10). It comes last because hashing to the curve is what costs. The outputs,
// and the quote when it is a melt, are what signatures under SIG_ALL cover.
//
// What is left is in.locks.Verify, the signatures: before the signatory is asked,
// after everything else that can refuse.
func (in *checkedInputs) checkSpend(tx conditions.Transaction, now time.Time) (err error) {
	if in.locks, err = conditions.Check(tx, now); err != nil {
		return err
	}
	inputs := tx.Inputs
	in.proofs = make([]SpentProof, len(inputs))
	seen := make(map[[bdhke.PointSize]byte]struct{}, len(inputs))
	for i, p := range inputs {
		y, err := p.Y()
		if err != nil {
			return cashu.Errorf(cashu.CodeProofInvalid, "proof verification failed")
		}
		if _, dup := seen[y.Key()]; dup {
			return cashu.Errorf(cashu.CodeDuplicateInputs, "duplicate inputs")
		}
		seen[y.Key()] = struct{}{}
		in.proofs[i] = SpentProof{Y: y, Amount: p.Amount, KeysetID: p.ID}
		if in.locks.Conditional(i) {
			in.proofs[i].Witness = p.Witness // the payer of an HTLC waits for its preimage
		}
	}
	return nil
}

// checkOutputs checks everything about outputs that needs no I/O.
func checkOutputs(v *KeysetView, l Limits, now time.Time, outputs []cashu.BlindedMessage) (checkedOutputs, error) {
	out := checkedOutputs{messages: outputs}
	switch {
	case len(outputs) == 0:
		return out, cashu.Errorf(cashu.CodeUnbalanced, "no outputs")
	case len(outputs) > l.MaxOutputs:
		return out, cashu.Errorf(cashu.CodeTooManyOutputs, "%d outputs are more than the %d allowed", len(outputs), l.MaxOutputs)
	}
	seen := make(map[[bdhke.PointSize]byte]struct{}, len(outputs))
	for _, o := range outputs {
		if _, dup := seen[o.B.Key()]; dup {
			return out, cashu.Errorf(cashu.CodeDuplicateOutputs, "duplicate outputs")
		}
		seen[o.B.Key()] = struct{}{}
		ks, ok := v.Get(o.ID)
		if !ok {
			return out, cashu.Errorf(cashu.CodeKeysetUnknown, "unknown keyset %v in outputs", o.ID)
		}
		if _, ok := ks.Keys.Get(o.Amount); !ok {
			return out, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %v has no key for an output's amount", o.ID)
		}
		if out.unit == "" {
			out.unit = ks.Unit
		}
		if ks.Unit != out.unit {
			return out, cashu.Errorf(cashu.CodeMultipleUnits, "outputs are of several units")
		}
		switch {
		case ks.ExpiredForOutputs(now):
			out.stale = cashu.Errorf(cashu.CodeKeysetExpired, "keyset %v has expired", o.ID)
		case !ks.Active:
			out.stale = cashu.Errorf(cashu.CodeKeysetInactive, "keyset %v is inactive", o.ID)
		}
		var err error
		if out.sum, err = out.sum.Add(o.Amount); err != nil {
			return out, cashu.Errorf(cashu.CodeAmountOutOfRange, "outputs add up to more than an amount can hold")
		}
	}
	return out, nil
}

// checkBalance demands inputs - fee = outputs, exactly (NUT-02, NUT-03).
func checkBalance(in checkedInputs, out checkedOutputs) error {
	if in.unit == unitAuth || out.unit == unitAuth {
		return cashu.Errorf(cashu.CodeUnitUnsupported, "blind authentication tokens cannot be exchanged")
	}
	if in.unit != out.unit {
		return cashu.Errorf(cashu.CodeUnitMismatch, "inputs are %s and outputs are %s", in.unit, out.unit)
	}
	needed, err := out.sum.Add(in.fee)
	if err != nil || needed != in.sum {
		return cashu.Errorf(cashu.CodeUnbalanced, "inputs %d, fee %d and outputs %d do not balance", in.sum, in.fee, out.sum)
	}
	return nil
}
