package wallet_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/wallet"
)

// owed is what the mint owes to whoever has its coins.
func (w *world) owed() cashu.Amount {
	w.t.Helper()
	totals, err := w.books.Totals(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var owed cashu.Amount
	for _, k := range totals {
		owed += k.Issued - k.Redeemed
	}
	return owed
}

// audit compares wallets that nothing is going on in any more with the mint: no
// operation but tokens that are out, no coin that is held by none, every coin in
// the state that the mint knows it in, and together exactly what the mint owes. A
// coin that two wallets of one seed have counts once.
func (w *world) audit(stores ...wallet.Store) error {
	if w.second != nil {
		if err := w.second.audit(stores...); err != nil {
			return fmt.Errorf("at the second mint: %w", err)
		}
	}
	ctx := w.t.Context()
	worth := map[bdhke.Point]cashu.Amount{}
	for _, store := range stores {
		sagas, err := store.Sagas(ctx)
		if err != nil {
			return err
		}
		live := map[string]bool{}
		for _, s := range sagas {
			if s.State != wallet.SendTokenCreated {
				return breachf(stuck, "%s is still in the state %v", s.Kind, s.State)
			}
			live[s.ID.String()] = true
		}
		quotes, err := store.Quotes(ctx)
		if err != nil {
			return err
		}
		for _, q := range quotes {
			if !live[q.UsedBy.String()] && q.UsedBy.String() != "00000000-0000-0000-0000-000000000000" {
				return breachf(stuck, "a quote is held by nobody")
			}
			if q.Issued > q.Paid {
				return breachf(created, "a quote over %d is issued for %d", q.Paid, q.Issued)
			}
		}
		coins, err := store.Coins(ctx, wallet.CoinFilter{MintURL: w.url})
		if err != nil {
			return err
		}
		counters := map[string]bool{}
		ys := make([]bdhke.Point, len(coins))
		for i, c := range coins {
			ys[i] = c.Y
			if c.Counter != nil {
				name := fmt.Sprint(c.ID, *c.Counter)
				if counters[name] {
					return breachf(created, "counter %s made two coins", name)
				}
				counters[name] = true
			}
		}
		var records []mint.ProofRecord
		for some := range slices.Chunk(ys, w.mint.Limits().MaxStates) {
			batch, err := w.mint.CheckState(ctx, some)
			if err != nil {
				return err
			}
			records = append(records, batch...)
		}
		for i, c := range coins {
			// What the mint has signed with another secret is worth nothing, and its
			// states say nothing about that.
			if err := w.keys.Verify(ctx, []cashu.Proof{c.Proof}); err != nil {
				return breachf(created, "a coin of %d is not genuine: %v", c.Amount, err)
			}
			at := records[i].State
			switch {
			case c.State == wallet.CoinUnspent && at == mint.ProofUnspent, c.State == wallet.CoinPendingSpent && at == mint.ProofUnspent && live[c.UsedBy.String()]:
				worth[c.Y] = c.Amount
			case c.State == wallet.CoinSpent && at == mint.ProofSpent:
			default:
				return breachf(disagreement(c.State, at), "a coin of %d is %s here and %v at the mint", c.Amount, c.State, at)
			}
		}
	}
	var sum cashu.Amount
	for _, a := range worth {
		sum += a
	}
	switch owed := w.owed() - w.spare; {
	case sum < owed:
		return breachf(lost, "the wallets have %d and the mint owes %d", sum, owed)
	case sum > owed:
		return breachf(created, "the wallets have %d and the mint owes %d", sum, owed)
	}
	return nil
}

// disagreement is what it means that a coin is in one state here and in another at
// the mint.
func disagreement(here wallet.CoinState, at mint.ProofState) verdict {
	switch {
	case here == wallet.CoinUnspent:
		return created
	case here == wallet.CoinSpent:
		return lost
	}
	return stuck
}

// paidOnce compares the payments in a wallet's history with the mint: one that the mint
// has made is completed once, however often it was tried, and no other is.
func (w *world) paidOnce(store wallet.Store) error {
	if w.second != nil {
		if err := w.second.paidOnce(store); err != nil {
			return fmt.Errorf("at the second mint: %w", err)
		}
	}
	history, err := store.Transactions(w.t.Context(), 0)
	if err != nil {
		return err
	}
	completed := map[string]int{}
	for _, t := range history {
		if t.Kind != wallet.KindMelt || t.MintURL != w.url {
			continue
		}
		n := completed[t.QuoteID]
		if t.Status == "completed" {
			n++
		}
		completed[t.QuoteID] = n
	}
	for quote, n := range completed {
		at, err := w.mint.MeltQuote(w.t.Context(), "bolt11", quote)
		if err != nil && !errors.Is(err, cashu.ErrUnknownQuote) { // which nobody can have paid
			return err
		}
		switch paid := at.State == mint.MeltPaid; {
		case paid && n == 0:
			return breachf(lost, "the history does not know that a payment was made")
		case n > 1 || !paid && n > 0:
			return breachf(created, "the history has a payment %d times that is %v", n, at.State)
		}
	}
	return nil
}

// recovered runs recovery of wallets, under clocks that go on, until an audit finds
// nothing. It waits until the death of another process has been noticed.
func (w *world) recovered(stores []wallet.Store, wallets ...*wallet.Wallet) error {
	var err error
	died := time.Now()
	for _, pause := range []time.Duration{0, 3 * time.Minute, 3 * time.Minute, 48 * time.Hour, 3 * time.Minute} {
		w.later(pause)
		for i := 0; i < len(wallets); i++ {
			done, recoverErr := wallets[i].Recover(w.t.Context(), wallet.RecoverOptions{Force: w.force})
			if recoverErr != nil {
				return recoverErr
			}
			left := slices.ContainsFunc(done, func(r wallet.Recovered) bool { return r.Result == wallet.RecoveredLeft })
			if left && time.Since(died) < time.Minute {
				time.Sleep(100 * time.Millisecond)
				i--
			}
		}
		if err = w.audit(stores...); err == nil {
			return nil
		}
	}
	return err
}
