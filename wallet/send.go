package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/internal/crashpoint"
)

// SendOptions is what a token is to be.
type SendOptions struct {
	Amount cashu.Amount
	Memo   string
	// IncludeFee adds what the receiver pays to redeem the token.
	IncludeFee bool
	// Lock puts a spending condition on the coins; nil = none.
	Lock *conditions.Lock
	// Blind hides from the mint whose keys the lock has (NUT-28). The receiver's
	// wallet has to know how to find them.
	Blind bool
	// Offline asks no mint: the coins at hand must fit exactly.
	Offline bool
	// MaxFee is the most that making the token may cost; nil = any. ErrFee beyond.
	MaxFee *cashu.Amount
	// Key is the caller's name of this call: repeated under it, the call gives
	// the token that it made before. Args is what it asks for; see Repeated.
	// Empty: none.
	Key, Args string
}

// Sent is a token that was made.
type Sent struct {
	ID     uuid.UUID // of the operation, for Revoke and CheckSend
	Token  string    // as good as money
	Amount cashu.Amount
	Fee    cashu.Amount // paid to the mint for making it
	Locked bool         // to somebody else, so that Revoke cannot take it back
}

// Send makes a token. Until it is claimed it can be found again among the
// operations, and taken back.
func (w *Wallet) Send(ctx context.Context, mintURL string, unit cashu.Unit, o SendOptions) (Sent, error) {
	switch {
	case o.Amount == 0:
		return Sent{}, errors.New("a token over nothing")
	case o.Blind && o.Lock == nil:
		return Sent{}, errors.New("a token without a lock has no keys to blind")
	}
	if sent, found, err := w.sentBefore(ctx, o); found {
		return sent, err
	}
	find := w.Mint
	if o.Offline {
		find = w.KnownMint
	}
	m, err := find(ctx, mintURL)
	if err != nil {
		return Sent{}, err
	}
	return spend(ctx, w, spending[Sent]{mint: m, unit: unit, decide: func(p purse) (decision, error) { return p.send(o) }, most: o.MaxFee, do: func(d decision) (Sent, error) {
		if d.wants != nil {
			return w.sendAfterSwap(ctx, m, unit, o, d)
		}
		r, err := w.startSend(ctx, m, unit, o, d)
		if err != nil {
			return Sent{}, err
		}
		defer r.rest()
		crashpoint.Here(crashPoint(KindSend, "reserved"))
		return r.createToken(ctx, d.coins)
	}})
}

// sendAfterSwap makes coins that fit first.
func (w *Wallet) sendAfterSwap(ctx context.Context, m Mint, unit cashu.Unit, o SendOptions, d decision) (Sent, error) {
	r, err := w.startSend(ctx, m, unit, o, d)
	if err != nil {
		return Sent{}, err
	}
	defer r.rest()
	crashpoint.Here(crashPoint(KindSend, "reserved"))
	made, err := w.swap(ctx, swapSpec{mint: m, unit: unit, parent: r, inputs: d.coins, wants: d.wants})
	if err != nil {
		if !errors.Is(err, ErrPending) {
			err = errors.Join(err, r.abandonSend(ctx, "given up: "+reasonOf(err)))
		}
		return Sent{}, r.failed(err)
	}
	var ours []StoredCoin
	for _, c := range made {
		if c.UsedBy == r.s.ID {
			ours = append(ours, c)
		}
	}
	return r.createToken(ctx, ours)
}

// sendWants is the outputs of the token, and what they are worth: with the fee
// included, more outputs cost more fee, until it fits.
func sendWants(m Mint, keyset cashu.Keyset, o SendOptions) (wants []want, total cashu.Amount, err error) {
	total = o.Amount
	for range 64 {
		if wants, err = split(keyset, total, RoleSend, o.Lock); err != nil {
			return wants, total, err
		}
		for i := range wants {
			wants[i].blind = o.Blind
		}
		if !o.IncludeFee {
			return wants, total, nil
		}
		fee, err := m.feeLater(keyset, wants)
		if err != nil {
			return nil, 0, err
		}
		next, err := o.Amount.Add(fee)
		if err != nil {
			return nil, 0, err
		}
		if next <= total {
			return wants, total, nil
		}
		total = next
	}
	return nil, 0, errors.New("the fee of the token finds no end")
}

func (w *Wallet) startSend(ctx context.Context, m Mint, unit cashu.Unit, o SendOptions, d decision) (*run, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	data := &SendData{Amount: o.Amount, Memo: o.Memo, Fee: d.fee, Locked: o.Lock != nil, CommonData: CommonData{IdempotencyKey: o.Key, IdempotencyArgs: o.Args}}
	s, err := NewSaga(id, SendProofsReserved, o.Amount, m.URL, unit, data, w.now())
	if err != nil {
		return nil, err
	}
	return w.start(ctx, s, "coins are set aside", func(tx Tx, _ *Saga) error {
		return tx.ReserveCoins(ctx, ysOf(d.coins), id)
	})
}

// createToken puts coins that the send holds into a token, and lets them go.
func (r *run) createToken(ctx context.Context, coins []StoredCoin) (Sent, error) {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return Sent{}, r.failed(errors.New("a send has other data"))
	}
	t, err := token.New(r.s.MintURL, r.s.Unit, d.Memo, plain(coins))
	if err != nil {
		return Sent{}, r.failed(err)
	}
	text, err := t.Encode()
	if err != nil {
		return Sent{}, r.failed(err)
	}
	d.Token, d.Proofs = Secret(text), plain(coins)
	err = r.step(ctx, SendTokenCreated, "the token is made", func(tx Tx) error {
		if err := tx.MoveCoins(ctx, ysOf(coins), r.s.ID, []CoinState{CoinReserved}, CoinPendingSpent); err != nil {
			return err
		}
		return tx.PutTransaction(ctx, r.sendEntry(StatusPending))
	})
	if err != nil {
		return Sent{}, r.failed(err)
	}
	crashpoint.Here(crashPoint(KindSend, "created"))
	return r.sent(ctx)
}

func (r *run) sendEntry(status string) Transaction {
	d, _ := r.s.Data.(*SendData)
	return Transaction{
		Operation: r.s.ID, Kind: KindSend, MintURL: r.s.MintURL, Unit: r.s.Unit, Amount: d.Amount, Fee: d.Fee,
		Status: status, Memo: d.Memo, Token: d.Token, At: r.s.Created,
	}
}

func (r *run) sent(context.Context) (Sent, error) {
	d, _ := r.s.Data.(*SendData)
	var sum cashu.Amount
	for _, c := range d.Proofs {
		var err error
		if sum, err = sum.Add(c.Amount); err != nil {
			return Sent{}, err
		}
	}
	return Sent{ID: r.s.ID, Token: string(d.Token), Amount: sum, Fee: d.Fee, Locked: d.Locked}, nil
}

// sentBefore finds the token that was made under a key. One over another amount is
// not what is asked for now: giving it would be worse than an error.
func (w *Wallet) sentBefore(ctx context.Context, o SendOptions) (sent Sent, found bool, err error) {
	id, found, err := w.Repeated(ctx, o.Key, o.Args, KindSend)
	if err != nil || !found {
		return Sent{}, found || err != nil, err
	}
	amount := o.Amount
	if s, err := w.store.Saga(ctx, id); err == nil && s.State == SendTokenCreated {
		if d, ok := s.Data.(*SendData); ok {
			amount = d.Amount
		}
		sent, err = (&run{w: w, s: s}).sent(ctx)
		if err != nil {
			return Sent{}, true, err
		}
	} else {
		t, _, err := w.before(ctx, o.Key, o.Args, KindSend)
		if err != nil {
			return Sent{}, true, err
		}
		amount, sent = t.Amount, Sent{ID: id, Token: string(t.Token), Amount: t.Amount, Fee: t.Fee}
	}
	if amount != o.Amount {
		return Sent{}, true, &OperationError{ID: id, Err: fmt.Errorf("%w: to a send of %d", ErrOtherCall, amount)}
	}
	return sent, true, nil
}

// abandonSend frees what a send without a token holds.
func (r *run) abandonSend(ctx context.Context, reason string) error {
	return r.finish(ctx, reason, func(tx Tx) error {
		_, err := tx.ReleaseCoins(ctx, r.s.ID)
		return err
	})
}
