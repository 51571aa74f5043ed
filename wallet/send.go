package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/bdhke"
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
	// Offline asks no mint: the coins at hand must fit exactly.
	Offline bool
	// Key is the caller's name of this call: repeated under it, the call gives
	// the token that it made before. Empty: none.
	Key string
}

// Sent is a token that was made.
type Sent struct {
	ID     uuid.UUID // of the operation, for Revoke and CheckSend
	Token  string    // as good as money
	Amount cashu.Amount
	Fee    cashu.Amount // paid to the mint for making it
}

// Send makes a token. Until it is claimed it can be found again among the
// operations, and taken back.
func (w *Wallet) Send(ctx context.Context, mintURL string, unit cashu.Unit, o SendOptions) (Sent, error) {
	if o.Amount == 0 {
		return Sent{}, errors.New("a token over nothing")
	}
	if sent, found, err := w.sentBefore(ctx, o.Key); found {
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
	return whileTaken(func() (Sent, error) { return w.sendFrom(ctx, m, unit, o) })
}

func (w *Wallet) sendFrom(ctx context.Context, m Mint, unit cashu.Unit, o SendOptions) (Sent, error) {
	coins, err := w.store.Coins(ctx, CoinFilter{MintURL: m.URL, Unit: unit, States: []CoinState{CoinUnspent}})
	if err != nil {
		return Sent{}, err
	}
	if o.Lock == nil {
		if fitting, ok := exact(m, coins, o.Amount, o.IncludeFee); ok {
			r, err := w.startSend(ctx, m, unit, o, fitting, 0)
			if err != nil {
				return Sent{}, err
			}
			defer r.rest()
			crashpoint.Here(crashPoint(KindSend, "reserved"))
			return r.createToken(ctx, fitting)
		}
	}
	if o.Offline {
		return Sent{}, fmt.Errorf("%w that fits exactly", ErrFunds)
	}
	return w.sendAfterSwap(ctx, m, unit, o, coins)
}

// sendAfterSwap makes coins that fit first.
func (w *Wallet) sendAfterSwap(ctx context.Context, m Mint, unit cashu.Unit, o SendOptions, coins []StoredCoin) (Sent, error) {
	keyset, err := m.active(unit, w.now())
	if err != nil {
		return Sent{}, err
	}
	wants, total, err := sendWants(m, keyset, o)
	if err != nil {
		return Sent{}, err
	}
	chosen, fee, err := choose(m, coins, total)
	if err != nil {
		return Sent{}, err
	}
	sum, err := sumOf(chosen)
	if err != nil {
		return Sent{}, err
	}
	change, err := split(keyset, sum-fee-total, RoleKeep, nil)
	if err != nil {
		return Sent{}, err
	}
	r, err := w.startSend(ctx, m, unit, o, chosen, fee)
	if err != nil {
		return Sent{}, err
	}
	defer r.rest()
	crashpoint.Here(crashPoint(KindSend, "reserved"))
	made, err := w.swap(ctx, swapSpec{mint: m, unit: unit, parent: r, inputs: chosen, wants: append(wants, change...)})
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
		if wants, err = split(keyset, total, RoleSend, o.Lock); err != nil || !o.IncludeFee {
			return wants, total, err
		}
		ids := make([]cashu.KeysetID, len(wants))
		for i := range ids {
			ids[i] = keyset.ID
		}
		fee, err := m.fee(ids...)
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

func (w *Wallet) startSend(ctx context.Context, m Mint, unit cashu.Unit, o SendOptions, inputs []StoredCoin, fee cashu.Amount) (*run, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	data := &SendData{Amount: o.Amount, Memo: o.Memo, Fee: fee, Locked: o.Lock != nil, CommonData: CommonData{IdempotencyKey: o.Key}}
	s, err := NewSaga(id, SendProofsReserved, o.Amount, m.URL, unit, data, w.now())
	if err != nil {
		return nil, err
	}
	return w.start(ctx, s, "coins are set aside", func(tx Tx, _ *Saga) error {
		return tx.ReserveCoins(ctx, ysOf(inputs), id)
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
		return tx.PutTransaction(ctx, r.sendEntry("pending"))
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
	return Sent{ID: r.s.ID, Token: string(d.Token), Amount: sum, Fee: d.Fee}, nil
}

// sentBefore finds the token that was made under a key.
func (w *Wallet) sentBefore(ctx context.Context, key string) (sent Sent, found bool, err error) {
	id, err := w.store.SagaByKey(ctx, key)
	if key == "" || errors.Is(err, ErrNotFound) {
		return Sent{}, false, nil
	}
	if err != nil {
		return Sent{}, true, err
	}
	if s, err := w.store.Saga(ctx, id); err == nil && s.State == SendTokenCreated {
		sent, err = (&run{w: w, s: s}).sent(ctx)
		return sent, true, err
	}
	t, _, err := w.before(ctx, key, KindSend)
	return Sent{ID: id, Token: string(t.Token), Amount: t.Amount, Fee: t.Fee}, true, err
}

// abandonSend frees what a send without a token holds.
func (r *run) abandonSend(ctx context.Context, reason string) error {
	return r.finish(ctx, reason, func(tx Tx) error {
		_, err := tx.ReleaseCoins(ctx, r.s.ID)
		return err
	})
}

// SendStatus is what became of a token.
type SendStatus struct {
	Claimed   cashu.Amount // taken by the receiver
	Unclaimed cashu.Amount // still in the token
}

// CheckSend asks the mint which coins of a token were claimed. When all were, the
// operation ends.
func (w *Wallet) CheckSend(ctx context.Context, id uuid.UUID) (SendStatus, error) {
	r, err := w.resume(ctx, id, SendTokenCreated)
	if err != nil {
		return SendStatus{}, err
	}
	defer r.rest()
	_, status, err := r.checkSend(ctx)
	return status, r.failed(err)
}

// resume takes over a saga that must be in the state.
func (w *Wallet) resume(ctx context.Context, id uuid.UUID, state State) (*run, error) {
	s, err := w.store.Saga(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.State != state {
		return nil, &OperationError{ID: id, Err: fmt.Errorf("the operation is %s, %v", s.Kind, s.State)}
	}
	w.busy.enter(s.ID)
	return &run{w: w, s: s, tries: liveTries}, nil
}

// checkSend finds out which coins are unspent. If none is, it ends the send.
func (r *run) checkSend(ctx context.Context) (unspent []StoredCoin, status SendStatus, err error) {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return nil, status, errors.New("a send has other data")
	}
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return nil, status, err
	}
	coins, err := r.tokenCoins(ctx, d)
	if err != nil {
		return nil, status, err
	}
	entries, err := c.CheckState(ctx, ysOf(coins))
	if err != nil {
		return nil, status, err
	}
	var claimed []bdhke.Point
	for i, e := range entries {
		if e.State == cashu.ProofSpent {
			claimed = append(claimed, coins[i].Y)
			status.Claimed += coins[i].Amount
			continue
		}
		unspent = append(unspent, coins[i])
		status.Unclaimed += coins[i].Amount
	}
	switch {
	case len(unspent) == 0:
		err = r.finish(ctx, "the receiver has claimed the token", func(tx Tx) error { return r.claimed(ctx, tx, ysOf(coins)) })
	case len(claimed) != len(d.ClaimedYs):
		d.ClaimedYs = claimed
		err = r.step(ctx, r.s.State, fmt.Sprintf("%d of %d coins are claimed", len(claimed), len(coins)), func(tx Tx) error {
			return tx.MoveCoins(ctx, claimed, r.s.ID, []CoinState{CoinPendingSpent, CoinSpent}, CoinSpent)
		})
	}
	return unspent, status, err
}

func (r *run) tokenCoins(ctx context.Context, d *SendData) ([]StoredCoin, error) {
	ys := make([]bdhke.Point, len(d.Proofs))
	for i, p := range d.Proofs {
		var err error
		if ys[i], err = p.Y(); err != nil {
			return nil, err
		}
	}
	return r.w.store.CoinsByY(ctx, ys)
}

// claimed ends a send whose coins the receiver has.
func (r *run) claimed(ctx context.Context, tx Tx, ys []bdhke.Point) error {
	if err := tx.MoveCoins(ctx, ys, r.s.ID, []CoinState{CoinPendingSpent, CoinReserved, CoinSpent}, CoinSpent); err != nil {
		return err
	}
	return tx.PutTransaction(ctx, r.sendEntry("completed"))
}

// Revoke takes the coins of a token back that were not claimed, and returns what
// came back. ErrTaken: the receiver was quicker, with all of them.
func (w *Wallet) Revoke(ctx context.Context, id uuid.UUID) (cashu.Amount, error) {
	r, err := w.resume(ctx, id, SendTokenCreated)
	if err != nil {
		return 0, err
	}
	defer r.rest()
	d, _ := r.s.Data.(*SendData)
	if d != nil && d.Locked {
		return 0, r.failed(errors.New("the token is locked to somebody else"))
	}
	unspent, status, err := r.checkSend(ctx)
	if err != nil {
		return 0, r.failed(err)
	}
	if len(unspent) == 0 {
		return 0, r.failed(ErrTaken)
	}
	m, err := w.Mint(ctx, r.s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	fee, err := feeOf(m, unspent)
	if err != nil {
		return 0, r.failed(err)
	}
	if status.Unclaimed <= fee {
		return 0, r.failed(fmt.Errorf("%w: taking %d back costs %d", ErrFunds, status.Unclaimed, fee))
	}
	keyset, err := m.active(r.s.Unit, w.now())
	if err != nil {
		return 0, r.failed(err)
	}
	wants, err := split(keyset, status.Unclaimed-fee, RoleKeep, nil)
	if err != nil {
		return 0, r.failed(err)
	}
	err = r.step(ctx, SendRollingBack, "the token is taken back", func(tx Tx) error {
		return tx.MoveCoins(ctx, ysOf(unspent), r.s.ID, []CoinState{CoinPendingSpent}, CoinReserved)
	})
	if err != nil {
		return 0, r.failed(err)
	}
	crashpoint.Here(crashPoint(KindSend, "rolling_back"))
	back, err := w.swap(ctx, swapSpec{mint: m, unit: r.s.Unit, parent: r, inputs: unspent, wants: wants})
	if errors.Is(err, ErrPending) {
		return 0, r.failed(err)
	}
	if endErr := r.endRollback(ctx); endErr != nil {
		return 0, r.failed(errors.Join(err, endErr))
	}
	crashpoint.Here(crashPoint(KindSend, "rolled_back"))
	if err != nil {
		return 0, r.failed(err)
	}
	return sumOf(back)
}

// endRollback decides what became of a token that was being taken back, from the
// coins: the swap that did it has ended. Those that it has spent are ours again;
// those that it gave back are still in the token.
func (r *run) endRollback(ctx context.Context) error {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return errors.New("a send has other data")
	}
	coins, err := r.tokenCoins(ctx, d)
	if err != nil {
		return err
	}
	var kept []bdhke.Point
	swapped := false
	for _, c := range coins {
		switch {
		case c.UsedBy == r.s.ID && c.State == CoinReserved:
			kept = append(kept, c.Y)
		case c.UsedBy != r.s.ID:
			swapped = true // the swap holds what it has spent
		}
	}
	if len(kept) > 0 {
		return r.step(ctx, SendTokenCreated, "taking the token back did not work, it is out again", func(tx Tx) error {
			return tx.MoveCoins(ctx, kept, r.s.ID, []CoinState{CoinReserved}, CoinPendingSpent)
		})
	}
	var mine []bdhke.Point
	for _, c := range coins {
		if c.UsedBy == r.s.ID {
			mine = append(mine, c.Y)
		}
	}
	return r.finish(ctx, "the token was taken back", func(tx Tx) error {
		if err := tx.MoveCoins(ctx, mine, r.s.ID, []CoinState{CoinPendingSpent, CoinSpent}, CoinSpent); err != nil {
			return err
		}
		status := "completed"
		if swapped {
			status = "failed" // as a payment
		}
		return tx.PutTransaction(ctx, r.sendEntry(status))
	})
}
