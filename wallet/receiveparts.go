package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/internal/crashpoint"
)

// A token with more coins than the mint takes at once is received in parts. Each is an
// operation of its own, with a token of its own, and the first commit has all of them:
// whatever happens then, recovery goes on with every part.

// receivePart is a part of a token, and what it will bring.
type receivePart struct {
	got     Received
	token   Secret
	counted int                                             // outputs that take a counter when it begins
	begin   func(ctx context.Context, key string) beginning // under this name
}

// receiveParts divides a token. One that fits is its only part.
func (w *Wallet) receiveParts(ctx context.Context, m Mint, t token.Token, text string, coins []token.Coin, o ReceiveOptions) ([]receivePart, error) {
	keys, err := w.lockKeys(ctx, o.Keys)
	if err != nil {
		return nil, err
	}
	dealt := deal(m, coins, func(c token.Coin) cashu.Amount { return c.Amount })
	if len(dealt) == 1 {
		one, err := w.beginReceive(m, t, text, coins, keys, o, false)
		return []receivePart{one}, err
	}
	// Signatures over the outputs need them now. Else no counter is taken before its
	// time: so many at once are more than a restore would pass over (see guardGap).
	later := !signsAll(coins)
	atOnce, parts := 0, make([]receivePart, len(dealt))
	for i, some := range dealt {
		part, err := token.New(t.Mint, t.Unit, t.Memo, some)
		if err != nil {
			return nil, err
		}
		partText, err := part.Encode()
		if err != nil {
			return nil, err
		}
		if parts[i], err = w.beginReceive(m, part, partText, some, keys, o, later); err != nil {
			return nil, fmt.Errorf("a part of the token: %w", err)
		}
		if atOnce += parts[i].counted; atOnce > countedMost {
			return nil, tooManyCounted(atOnce)
		}
	}
	return parts, nil
}

// startParts writes all parts down. The first one has the name of the call.
func (w *Wallet) startParts(ctx context.Context, m Mint, parts []receivePart, key string) ([]*run, error) {
	list := make([]beginning, len(parts))
	for i, p := range parts {
		list[i] = p.begin(ctx, partKey(key, i))
	}
	return w.startAll(ctx, m.URL, list)
}

// performParts brings one part after the other to its end. One that fails does not
// keep the others.
func performParts(ctx context.Context, runs []*run, parts []receivePart) (Received, error) {
	total := parts[0].got
	total.Amount, total.Fee = 0, 0
	var failed []error
	for i, r := range runs {
		err := r.performReceive(ctx)
		r.rest()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if total, err = total.and(parts[i].got.Amount, parts[i].got.Fee); err != nil {
			failed = append(failed, err)
		}
	}
	return total, errors.Join(failed...)
}

// planReceive plans the outputs of a part whose turn has come.
func (r *run) planReceive(ctx context.Context) error {
	d, ok := r.s.Data.(*ReceiveData)
	if !ok || r.s.State != ReceiveProofsPending || len(d.Inputs) == 0 || len(d.Outputs) > 0 {
		return nil
	}
	m, err := r.w.Mint(ctx, r.s.MintURL)
	if err != nil {
		return err
	}
	keyset, err := m.active(r.s.Unit, r.w.now())
	if err != nil {
		return err
	}
	wants, err := split(keyset, d.Amount, RoleKeep, nil)
	if err != nil {
		return err
	}
	_, err = withoutGap(ctx, r.w, r.s.MintURL, func() (*run, error) {
		err := r.plannedStep(ctx, ReceiveProofsPending, "outputs are planned", func(tx Tx) error {
			outputs, counters, err := r.w.plan(ctx, tx, keyset.ID, wants)
			if err == nil {
				d.Outputs, d.Counters, d.BlindedMessages = outputs, counters, messages(outputs)
			}
			return err
		})
		if err != nil {
			d.Outputs, d.Counters, d.BlindedMessages = nil, Counters{}, nil
		}
		return r, err
	})
	if err == nil {
		crashpoint.Here(crashPoint(KindReceive, "planned"))
	}
	return err
}

// partKey names a part of a call that has a name.
func partKey(key string, part int) string {
	if key == "" || part == 0 {
		return key
	}
	return fmt.Sprintf("%s, part %d", key, part+1)
}

// receivedBefore is before for a receive, of all its parts. What came of some comes
// along with the errors of the others.
func (w *Wallet) receivedBefore(ctx context.Context, key, args string) (got Received, found bool, err error) {
	var failed []error
	for part := 0; ; part++ {
		t, is, err := w.before(ctx, partKey(key, part), args, KindReceive)
		if !is {
			return got, found, errors.Join(failed...)
		}
		found = true
		if _, ended := errors.AsType[*OperationError](err); ended && !errors.Is(err, ErrOtherCall) {
			failed = append(failed, err)
			continue
		}
		if err != nil {
			return got, true, err
		}
		if got, err = got.and(t.Amount, t.Fee); err != nil {
			return got, true, err
		}
		got.Unit, got.MintURL, got.Memo = t.Unit, t.MintURL, t.Memo
	}
}
