package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory"
	"mintmark/signatory/internal/budget"
)

// budgets keeps the ledger and sees to it that what is taken is on the disk before
// a signature leaves.
type budgets struct {
	store BudgetStore
	clock func() time.Time

	saving sync.Mutex // one write at a time; who waits finds itself covered by it
	mu     sync.Mutex
	ledger *budget.Ledger
}

// openBudgets reads what was used before. store may be nil: then nothing was, and
// nobody has a budget.
func openBudgets(ctx context.Context, store BudgetStore, clock func() time.Time) (*budgets, error) {
	b := &budgets{store: store, clock: clock}
	b.ledger = budget.New(nil)
	return b, b.refresh(ctx)
}

// refresh takes over what other signatories have stored.
func (b *budgets) refresh(ctx context.Context) error {
	if b.store == nil {
		return nil
	}
	b.saving.Lock() // what is stored and what is known to be must not differ
	defer b.saving.Unlock()
	counters, err := b.store.LoadBudget(ctx, budget.Since(b.minute()))
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.Sync(fromStore(counters))
	return nil
}

func fromStore(counters []keystore.BudgetCounter) []budget.Counter {
	out := make([]budget.Counter, len(counters))
	for i, c := range counters {
		out[i] = budget.Counter{
			Account: budget.Account{Client: c.Client, Unit: c.Unit},
			Keyset:  c.Keyset, Bucket: c.Bucket, Use: budget.Use{Value: c.Value, Count: c.Count},
		}
	}
	return out
}

func toStore(counters []budget.Counter) []keystore.BudgetCounter {
	out := make([]keystore.BudgetCounter, len(counters))
	for i, c := range counters {
		out[i] = keystore.BudgetCounter{
			Client: c.Client, Unit: c.Unit, Keyset: c.Keyset, Bucket: c.Bucket, Value: c.Value, Count: c.Count,
		}
	}
	return out
}

func (b *budgets) minute() int64 { return b.clock().Unix() / 60 }

// take uses the budget of an account, durably, or fails with *budget.Exceeded.
// refund gives it back, if no signature leaves. limits is nil where nothing is
// counted.
func (b *budgets) take(ctx context.Context, account string, limits map[cashu.Unit]budget.Limits, spends []budget.Spend) (refund func(), err error) {
	if limits == nil || len(spends) == 0 {
		return func() {}, nil
	}
	b.mu.Lock()
	ticket, err := b.ledger.Take(b.minute(), account, limits, spends)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	refund = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ledger.Refund(ticket)
	}
	if err := b.cover(ctx, account, ticket); err != nil {
		refund()
		return nil, fmt.Errorf("reserving the budget of %s: %w", account, err)
	}
	return refund, nil
}

// cover stores what a ticket needs, if the budget of the account allows it in the light of
// what other signatories have used.
func (b *budgets) cover(ctx context.Context, account string, ticket budget.Ticket) error {
	if b.covered(ticket) {
		return nil
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	if b.covered(ticket) {
		return nil
	}
	if b.store == nil {
		return errors.New("there is nowhere to store it")
	}
	var unstored []budget.Counter
	decide := func(stored []keystore.BudgetCounter) ([]keystore.BudgetCounter, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ledger.Sync(fromStore(stored))
		if err := b.ledger.Fits(b.minute(), ticket); err != nil {
			return nil, err
		}
		unstored = b.ledger.Unstored(b.minute(), account)
		return toStore(unstored), nil
	}
	// Others are covered by this write too: it does not end with our client.
	if err := b.store.ReserveBudget(context.WithoutCancel(ctx), account, budget.Since(b.minute()), decide); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.Stored(unstored)
	return nil
}

func (b *budgets) covered(ticket budget.Ticket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.Covered(ticket)
}

// report tells what was used of every budget in the clients file.
func (b *budgets) report(clients *Clients) (out []*adminpb.Budget) {
	if clients == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	minute := b.minute()
	for _, c := range clients.list {
		for _, unit := range slices.Sorted(maps.Keys(c.Budgets)) {
			limits, used := c.Budgets[unit], b.ledger.Used(budget.Account{Client: c.Name, Unit: unit}, minute)
			out = append(out, &adminpb.Budget{
				Client: c.Name, Unit: string(unit),
				Hour: window(used.Hour, limits.Hour), Day: window(used.Day, limits.Day),
				Keysets: keysetWindows(used, limits),
			})
		}
		changes := c.changeLimits()
		for _, unit := range slices.Sorted(maps.Keys(changes)) {
			used := b.ledger.Used(budget.Account{Client: c.changeAccount(), Unit: unit}, minute)
			out = append(out, &adminpb.Budget{
				Client: c.Name, Unit: string(unit), Purpose: string(signatory.MeltChange), Keysets: keysetWindows(used, changes[unit]),
			})
		}
	}
	return out
}

func keysetWindows(used budget.Report, limits budget.Limits) (out []*adminpb.KeysetBudget) {
	for _, id := range slices.SortedFunc(maps.Keys(used.Keysets), func(a, b cashu.KeysetID) int { return bytes.Compare(a.Bytes(), b.Bytes()) }) {
		out = append(out, &adminpb.KeysetBudget{Id: id.Bytes(), Window: window(used.Keysets[id], limits.Keyset)})
	}
	return out
}

func window(used, limit budget.Use) *adminpb.Window {
	return &adminpb.Window{
		Used:  &adminpb.Use{Value: uint64(used.Value), Signatures: used.Count},
		Limit: &adminpb.Use{Value: uint64(limit.Value), Signatures: limit.Count},
	}
}

// spends adds up what a call would use. A keyset that is not known has no budget
// and cannot sign.
func spends(messages []cashu.BlindedMessage, keysets []cashu.Keyset) ([]budget.Spend, error) {
	var out []budget.Spend
	at := map[cashu.KeysetID]int{}
	for _, m := range messages {
		i, ok := at[m.ID]
		if !ok {
			unit, err := unitOf(m.ID, keysets)
			if err != nil {
				return nil, err
			}
			i = len(out)
			at[m.ID] = i
			out = append(out, budget.Spend{Unit: unit, Keyset: m.ID})
		}
		sum, err := out[i].Value.Add(m.Amount)
		if err != nil {
			return nil, cashu.Errorf(cashu.CodeAmountOutOfRange, "the amounts are too large together")
		}
		out[i].Value = sum
		out[i].Count++
	}
	return out, nil
}

func unitOf(id cashu.KeysetID, keysets []cashu.Keyset) (cashu.Unit, error) {
	for i := range keysets {
		if keysets[i].ID == id {
			return keysets[i].Unit, nil
		}
	}
	return "", cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %s is not known", id)
}
