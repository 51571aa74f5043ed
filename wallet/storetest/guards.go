package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet"
)

// guardCases are about what a statement must leave alone: other mints, units and
// operations, and what the transaction of somebody else has read.
func guardCases() []testCase {
	free, reserved, pending, spent := wallet.CoinUnspent, wallet.CoinReserved, wallet.CoinPending, wallet.CoinSpent
	return []testCase{
		{"only a coin that is free and nobody's is reserved", func(k *kit) {
			gone, held := k.coin(1), k.coin(2)
			gone.State, held.UsedBy = spent, k.id()
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{gone, held}) })
			for _, c := range []wallet.StoredCoin{gone, held} {
				k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, []bdhke.Point{c.Y}, k.id()) })
			}
		}},
		{"what was refused half-way is not committed, whatever is made of the error", func(k *kit) {
			coins, ys := k.coins(3)
			mine, other := k.id(), k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys[:1], mine) })
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys[1:2], other) })
			another := coins[2]
			another.Amount *= 2
			q, s := k.quote(wallet.QuoteMint, "q"), k.saga(wallet.SwapProofsReserved, &wallet.SwapData{CommonData: wallet.CommonData{IdempotencyKey: "once"}})
			again := k.saga(wallet.SwapProofsReserved, &wallet.SwapData{CommonData: wallet.CommonData{IdempotencyKey: "once"}})
			set := k.keysetOf(1, 1)
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.AddQuote(k.ctx, q), tx.AddSaga(k.ctx, s), tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}))
			})
			changed := set
			changed.Keys = k.keysetOf(1, 2).Keys
			for what, step := range map[string]struct {
				want error
				do   func(tx wallet.Tx) error
			}{
				"moving": {wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
					return tx.MoveCoins(k.ctx, ys[:2], mine, []wallet.CoinState{reserved}, spent)
				}},
				"handing over": {wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.HandCoins(k.ctx, ys[:2], mine, k.id()) }},
				"adding": {wallet.ErrExists, func(tx wallet.Tx) error {
					return tx.AddCoins(k.ctx, []wallet.StoredCoin{k.coin(4), another})
				}},
				"a quote":  {wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) }},
				"a key":    {wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, again) }},
				"a keyset": {wallet.ErrExists, func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{changed}) }},
			} {
				err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
					if err := tx.PutMint(k.ctx, wallet.KnownMint{URL: "https://" + what}); err != nil {
						return err
					}
					if err := step.do(tx); !errors.Is(err, step.want) {
						k.Errorf("%s: %v", what, err)
					}
					return nil
				})
				if !errors.Is(err, step.want) {
					k.Errorf("%s was committed around: %v", what, err)
				}
			}
			k.wantStates(ys, reserved, reserved, free)
			if list := must[[]wallet.KnownMint](k)(k.store.Mints(k.ctx)); len(list) != 0 {
				k.Errorf("of the refused transactions there is %v", list)
			}
			k.update(func(tx wallet.Tx) error { return tx.AdvanceCounter(k.ctx, k.keyset(1), 1<<31-1) })
			err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
				_, _ = tx.TakeCounters(k.ctx, k.keyset(1), 2)
				return nil
			})
			if next := must[uint32](k)(k.store.Counter(k.ctx, k.keyset(1))); err == nil || next != 1<<31-1 {
				k.Errorf("counters that there are none of were taken: the next is %d, %v", next, err)
			}
		}},
		{"a coin that differs in anything is another", func(k *kit) {
			coins, _ := k.coins(1)
			for what, change := range map[string]func(c *wallet.StoredCoin){
				"mint":      func(c *wallet.StoredCoin) { c.MintURL = elsewhere },
				"unit":      func(c *wallet.StoredCoin) { c.Unit = "usd" },
				"keyset":    func(c *wallet.StoredCoin) { c.ID = k.keyset(9) },
				"amount":    func(c *wallet.StoredCoin) { c.Amount++ },
				"signature": func(c *wallet.StoredCoin) { c.C = k.point() },
			} {
				other := coins[0]
				change(&other)
				err := k.store.Update(k.ctx, func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{other}) })
				if !errors.Is(err, wallet.ErrExists) {
					k.Errorf("another %s: %v", what, err)
				}
			}
		}},
		{"of coins that come together the highest counter counts, for each keyset on its own", func(k *kit) {
			var coins []wallet.StoredCoin
			for keyset, counters := range map[byte][]uint32{1: {3, 41, 7, 12, 0, 40}, 2: {5, 2}} {
				for _, n := range counters {
					c := k.coin(1)
					c.ID, c.Counter = k.keyset(keyset), &n
					coins = append(coins, c)
				}
			}
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, coins) })
			for keyset, want := range map[byte]uint32{1: 42, 2: 6, 3: 0} {
				signed, next := must[uint32](k)(k.store.SignedCounter(k.ctx, k.keyset(keyset))), must[uint32](k)(k.store.Counter(k.ctx, k.keyset(keyset)))
				if signed != want || next != want {
					k.Errorf("keyset %d is signed up to %d, the next is %d, want %d", keyset, signed, next, want)
				}
			}
		}},
		{"coins are filtered by each field alone", func(k *kit) {
			k.coins(3)
			other, dollars, aside := k.coin(4), k.coin(8), k.coin(16)
			other.MintURL, other.Unit, dollars.Unit, aside.State = elsewhere, "usd", "usd", wallet.CoinAbandoned
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{other, dollars, aside}) })
			for _, tc := range []struct {
				f    wallet.CoinFilter
				want int
			}{{wallet.CoinFilter{}, 6}, {wallet.CoinFilter{Unit: "usd"}, 2}, {wallet.CoinFilter{Unit: "sat"}, 4}, {wallet.CoinFilter{MintURL: elsewhere}, 1},
				{wallet.CoinFilter{MintURL: mintURL, Unit: "usd"}, 1}, {wallet.CoinFilter{States: []wallet.CoinState{wallet.CoinAbandoned}}, 1}, {wallet.CoinFilter{States: []wallet.CoinState{free}}, 5}} {
				if got := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, tc.f)); len(got) != tc.want {
					k.Errorf("%+v finds %d coins, want %d", tc.f, len(got), tc.want)
				}
			}
			want := map[string]cashu.Amount{mintURL + " sat UNSPENT": 7, mintURL + " usd UNSPENT": 8, mintURL + " sat ABANDONED": 16, elsewhere + " usd UNSPENT": 4}
			got := map[string]cashu.Amount{}
			for _, b := range must[[]wallet.Balance](k)(k.store.Balances(k.ctx)) {
				got[fmt.Sprintf("%s %s %s", b.MintURL, b.Unit, b.State)] = b.Amount
			}
			for what, amount := range want {
				if got[what] != amount {
					k.Errorf("%s: %d, want %d", what, got[what], amount)
				}
			}
			if len(got) != len(want) {
				k.Errorf("the balances are %v", got)
			}
		}},
		{"what is spent is in no balance", func(k *kit) {
			_, ys := k.coins(2)
			op := k.id()
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.ReserveCoins(k.ctx, ys, op), tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{reserved}, spent))
			})
			if got := must[[]wallet.Balance](k)(k.store.Balances(k.ctx)); len(got) != 0 {
				k.Errorf("the balances are %v", got)
			}
		}},
		{"nobody is not alive, nor is anybody where none can be", func(k *kit) {
			names := []string{""}
			if k.again() == nil { // nobody else can see this database
				names = append(names, k.id().String())
			}
			for _, name := range names {
				if alive := must[bool](k)(k.store.Alive(k.ctx, name)); alive {
					k.Errorf("%q is alive", name)
				}
			}
		}},
		{"what a transaction has read stays until its end", func(k *kit) {
			_, ys := k.coins(2)
			op, s, q := k.id(), k.swap(), k.quote(wallet.QuoteMint, "q")
			q.Key = "name"
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.ReserveCoins(k.ctx, ys[:1], op), tx.AddSaga(k.ctx, s), tx.AddQuote(k.ctx, q))
			})
			flip := func(tx wallet.Tx) error { // changes all of it, there and back
				coins, err := tx.CoinsByY(k.ctx, ys[:1])
				if err != nil {
					return err
				}
				to := pending
				if coins[0].State == pending {
					to = reserved
				}
				saga, err := tx.Saga(k.ctx, s.ID)
				if err != nil {
					return err
				}
				if err := saga.UpdateState(wallet.SwapSwapRequested, start); err != nil {
					return err
				}
				known, err := tx.Quote(k.ctx, q.Direction, mintURL, q.ID)
				if err != nil {
					return err
				}
				known.Paid++
				_, err = tx.UpdateSaga(k.ctx, saga)
				return errors.Join(err, tx.MoveCoins(k.ctx, ys[:1], op, []wallet.CoinState{reserved, pending}, to), tx.UpdateQuote(k.ctx, known))
			}
			states := func(coins []wallet.StoredCoin, err error) (string, error) {
				var list []string
				for _, c := range coins {
					list = append(list, fmt.Sprint(c.Amount, c.State))
				}
				slices.Sort(list)
				return fmt.Sprint(list), err
			}
			for what, read := range map[string]func(tx wallet.Tx) (string, error){
				"coins by name":   func(tx wallet.Tx) (string, error) { return states(tx.CoinsByY(k.ctx, ys)) },
				"coins by holder": func(tx wallet.Tx) (string, error) { return states(tx.Coins(k.ctx, wallet.CoinFilter{UsedBy: op})) },
				"coins by mint": func(tx wallet.Tx) (string, error) {
					return states(tx.Coins(k.ctx, wallet.CoinFilter{MintURL: mintURL, Unit: "sat"}))
				},
				"all coins": func(tx wallet.Tx) (string, error) { return states(tx.Coins(k.ctx, wallet.CoinFilter{})) },
				"an operation": func(tx wallet.Tx) (string, error) {
					s, err := tx.Saga(k.ctx, s.ID)
					return fmt.Sprint(s.Version), err
				},
				"all operations": func(tx wallet.Tx) (string, error) {
					list, err := tx.Sagas(k.ctx)
					if err != nil || len(list) != 1 {
						return "", fmt.Errorf("%d operations: %w", len(list), err)
					}
					return fmt.Sprint(list[0].Version), nil
				},
				"a quote": func(tx wallet.Tx) (string, error) {
					q, err := tx.Quote(k.ctx, q.Direction, mintURL, q.ID)
					return fmt.Sprint(q.Version), err
				},
				"a quote by its name": func(tx wallet.Tx) (string, error) {
					q, err := tx.QuoteByKey(k.ctx, q.Key)
					return fmt.Sprint(q.Version), err
				},
			} {
				k.staysAsRead(what, read, flip)
			}
		}},
	}
}

// staysAsRead is that another process which changes what a transaction has read waits
// for the end of that.
func (k *kit) staysAsRead(what string, read func(tx wallet.Tx) (string, error), change func(tx wallet.Tx) error) {
	k.Helper()
	other := k.other()
	changed := make(chan error, 1)
	begun := false
	k.update(func(tx wallet.Tx) error {
		before, err := read(tx)
		if err != nil {
			return err
		}
		if !begun {
			begun = true
			go func() { changed <- other.Update(k.ctx, change) }()
		}
		select {
		case err := <-changed:
			changed <- err
			k.Errorf("%s: it was changed under a transaction: %v", what, err)
		case <-time.After(150 * time.Millisecond):
		}
		after, err := read(tx)
		if err == nil && after != before {
			k.Errorf("%s: %s has become %s", what, before, after)
		}
		return err
	})
	if err := <-changed; err != nil {
		k.Errorf("%s: %v", what, err)
	}
}

// other is the second handle, or the first where there is no other.
func (k *kit) other() wallet.Store {
	if k.second == nil {
		if k.second = k.again(); k.second == nil {
			k.second = k.store
		}
	}
	return k.second
}

// keysetOf is one whose key depends on which.
func (k *kit) keysetOf(id, which byte) cashu.Keyset {
	k.Helper()
	key := must[bdhke.Point](k)(bdhke.HashToCurve([]byte{which}))
	keys := must[cashu.Keys](k)(cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: key}))
	return cashu.Keyset{ID: k.keyset(id), Unit: "sat", Active: true, Keys: keys}
}
