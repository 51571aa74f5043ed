package keystore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mintmark/cashu"
)

const (
	// MaxAmounts is the largest number of denominations of a keyset: wallets
	// refuse more.
	MaxAmounts = 256
	// MaxAmount is the largest denomination, 2^63.
	MaxAmount cashu.Amount = 1 << 63
	// MaxInputFeePPK is the largest fee, in thousandths of the unit per input:
	// one hundred units. Everything above is taken for a slip of the finger.
	MaxInputFeePPK = 100_000
	// maxExpiry is the end of the year 9999. A later expiry is a time in
	// milliseconds.
	maxExpiry = 253402300799
)

// ErrRefused: the rotation is not a sensible one, and nothing was changed. The
// message names every reason, in words for the operator.
var ErrRefused = errors.New("rotation refused")

// RotateParams describes the keyset that is to be made.
type RotateParams struct {
	// Unit of the keyset. Required. A unit without a keyset is a new one.
	Unit cashu.Unit
	// InputFeePPK is the fee per input in thousandths of the unit. nil = as in
	// the active keyset of the unit, or 0 when there is none.
	InputFeePPK *uint64
	// Amounts are the denominations, ascending. Empty = as in the active keyset
	// of the unit; an error when there is none.
	Amounts []cashu.Amount
	// FinalExpiry in unix seconds; 0 = never. It is not inherited: a date that
	// was right for the last keyset is wrong for the next one.
	FinalExpiry uint64
	// IDVersion of the keyset id. nil = as in the active keyset of the unit, or
	// version 2 when there is none.
	IDVersion *cashu.KeysetVersion
}

// Plan is what a rotation would do.
type Plan struct {
	Unit        cashu.Unit
	InputFeePPK uint64
	Amounts     []cashu.Amount
	FinalExpiry uint64
	IDVersion   cashu.KeysetVersion
	// Replaces are the active keysets of the unit, which become inactive: none
	// for a new unit.
	Replaces []cashu.Keyset
}

// PlanRotation decides, from nothing but its arguments, what a rotation would
// do. It is the same decision that Rotate takes, so it can be made by whoever
// knows the public keysets. The error is ErrRefused with all reasons.
func PlanRotation(keysets []cashu.Keyset, p RotateParams, now time.Time) (Plan, error) {
	plan := Plan{
		Unit:        p.Unit,
		Amounts:     slices.Clone(p.Amounts),
		FinalExpiry: p.FinalExpiry,
		IDVersion:   cashu.V2,
	}
	for _, k := range keysets {
		if k.Unit == p.Unit && k.Active {
			plan.Replaces = append(plan.Replaces, k)
		}
	}
	if n := len(plan.Replaces); n > 0 {
		last := plan.Replaces[n-1]
		plan.InputFeePPK = last.InputFeePPK
		plan.IDVersion = last.ID.Version()
		if len(p.Amounts) == 0 {
			plan.Amounts = slices.Clone(last.Keys.Amounts())
		}
	}
	if p.InputFeePPK != nil {
		plan.InputFeePPK = *p.InputFeePPK
	}
	if p.IDVersion != nil {
		plan.IDVersion = *p.IDVersion
	}
	if reasons := plan.refusals(keysets, now); len(reasons) > 0 {
		return Plan{}, fmt.Errorf("%w: %s", ErrRefused, strings.Join(reasons, "; "))
	}
	return plan, nil
}

func (p Plan) refusals(keysets []cashu.Keyset, now time.Time) []string {
	var reasons []string
	refuse := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }

	if canonical, err := cashu.ParseUnit(string(p.Unit)); err != nil {
		refuse("%q is not a unit", string(p.Unit))
	} else if canonical != p.Unit {
		refuse("the unit %q has to be written %q", string(p.Unit), string(canonical))
	}
	for _, k := range keysets {
		if k.Unit != p.Unit && k.Unit.DerivationIndex() == p.Unit.DerivationIndex() {
			refuse("the unit %q would share its keys with the unit %q: choose another name", string(p.Unit), string(k.Unit))
			break
		}
	}
	reasons = append(reasons, amountRefusals(p.Amounts)...)
	if p.InputFeePPK > MaxInputFeePPK {
		refuse("a fee of %d thousandths per input is absurd: the limit is %d", p.InputFeePPK, MaxInputFeePPK)
	}
	switch {
	case p.FinalExpiry == 0:
	case p.FinalExpiry > maxExpiry:
		refuse("the final expiry %d is after the year 9999: it must be in seconds", p.FinalExpiry)
	case int64(p.FinalExpiry) <= now.Unix():
		refuse("the final expiry %s is in the past", time.Unix(int64(p.FinalExpiry), 0).UTC().Format(time.RFC3339))
	}
	if p.IDVersion != cashu.V1 && p.IDVersion != cashu.V2 {
		refuse("keyset ids of version byte %d cannot be made", p.IDVersion)
	}
	return reasons
}

// amountRefusals names each kind of problem once, with the first culprit.
func amountRefusals(amounts []cashu.Amount) []string {
	if len(amounts) == 0 {
		return []string{"there are no amounts, and no active keyset to take them from"}
	}
	var reasons []string
	if len(amounts) > MaxAmounts {
		reasons = append(reasons, fmt.Sprintf("%d amounts are too many: the limit is %d", len(amounts), MaxAmounts))
	}
	if slices.Contains(amounts, 0) {
		reasons = append(reasons, "an amount is zero")
	}
	if largest := slices.Max(amounts); largest > MaxAmount {
		reasons = append(reasons, fmt.Sprintf("the amount %d is larger than 2^63", largest))
	}
	seen := make(map[cashu.Amount]bool, len(amounts))
	for _, a := range amounts {
		if seen[a] {
			reasons = append(reasons, fmt.Sprintf("the amount %d is there twice", a))
			break
		}
		seen[a] = true
	}
	if !slices.IsSorted(amounts) {
		reasons = append(reasons, "the amounts are not ascending")
	}
	return reasons
}
