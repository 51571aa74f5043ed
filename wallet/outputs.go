package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
)

// want is an output that an operation asks for. Lock puts a condition on it.
type want struct {
	amount cashu.Amount
	role   Role
	lock   *conditions.Lock
	blind  bool // the keys of the lock (NUT-28)
}

// split wants an amount in as few coins as the keyset has for it.
func split(k cashu.Keyset, amount cashu.Amount, role Role, lock *conditions.Lock) ([]want, error) {
	if amount == 0 {
		return nil, nil
	}
	parts := cashu.Split(amount, k.Keys.Amounts())
	if parts == nil {
		return nil, fmt.Errorf("the mint has no coins that add up to %d", amount)
	}
	wants := make([]want, len(parts))
	for i, a := range parts {
		wants[i] = want{amount: a, role: role, lock: lock}
	}
	return wants, nil
}

// plan makes the outputs of a request, in the order in which they will be sent:
// by amount, so that the mint does not learn which are change (NUT-03). It takes
// a counter for each that is not locked. Blank outputs (NUT-08) have no amount.
func (w *Wallet) plan(ctx context.Context, tx Tx, keyset cashu.KeysetID, wants []want) ([]Planned, Counters, error) {
	wants = slices.Clone(wants)
	slices.SortStableFunc(wants, func(a, b want) int {
		switch {
		case a.amount < b.amount:
			return -1
		case a.amount > b.amount:
			return 1
		}
		return 0
	})
	var counters Counters
	n := uint32(counted(wants))
	if n > countedMost {
		return nil, counters, tooManyCounted(int(n))
	}
	next := uint32(0)
	if n > 0 {
		start, err := tx.TakeCounters(ctx, keyset, n)
		if err != nil {
			return nil, counters, err
		}
		end := start + n
		if err := guardGap(ctx, tx, keyset, end); err != nil {
			return nil, counters, err
		}
		counters, next = Counters{Start: &start, End: &end}, start
	}
	planned := make([]Planned, len(wants))
	var smith locksmith
	for i, o := range wants {
		p := Planned{Amount: o.amount, KeysetID: keyset, Role: o.role}
		var secret string
		var r bdhke.Scalar
		var err error
		if o.lock == nil {
			counter := next
			next++
			p.Counter = &counter
			secret, r, err = w.secrets.Secret(keyset, counter)
		} else {
			secret, p.E, err = smith.secret(o)
			if err == nil {
				r, err = bdhke.RandomScalar(nil)
			}
			raw := r.Bytes()
			p.Secret, p.Blinding = Secret(secret), Secret(hex.EncodeToString(raw[:]))
		}
		if err != nil {
			return nil, counters, err
		}
		if p.B, err = bdhke.Blind([]byte(secret), r); err != nil {
			return nil, counters, err
		}
		planned[i] = p
	}
	return planned, counters, nil
}

// open gives the secret and the blinding factor of a planned output.
func (w *Wallet) open(p Planned) (string, bdhke.Scalar, error) {
	if p.Counter != nil {
		return w.secrets.Secret(p.KeysetID, *p.Counter)
	}
	raw, err := hex.DecodeString(string(p.Blinding))
	if err != nil {
		return "", bdhke.Scalar{}, errors.New("the plan of an output is damaged")
	}
	r, err := bdhke.NewScalar(raw)
	return string(p.Secret), r, err
}

// messages is the outputs as the mint is shown them.
func messages(planned []Planned) []cashu.BlindedMessage {
	list := make([]cashu.BlindedMessage, len(planned))
	for i, p := range planned {
		list[i] = cashu.BlindedMessage{Amount: p.Amount, ID: p.KeysetID, B: p.B}
	}
	return list
}

// errBadAnswer is the failure of a mint that signs something else than it was
// asked. Nothing of it is taken, and nothing is given up.
var errBadAnswer = errors.New("the mint's signatures are wrong")

// coins checks the mint's signatures on planned outputs, one for each, and makes
// coins of them. Blank outputs take the amount of their signature.
func (w *Wallet) coins(m Mint, unit cashu.Unit, planned []Planned, sigs []cashu.BlindSignature, op uuid.UUID, now time.Time) ([]StoredCoin, error) {
	if len(sigs) != len(planned) {
		return nil, fmt.Errorf("%w: %d signatures for %d outputs", errBadAnswer, len(sigs), len(planned))
	}
	list := make([]StoredCoin, len(planned))
	for i, p := range planned {
		if sigs[i].ID != p.KeysetID || p.Amount != 0 && sigs[i].Amount != p.Amount {
			return nil, fmt.Errorf("%w: signature %d is of another amount or keyset", errBadAnswer, i)
		}
		c, err := w.coin(m, p, sigs[i])
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i, err)
		}
		y, err := c.Y()
		if err != nil {
			return nil, err
		}
		list[i] = StoredCoin{
			Coin: c, Y: y, MintURL: m.URL, Unit: unit, State: CoinUnspent,
			CreatedBy: op, Counter: p.Counter, Created: now.Unix(),
		}
	}
	return list, nil
}

func (w *Wallet) coin(m Mint, p Planned, sig cashu.BlindSignature) (token.Coin, error) {
	keyset, ok := m.Keyset(p.KeysetID)
	if !ok {
		return token.Coin{}, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %v is not known", p.KeysetID)
	}
	key, ok := keyset.Keys.Get(sig.Amount)
	if !ok {
		return token.Coin{}, fmt.Errorf("%w: there is no key for %d", errBadAnswer, sig.Amount)
	}
	switch {
	case sig.DLEQ != nil:
		if !bdhke.VerifyDLEQ(key, p.B, sig.C, *sig.DLEQ) {
			return token.Coin{}, fmt.Errorf("%w: its proof does not hold", errBadAnswer)
		}
	case m.Info.Supports(12):
		return token.Coin{}, fmt.Errorf("%w: it has no proof, which the mint promises", errBadAnswer)
	}
	secret, r, err := w.open(p)
	if err != nil {
		return token.Coin{}, err
	}
	c := token.Coin{Proof: cashu.Proof{Amount: sig.Amount, ID: p.KeysetID, Secret: secret}, E: p.E}
	if c.C, err = bdhke.Unblind(sig.C, r, key); err != nil {
		return token.Coin{}, fmt.Errorf("%w: it cannot be unblinded", errBadAnswer)
	}
	if sig.DLEQ != nil {
		c.DLEQ = &token.DLEQ{DLEQ: *sig.DLEQ, R: r}
	}
	return c, nil
}

// ysOf are the names of coins.
func ysOf(coins []StoredCoin) []bdhke.Point {
	ys := make([]bdhke.Point, len(coins))
	for i, c := range coins {
		ys[i] = c.Y
	}
	return ys
}

// plain are coins as they travel.
func plain(coins []StoredCoin) []token.Coin {
	list := make([]token.Coin, len(coins))
	for i, c := range coins {
		list[i] = c.Coin
	}
	return list
}

// shown are coins as mints are shown them: without DLEQ proofs, which would link
// them to where they came from.
func shown(coins []token.Coin) []cashu.Proof {
	list := make([]cashu.Proof, len(coins))
	for i, c := range coins {
		list[i] = c.Proof
	}
	return list
}

// sumOf adds coins up.
func sumOf(coins []StoredCoin) (cashu.Amount, error) {
	var sum cashu.Amount
	for _, c := range coins {
		var err error
		if sum, err = sum.Add(c.Amount); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// allOf wants everything that coins are worth after the fee for spending them.
func (m Mint) allOf(unit cashu.Unit, coins []StoredCoin, now time.Time) ([]want, error) {
	sum, err := sumOf(coins)
	if err != nil {
		return nil, err
	}
	fee, err := feeOf(m, coins)
	if err != nil {
		return nil, err
	}
	if sum <= fee {
		return nil, fmt.Errorf("%w: %d is not more than the fee of %d", ErrFunds, sum, fee)
	}
	keyset, err := m.active(unit, now)
	if err != nil {
		return nil, err
	}
	return split(keyset, sum-fee, RoleKeep, nil)
}
