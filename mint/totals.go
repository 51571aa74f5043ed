package mint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mintmark/cashu"
)

// For every keyset, redeemed never exceeds issued. A keyset that is about to
// break this has either lost rows or lost its keys: somebody else signs with
// them. The mint stops redeeming it, calls the operator, and goes on only when
// the operator says so.

// totalsOf sums what an operation issues and redeems, by keyset, in the order of
// ids.
func totalsOf(proofs []SpentProof, outputs []cashu.BlindedMessage) ([]KeysetTotals, error) {
	var list []KeysetTotals
	at := map[cashu.KeysetID]int{}
	of := func(id cashu.KeysetID) *KeysetTotals {
		i, ok := at[id]
		if !ok {
			i = len(list)
			at[id] = i
			list = append(list, KeysetTotals{KeysetID: id})
		}
		return &list[i]
	}
	var err error
	for _, p := range proofs {
		t := of(p.KeysetID)
		if t.Redeemed, err = t.Redeemed.Add(p.Amount); err != nil {
			return nil, fmt.Errorf("summing inputs: %w", err)
		}
	}
	for _, o := range outputs {
		t := of(o.ID)
		if t.Issued, err = t.Issued.Add(o.Amount); err != nil {
			return nil, fmt.Errorf("summing outputs: %w", err)
		}
	}
	slices.SortFunc(list, func(a, b KeysetTotals) int { return cmp.Compare(a.KeysetID.String(), b.KeysetID.String()) })
	return list, nil
}

// mayOverRedeem asks whether the operator has allowed it for all keysets that
// the operation redeems. It is asked only after a refusal.
func (m *Mint) mayOverRedeem(ctx context.Context, totals []KeysetTotals) (bool, error) {
	value, err := m.store.Config(ctx, ConfigOverRedeem)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading what the operator allowed: %w", err)
	}
	allowed := strings.Split(value, ",")
	for _, t := range totals {
		if t.Redeemed > 0 && !slices.Contains(allowed, t.KeysetID.String()) {
			return false, nil
		}
	}
	return true, nil
}

// AllowOverRedeem lets a keyset redeem more than it issued, or forbids it again.
// It is the operator's word after an alarm.
func AllowOverRedeem(ctx context.Context, store Store, id cashu.KeysetID, allow bool) error {
	return store.Update(ctx, Durable, func(tx Tx) error {
		value, err := tx.Config(ctx, ConfigOverRedeem)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		ids := slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return s == "" || s == id.String() })
		if allow {
			ids = append(ids, id.String())
		}
		return tx.SetConfig(ctx, ConfigOverRedeem, strings.Join(ids, ","))
	})
}

// finishCounted is finish with the totals of the operation. A keyset that would
// redeem more than it issued is refused with cashu.ErrOverRedeemed and an alarm,
// unless the operator allows it.
func (m *Mint) finishCounted(ctx context.Context, s *Saga, proofs []SpentProof, outputs []cashu.BlindedMessage, fn func(Tx) error) error {
	totals, err := totalsOf(proofs, outputs)
	if err != nil {
		return err
	}
	counted := func(force bool) error {
		return m.finish(ctx, s, func(tx Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return tx.AddTotals(ctx, s.Ref, totals, force)
		})
	}
	err = counted(false)
	if !errors.Is(err, ErrOverRedeemed) {
		return err
	}
	allowed, askErr := m.mayOverRedeem(ctx, totals)
	if askErr != nil {
		return errors.Join(err, askErr)
	}
	for _, t := range totals {
		if t.Redeemed > 0 {
			m.log.Error("ALARM: a keyset is about to redeem more than it issued: its keys are in other hands, or rows are lost",
				"keyset", t.KeysetID.String(), "redeeming", uint64(t.Redeemed), "allowed_by_operator", allowed)
		}
	}
	m.overRedeemed.Add(1)
	if allowed {
		return counted(true)
	}
	return fmt.Errorf("%w: %w", cashu.ErrOverRedeemed, err)
}

// mayRedeem asks beforehand what finishCounted will ask: a melt pays before it
// redeems, and what was paid to a thief of keys does not come back.
func (m *Mint) mayRedeem(ctx context.Context, proofs []SpentProof) error {
	adding, err := totalsOf(proofs, nil)
	if err != nil {
		return err
	}
	known, err := m.store.Totals(ctx)
	if err != nil {
		return fmt.Errorf("reading totals: %w", err)
	}
	for _, t := range adding {
		i := slices.IndexFunc(known, func(k KeysetTotals) bool { return k.KeysetID == t.KeysetID })
		if i >= 0 && known[i].Redeemed <= known[i].Issued && t.Redeemed <= known[i].Issued-known[i].Redeemed {
			continue
		}
		// Coins that were redeemed before are no alarm: they are refused for that.
		switch records, err := m.store.Proofs(ctx, pointsOf(proofs)); {
		case err != nil:
			return fmt.Errorf("looking at proofs: %w", err)
		case slices.ContainsFunc(records, func(r ProofRecord) bool { return r.State != ProofUnspent }):
			return nil
		}
		allowed, err := m.mayOverRedeem(ctx, adding)
		if err != nil {
			return err
		}
		m.log.Error("ALARM: a keyset is about to redeem more than it issued: its keys are in other hands, or rows are lost",
			"keyset", t.KeysetID.String(), "redeeming", uint64(t.Redeemed), "allowed_by_operator", allowed)
		m.overRedeemed.Add(1)
		if !allowed {
			return cashu.ErrOverRedeemed
		}
		return nil
	}
	return nil
}
