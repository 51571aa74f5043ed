package mint

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/cashu"
)

// The change of a melt: what is owed, and how it is divided. Free of I/O.

// owed is what is left of the inputs after the payment and the input fee. A
// payment that cost more than it was allowed to is the mint's loss.
func owed(inputs []SpentProof, q MeltQuote) (cashu.Amount, error) {
	var sum cashu.Amount
	for _, p := range inputs {
		var err error
		if sum, err = sum.Add(p.Amount); err != nil {
			return 0, fmt.Errorf("summing inputs: %w", err)
		}
	}
	used, err := q.Spent.Add(q.InputFee)
	if err != nil {
		return 0, fmt.Errorf("summing what a payment cost: %w", err)
	}
	return sum - min(sum, used), nil
}

var errKeysetMissing = errors.New("the keyset of blank outputs is not known yet")

// splitChange gives the first blanks their amounts, the largest first, as many as
// are needed or there are (NUT-08). Blanks of a keyset that has expired meanwhile
// get nothing: nobody could spend it.
func splitChange(v *KeysetView, now time.Time, left cashu.Amount, blanks []cashu.BlindedMessage) ([]cashu.BlindedMessage, error) {
	var change []cashu.BlindedMessage
	for _, b := range blanks {
		ks, ok := v.Get(b.ID)
		if !ok {
			return nil, errKeysetMissing
		}
		if ks.ExpiredForInputs(now) {
			return change, nil
		}
		b.Amount = largest(ks.Keys.Amounts(), left)
		if b.Amount == 0 {
			return change, nil
		}
		left -= b.Amount
		change = append(change, b)
	}
	return change, nil
}

// largest is the largest of the amounts that is at most limit, or 0.
func largest(amounts []cashu.Amount, limit cashu.Amount) (best cashu.Amount) {
	for _, a := range slices.All(amounts) {
		if a <= limit && a > best {
			best = a
		}
	}
	return best
}

// checkBlanks checks everything about blank outputs that needs no I/O. There may
// be none, and their amounts mean nothing.
func checkBlanks(v *KeysetView, l Limits, now time.Time, outputs []cashu.BlindedMessage) (checkedOutputs, error) {
	if len(outputs) == 0 {
		return checkedOutputs{}, nil
	}
	priced := slices.Clone(outputs)
	for i, o := range priced {
		if ks, ok := v.Get(o.ID); ok && ks.Keys.Len() > 0 {
			priced[i].Amount = ks.Keys.Amounts()[0] // any that the keyset has
		}
	}
	blanks, err := checkOutputs(v, l, now, priced)
	blanks.messages, blanks.sum = outputs, 0
	return blanks, err
}
