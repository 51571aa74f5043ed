package mint

import (
	"errors"
	"fmt"
	"math/bits"

	"mintmark/cashu"
)

// Terms say on what terms the mint deals by a method in a unit: whether it does, within
// which bounds, and what it reserves for fees. What is nil is not said. Terms that name
// a method or a unit only hold for all of it. Where several hold, off is off; of all the
// rest a method weighs more than a unit, and both more than one.
type Terms struct {
	Method string     `json:"method,omitzero"` // empty: every one
	Unit   cashu.Unit `json:"unit,omitzero"`   // empty: every one

	// Mint and Melt tell whether new quotes are made, and melts begun. What was paid is
	// minted all the same, and a payment under way comes to its end.
	Mint *bool `json:"mint,omitzero"`
	Melt *bool `json:"melt,omitzero"`
	// MinMint to MaxMelt bound an amount within what the backend can, in its unit. 0: as
	// the backend has it.
	MinMint *cashu.Amount `json:"min_mint,omitzero"`
	MaxMint *cashu.Amount `json:"max_mint,omitzero"`
	MinMelt *cashu.Amount `json:"min_melt,omitzero"`
	MaxMelt *cashu.Amount `json:"max_melt,omitzero"`
	// FeeMin and FeePPM are the least that is reserved for the fee of a payment: an
	// amount, and millionths of what is paid. A backend that asks for more gets it.
	FeeMin *cashu.Amount `json:"fee_min,omitzero"`
	FeePPM *uint64       `json:"fee_ppm,omitzero"`
}

// maxTerms is how many terms may be set.
const maxTerms = 256

// maxTermsAmount keeps amounts exact in wallets that count in floats.
const maxTermsAmount = 1 << 53

// Validate refuses what nobody can mean.
func (t Terms) Validate() error {
	var problems []error
	for name, a := range map[string]*cashu.Amount{"min_mint": t.MinMint, "max_mint": t.MaxMint, "min_melt": t.MinMelt, "max_melt": t.MaxMelt, "fee_min": t.FeeMin} {
		if a != nil && *a > maxTermsAmount {
			problems = append(problems, fmt.Errorf("%s: amounts end at %d", name, uint64(maxTermsAmount)))
		}
	}
	crossed := func(least, most *cashu.Amount) bool {
		return least != nil && most != nil && *most != 0 && *least > *most
	}
	if crossed(t.MinMint, t.MaxMint) {
		problems = append(problems, errors.New("min_mint is more than max_mint"))
	}
	if crossed(t.MinMelt, t.MaxMelt) {
		problems = append(problems, errors.New("min_melt is more than max_melt"))
	}
	if t.FeePPM != nil && *t.FeePPM > 1_000_000 {
		problems = append(problems, errors.New("fee_ppm is more than the whole, 1000000"))
	}
	if len(t.Method) > 32 {
		problems = append(problems, errors.New("method is longer than 32 bytes"))
	}
	if t.Unit != "" {
		if unit, err := cashu.ParseUnit(string(t.Unit)); err != nil || unit != t.Unit || unit == unitAuth {
			problems = append(problems, fmt.Errorf("unit: %q is not a unit of money", string(t.Unit)))
		}
	}
	return errors.Join(problems...)
}

// over is what holds when these terms are said after others.
func (t Terms) over(before Terms) Terms {
	sum := before
	pick(&sum.MinMint, t.MinMint)
	pick(&sum.MaxMint, t.MaxMint)
	pick(&sum.MinMelt, t.MinMelt)
	pick(&sum.MaxMelt, t.MaxMelt)
	pick(&sum.FeeMin, t.FeeMin)
	pick(&sum.FeePPM, t.FeePPM)
	return sum
}

// join adds the terms to a list, and takes out of it what they say anew.
func (t Terms) join(list []Terms) []Terms {
	sum := t
	var rest []Terms
	for _, before := range list {
		if t.holds(methodUnit{before.Method, before.Unit}) {
			drop(&before.Mint, t.Mint)
			drop(&before.Melt, t.Melt)
			drop(&before.MinMint, t.MinMint)
			drop(&before.MaxMint, t.MaxMint)
			drop(&before.MinMelt, t.MinMelt)
			drop(&before.MaxMelt, t.MaxMelt)
			drop(&before.FeeMin, t.FeeMin)
			drop(&before.FeePPM, t.FeePPM)
		}
		switch {
		case before.Method == t.Method && before.Unit == t.Unit:
			before = t.over(before)
			pick(&before.Mint, t.Mint)
			pick(&before.Melt, t.Melt)
			sum = before
		case before != (Terms{Method: before.Method, Unit: before.Unit}):
			rest = append(rest, before)
		}
	}
	return append(rest, sum)
}

func drop[T any](from **T, anew *T) {
	if anew != nil {
		*from = nil
	}
}

func pick[T any](to **T, said *T) {
	if said != nil {
		*to = said
	}
}

// weight is how much is said about what the terms are for.
func (t Terms) weight() int {
	w := 0
	if t.Unit != "" {
		w++
	}
	if t.Method != "" {
		w += 2
	}
	return w
}

// holds tells whether the terms are about all of this.
func (t Terms) holds(key methodUnit) bool {
	return (t.Method == "" || t.Method == key.method) && (t.Unit == "" || t.Unit == key.unit)
}

// sayOf is what a list says about a method and unit.
func sayOf(list []Terms, key methodUnit) (sum Terms) {
	for weight := range 4 {
		for _, t := range list {
			if t.weight() == weight && t.holds(key) {
				sum = t.over(sum)
				sum.Mint, sum.Melt = and(sum.Mint, t.Mint), and(sum.Melt, t.Melt)
			}
		}
	}
	return sum
}

// terms are in force for a method and unit: those of the configuration, over them those
// of the database, and over all the watchdog.
func (m *Mint) terms(key methodUnit) Terms {
	said := sayOf(m.settings.Load().terms, key)
	sum := said.over(sayOf(m.cfg.Terms, key))
	pick(&sum.Mint, said.Mint)
	pick(&sum.Melt, said.Melt)
	if noMint, noMelt := m.guard.stopped(key.unit); noMint || noMelt {
		sum.Mint, sum.Melt = and(sum.Mint, new(!noMint)), and(sum.Melt, new(!noMelt))
	}
	return sum
}

// and is off if either says so.
func and(a, b *bool) *bool {
	if a == nil || b != nil && !*b {
		return b
	}
	return a
}

func on(said *bool) bool { return said == nil || *said }

func value[T any](said *T) (v T) {
	if said != nil {
		v = *said
	}
	return v
}

// within narrows the bounds of a backend.
func within(least, most cashu.Amount, said, saidMost *cashu.Amount) (cashu.Amount, cashu.Amount) {
	least = max(least, value(said))
	if m := value(saidMost); m != 0 && (most == 0 || m < most) {
		most = m
	}
	return least, most
}

// reserve is what is kept for the fee of a payment: what the backend asks for, and at
// least what the terms say.
func (t Terms) reserve(amount, asked cashu.Amount) cashu.Amount {
	hi, lo := bits.Mul64(uint64(amount), value(t.FeePPM)) // at most the amount, see Validate
	lo, carry := bits.Add64(lo, 999_999, 0)
	share, _ := bits.Div64(hi+carry, lo, 1_000_000)
	return max(asked, value(t.FeeMin), cashu.Amount(share))
}
