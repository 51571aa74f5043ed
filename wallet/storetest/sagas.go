package storetest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mintmark/wallet"
)

func sagaCases() []testCase {
	return []testCase{
		{"a saga of every state comes back as it was", func(k *kit) {
			n := uint32(0)
			data := map[wallet.Kind]wallet.OperationData{
				wallet.KindSend:    &wallet.SendData{Amount: 21, Token: "cashuB\x00\U0001f95c", Memo: "a\x00b"},
				wallet.KindReceive: &wallet.ReceiveData{Token: "cashuB", Counters: wallet.Counters{Start: &n, End: &n}},
				wallet.KindSwap:    &wallet.SwapData{InputAmount: 1 << 63, OutputAmount: 1<<64 - 1},
				wallet.KindMint:    &wallet.MintData{Quote: "q", Amount: 21},
				wallet.KindMelt:    &wallet.MeltData{Quote: "q", Amount: 21, FeeReserve: 1, ChangeKeyset: k.keyset(1)},
			}
			for _, state := range wallet.States() {
				s := k.saga(state, data[state.Kind()])
				s.Amount = 1<<64 - 1
				k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
				back := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID))
				want, _ := wallet.EncodeData(s.Data)
				have, _ := wallet.EncodeData(back.Data)
				if !cmp.Equal(want, have) {
					k.Errorf("the data of %v came back changed", state)
				}
				s.Data, back.Data = nil, nil
				if s != back {
					k.Errorf("%v came back as %v", s, back)
				}
			}
			if all, err := k.store.Sagas(k.ctx); err != nil || len(all) != len(wallet.States()) {
				k.Errorf("got %d sagas, %v", len(all), err)
			}
		}},
		{"a saga that is not there is not found", func(k *kit) {
			if _, err := k.store.Saga(k.ctx, k.id()); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
			if all, err := k.store.Sagas(k.ctx); err != nil || len(all) != 0 {
				k.Errorf("got %v, %v", all, err)
			}
		}},
		{"a known id is refused and nothing of its transaction is kept", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error {
				_ = tx.AddSaga(k.ctx, s) // whatever the function makes of it
				return tx.AddCoins(k.ctx, []wallet.StoredCoin{k.coin(1)})
			})
			if coins := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, wallet.CoinFilter{})); len(coins) != 0 {
				k.Error("a coin of the refused transaction is there")
			}
		}},
		{"an update succeeds only on the version before", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			stale := s
			ok := k.step(&s, wallet.SwapSwapRequested)
			if !ok {
				k.Fatal("the first update did not succeed")
			}
			if k.step(&stale, wallet.SwapSwapRequested) {
				k.Error("a stale update succeeded")
			}
			got := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID))
			if got.Version != 1 || got.State != wallet.SwapSwapRequested || got.Updated != start.Unix()+1 {
				k.Errorf("got %v", got)
			}
			ahead := s
			ahead.Version += 5
			if k.step(&ahead, wallet.SwapSwapRequested) {
				k.Error("an update from the future succeeded")
			}
		}},
		{"a version of zero cannot be stored by an update", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
				_, err := tx.UpdateSaga(k.ctx, s)
				return err
			})
			if err == nil {
				k.Error("it was stored")
			}
		}},
		{"a removal succeeds only on the expected version", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			if k.remove(s.ID, 1) {
				k.Error("a removal with the wrong version succeeded")
			}
			k.step(&s, wallet.SwapSwapRequested)
			if k.remove(s.ID, 0) {
				k.Error("a stale removal succeeded")
			}
			if !k.remove(s.ID, 1) {
				k.Error("the removal did not succeed")
			}
			if k.remove(s.ID, 1) {
				k.Error("it succeeded twice")
			}
		}},
		{"a saga that is given up is put aside until it is taken up again", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			stale := s
			if k.mark(&s, false) {
				k.Error("what is not given up was taken up")
			}
			s = stale
			if !k.mark(&s, true) {
				k.Fatal("it was not given up")
			}
			if k.mark(&stale, true) {
				k.Error("a stale version was given up")
			}
			if _, err := k.store.Saga(k.ctx, s.ID); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("it is found: %v", err)
			}
			live, aside := must[[]wallet.Saga](k)(k.store.Sagas(k.ctx)), must[[]wallet.Saga](k)(k.store.Abandoned(k.ctx))
			if len(live) != 0 || len(aside) != 1 || aside[0].ID != s.ID || aside[0].Version != 1 {
				k.Errorf("listed are %v, put aside %v", live, aside)
			}
			if !k.mark(&s, false) {
				k.Fatal("it was not taken up again")
			}
			if got := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID)); got.Version != 2 {
				k.Errorf("got %v", got)
			}
		}},
		{"data that does not fit the state is refused", func(k *kit) {
			s := k.swap()
			s.Data = &wallet.SendData{}
			if err := k.store.Update(k.ctx, func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) }); err == nil {
				k.Error("it was stored")
			}
		}},
		{"sagas are listed oldest first", func(k *kit) {
			var want []uuid.UUID
			for i := range 5 {
				s := k.swap()
				s.Created = start.Unix() - int64(i)
				want = append([]uuid.UUID{s.ID}, want...)
				k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			}
			var got []uuid.UUID
			for _, s := range must[[]wallet.Saga](k)(k.store.Sagas(k.ctx)) {
				got = append(got, s.ID)
			}
			if !slices.Equal(got, want) {
				k.Errorf("got %v, want %v", got, want)
			}
		}},
		{"a key finds its saga for ever and starts no second one", func(k *kit) {
			s := k.saga(wallet.SwapProofsReserved, &wallet.SwapData{CommonData: wallet.CommonData{IdempotencyKey: "pay rent"}})
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			k.remove(s.ID, 0)
			if id, err := k.store.SagaByKey(k.ctx, "pay rent"); err != nil || id != s.ID {
				k.Errorf("got %v, %v", id, err)
			}
			again := k.saga(wallet.SwapProofsReserved, &wallet.SwapData{CommonData: wallet.CommonData{IdempotencyKey: "pay rent"}})
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, again) })
			if _, err := k.store.SagaByKey(k.ctx, "else"); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"what a key is for is kept with it", func(k *kit) {
			for _, args := range []string{"", "send 5\x00"} {
				s := k.saga(wallet.SwapProofsReserved, &wallet.SwapData{CommonData: wallet.CommonData{IdempotencyKey: "key" + args, IdempotencyArgs: args}})
				k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
				k.remove(s.ID, 0)
				if got, err := k.store.KeyArgs(k.ctx, "key"+args); err != nil || got != args {
					k.Errorf("got %q, %v", got, err)
				}
			}
			if _, err := k.store.KeyArgs(k.ctx, "else"); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"the journal keeps the order and outlives the saga", func(k *kit) {
			op := k.id()
			want := []wallet.JournalEntry{
				{Operation: op, Version: 0, State: wallet.MeltProofsReserved, Instance: "a", At: start.Unix(), Reason: "started"},
				{Operation: op, Version: 1, State: wallet.MeltMeltRequested, Instance: "a", At: start.Unix() - 5, Reason: "sent"},
				{Operation: op, Version: 2, Instance: "b", At: start.Unix(), Reason: "paid"},
			}
			for _, e := range want {
				k.update(func(tx wallet.Tx) error { return tx.AddJournal(k.ctx, e) })
			}
			if diff := cmp.Diff(want, must[[]wallet.JournalEntry](k)(k.store.Journal(k.ctx, op))); diff != "" {
				k.Error(diff)
			}
		}},
		{"what a function wrote is gone when it fails or panics", func(k *kit) {
			boom := errors.New("boom")
			s := k.swap()
			k.refuse(boom, func(tx wallet.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				return boom
			})
			func() {
				defer func() { _ = recover() }()
				_ = k.store.Update(k.ctx, func(tx wallet.Tx) error {
					_ = tx.AddSaga(k.ctx, s)
					panic(boom)
				})
			}()
			if _, err := k.store.Saga(k.ctx, s.ID); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"a transaction sees what it wrote", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				if _, err := tx.Saga(k.ctx, s.ID); err != nil {
					return err
				}
				n, err := tx.TakeCounters(k.ctx, k.keyset(1), 3)
				if err != nil || n != 0 {
					return errors.Join(err, errors.New("not the first counter"))
				}
				next, err := tx.Counter(k.ctx, k.keyset(1))
				if next != 3 {
					return errors.Join(err, errors.New("the counter is not seen"))
				}
				return err
			})
		}},
	}
}

// step stores the saga in its next state and tells whether that succeeded.
func (k *kit) step(s *wallet.Saga, to wallet.State) (ok bool) {
	k.Helper()
	if err := s.UpdateState(to, start.Add(1e9)); err != nil {
		k.Fatal(err)
	}
	k.update(func(tx wallet.Tx) (err error) {
		ok, err = tx.UpdateSaga(k.ctx, *s)
		return err
	})
	return ok
}

// mark gives the saga up, or takes it up, and tells whether that succeeded.
func (k *kit) mark(s *wallet.Saga, abandoned bool) (ok bool) {
	k.Helper()
	if err := s.UpdateState(s.State, start.Add(1e9)); err != nil {
		k.Fatal(err)
	}
	err := k.store.Update(k.ctx, func(tx wallet.Tx) (err error) {
		ok, err = tx.AbandonSaga(k.ctx, *s, abandoned)
		return err
	})
	return ok && err == nil
}

func (k *kit) remove(id uuid.UUID, version uint32) (ok bool) {
	k.Helper()
	k.update(func(tx wallet.Tx) (err error) {
		ok, err = tx.DeleteSaga(k.ctx, id, version)
		return err
	})
	return ok
}
