package storetest

import (
	"errors"
	"sync"

	"github.com/google/go-cmp/cmp"

	"mintmark/cashu"
	"mintmark/mint"
)

func totalsCases() []testCase {
	return []testCase{
		{"totals of nothing are empty", totalsOfNothing},
		{"totals add up", totalsAddUp},
		{"a keyset cannot redeem more than it issued", totalsRefuseOverRedeeming},
		{"what is refused leaves the totals of other keysets alone", totalsAreAllOrNothing},
		{"the operator can force it", totalsCanBeForced},
		{"totals hold amounts beyond 2^63 and refuse to overflow", totalsAreUnsigned},
		{"many operations redeem exactly what was issued", totalsUnderRace},
		{"a recount counts what is finished, and nothing else", recountCountsFinished},
	}
}

func (k *kit) addTotals(ref mint.OperationRef, force bool, add ...mint.KeysetTotals) error {
	return k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
		return tx.AddTotals(k.ctx, ref, add, force)
	})
}

func (k *kit) wantTotals(want ...mint.KeysetTotals) {
	k.Helper()
	got, err := k.store.Totals(k.ctx)
	if err != nil {
		k.Fatal(err)
	}
	if len(got)+len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		k.Errorf("totals (-want +got):\n%s", diff)
	}
}

func totalsOfNothing(k *kit) {
	k.wantTotals()
	if counted, err := k.store.Recount(k.ctx); err != nil || len(counted) != 0 {
		k.Errorf("a recount of nothing: %v, %v", counted, err)
	}
	if err := k.addTotals(1, false); err != nil {
		k.Errorf("adding nothing: %v", err)
	}
}

func totalsAddUp(k *kit) {
	a, b := k.keyset(1), k.keyset(2)
	for ref, add := range [][]mint.KeysetTotals{
		{{KeysetID: b, Issued: 10}},
		{{KeysetID: a, Issued: 5}, {KeysetID: b, Redeemed: 5}},
		{{KeysetID: b, Issued: 1, Redeemed: 2}},
	} {
		if err := k.addTotals(mint.OperationRef(ref), false, add...); err != nil {
			k.Fatal(err)
		}
	}
	k.wantTotals(
		mint.KeysetTotals{KeysetID: a, Issued: 5},
		mint.KeysetTotals{KeysetID: b, Issued: 11, Redeemed: 7},
	)
}

func totalsRefuseOverRedeeming(k *kit) {
	id := k.keyset(1)
	if err := k.addTotals(1, false, mint.KeysetTotals{KeysetID: id, Redeemed: 1}); !errors.Is(err, mint.ErrOverRedeemed) {
		k.Errorf("redeeming of nothing issued: %v", err)
	}
	for ref := range mint.OperationRef(20) {
		if err := k.addTotals(ref, false, mint.KeysetTotals{KeysetID: id, Issued: 1}); err != nil {
			k.Fatal(err)
		}
	}
	// Whichever operation redeems, all that was issued counts for it.
	if err := k.addTotals(77, false, mint.KeysetTotals{KeysetID: id, Redeemed: 20}); err != nil {
		k.Errorf("redeeming all that was issued: %v", err)
	}
	if err := k.addTotals(78, false, mint.KeysetTotals{KeysetID: id, Redeemed: 1}); !errors.Is(err, mint.ErrOverRedeemed) {
		k.Errorf("redeeming one more: %v", err)
	}
	k.wantTotals(mint.KeysetTotals{KeysetID: id, Issued: 20, Redeemed: 20})
}

func totalsAreAllOrNothing(k *kit) {
	a, b := k.keyset(1), k.keyset(2)
	err := k.addTotals(1, false, mint.KeysetTotals{KeysetID: a, Issued: 8}, mint.KeysetTotals{KeysetID: b, Redeemed: 8})
	if !errors.Is(err, mint.ErrOverRedeemed) {
		k.Errorf("error %v", err)
	}
	k.wantTotals()
}

func totalsCanBeForced(k *kit) {
	id := k.keyset(1)
	if err := k.addTotals(1, true, mint.KeysetTotals{KeysetID: id, Issued: 1, Redeemed: 9}); err != nil {
		k.Fatal(err)
	}
	k.wantTotals(mint.KeysetTotals{KeysetID: id, Issued: 1, Redeemed: 9})
	if err := k.addTotals(2, false, mint.KeysetTotals{KeysetID: id, Redeemed: 1}); !errors.Is(err, mint.ErrOverRedeemed) {
		k.Errorf("force is for one call: %v", err)
	}
}

func totalsAreUnsigned(k *kit) {
	id := k.keyset(1)
	const huge = cashu.Amount(1<<64 - 1)
	if err := k.addTotals(1, false, mint.KeysetTotals{KeysetID: id, Issued: huge, Redeemed: 1 << 63}); err != nil {
		k.Fatal(err)
	}
	k.wantTotals(mint.KeysetTotals{KeysetID: id, Issued: huge, Redeemed: 1 << 63})
	if err := k.addTotals(1, false, mint.KeysetTotals{KeysetID: id, Issued: 1}); err == nil {
		k.Error("totals wrapped around")
	}
	k.wantTotals(mint.KeysetTotals{KeysetID: id, Issued: huge, Redeemed: 1 << 63})
}

func totalsUnderRace(k *kit) {
	id := k.keyset(1)
	const workers, each = 16, 8
	if err := k.addTotals(1, false, mint.KeysetTotals{KeysetID: id, Issued: workers * each / 2}); err != nil {
		k.Fatal(err)
	}
	var mu sync.Mutex
	redeemed := 0
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				err := k.addTotals(mint.OperationRef(w*each+i), false, mint.KeysetTotals{KeysetID: id, Redeemed: 1})
				switch {
				case err == nil:
					mu.Lock()
					redeemed++
					mu.Unlock()
				case !errors.Is(err, mint.ErrOverRedeemed):
					k.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if redeemed != workers*each/2 {
		k.Errorf("%d were redeemed, want %d", redeemed, workers*each/2)
	}
	k.wantTotals(mint.KeysetTotals{KeysetID: id, Issued: workers * each / 2, Redeemed: workers * each / 2})
}

func recountCountsFinished(k *kit) {
	finished, running := k.saga(2, 2), k.saga(1, 1)
	outputs := k.outputs(2)
	err := k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
		for _, s := range []*mint.Saga{finished, running} {
			if err := tx.AddSaga(k.ctx, s); err != nil {
				return err
			}
		}
		if err := tx.AddProofs(k.ctx, finished.Operation, k.proofs(2)); err != nil {
			return err
		}
		if err := tx.AddOutputs(k.ctx, finished.Operation, outputs); err != nil {
			return err
		}
		if err := tx.AddProofs(k.ctx, running.Operation, k.proofs(1)); err != nil {
			return err
		}
		return tx.AddOutputs(k.ctx, running.Operation, k.outputs(1))
	})
	if err != nil {
		k.Fatal(err)
	}
	err = k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
		if err := tx.FinishSaga(k.ctx, finished); err != nil {
			return err
		}
		if _, err := tx.SpendProofs(k.ctx, finished.Ref); err != nil {
			return err
		}
		return tx.SignOutputs(k.ctx, finished.Ref, outputs, k.signatures(outputs))
	})
	if err != nil {
		k.Fatal(err)
	}
	got, err := k.store.Recount(k.ctx)
	if err != nil {
		k.Fatal(err)
	}
	want := []mint.KeysetTotals{{KeysetID: k.keyset(1), Issued: 3, Redeemed: 3}} // amounts 1 and 2 each
	if diff := cmp.Diff(want, got); diff != "" {
		k.Errorf("recount (-want +got):\n%s", diff)
	}
}
