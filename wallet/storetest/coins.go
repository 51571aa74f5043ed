package storetest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mintmark/bdhke"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

func coinCases() []testCase {
	free, reserved, pending, handed, spent := wallet.CoinUnspent, wallet.CoinReserved, wallet.CoinPending, wallet.CoinPendingSpent, wallet.CoinSpent
	return []testCase{
		{"a coin comes back as it was", func(k *kit) {
			c := k.coin(1 << 63)
			c.Secret = "[\"P2PK\",{}]\x00\U0001f95c"
			c.Y = must[bdhke.Point](k)(bdhke.HashToCurve([]byte(c.Secret)))
			c.Witness, c.E, c.CreatedBy = `{"signatures":[]}`, k.point(), k.id()
			n := uint32(0)
			c.Counter = &n
			c.DLEQ = &token.DLEQ{DLEQ: bdhke.DLEQ{E: [32]byte{1}, S: [32]byte{2}}, R: must[bdhke.Scalar](k)(bdhke.RandomScalar(nil))}
			plain := k.coin(1)
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{c, plain}) })
			got := must[[]wallet.StoredCoin](k)(k.store.CoinsByY(k.ctx, []bdhke.Point{plain.Y, c.Y}))
			same := cmp.Options{cmp.Comparer(func(a, b bdhke.Point) bool { return a == b }), cmp.Comparer(bdhke.Scalar.Equal), cmpopts.EquateComparable(c.ID)}
			if diff := cmp.Diff([]wallet.StoredCoin{plain, c}, got, same); diff != "" {
				k.Error("changed") // the difference would show secrets
			}
		}},
		{"a coin that is not there is not found", func(k *kit) {
			_, ys := k.coins(1)
			if _, err := k.store.CoinsByY(k.ctx, append(ys, k.point())); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
			if coins, err := k.store.CoinsByY(k.ctx, nil); err != nil || len(coins) != 0 {
				k.Errorf("got %v, %v", coins, err)
			}
		}},
		{"a thousand coins are found in the order asked", func(k *kit) {
			_, ys := k.coins(1000)
			slices.Reverse(ys)
			for i, c := range must[[]wallet.StoredCoin](k)(k.store.CoinsByY(k.ctx, ys)) {
				if c.Y != ys[i] {
					k.Fatalf("coin %d is another", i)
				}
			}
		}},
		{"a coin that comes again keeps its state and its holder", func(k *kit) {
			coins, ys := k.coins(1)
			op := k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys, op) })
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, coins) })
			k.wantStates(ys, reserved)
			k.update(func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{reserved}, spent)
			})
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, coins) })
			k.wantStates(ys, spent)
		}},
		{"another coin of the same secret is refused", func(k *kit) {
			coins, _ := k.coins(1)
			other := coins[0]
			other.Amount *= 2
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{other}) })
		}},
		{"a reservation takes all or nothing", func(k *kit) {
			_, ys := k.coins(3)
			first, second := k.id(), k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys[1:2], first) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys, second) })
			k.wantStates(ys, free, reserved, free)
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys[1:2], first) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, []bdhke.Point{k.point()}, second) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
				return tx.ReserveCoins(k.ctx, []bdhke.Point{ys[0], ys[0]}, second)
			})
			k.wantStates(ys, free, reserved, free)
		}},
		{"a refused reservation cannot be committed around", func(k *kit) {
			_, ys := k.coins(2)
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys[1:], k.id()) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
				_ = tx.ReserveCoins(k.ctx, ys, k.id())
				return nil
			})
			k.wantStates(ys, free, reserved)
		}},
		{"a release frees what the operation reserved and nothing else", func(k *kit) {
			_, ys := k.coins(5)
			mine, other := k.id(), k.id()
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.ReserveCoins(k.ctx, ys[:4], mine), tx.ReserveCoins(k.ctx, ys[4:], other),
					tx.MoveCoins(k.ctx, ys[1:2], mine, []wallet.CoinState{reserved}, pending),
					tx.MoveCoins(k.ctx, ys[2:3], mine, []wallet.CoinState{reserved}, spent),
					tx.MoveCoins(k.ctx, ys[3:4], mine, []wallet.CoinState{reserved}, handed))
			})
			for _, want := range []int{2, 0} { // the second time there is nothing left
				k.update(func(tx wallet.Tx) error {
					n, err := tx.ReleaseCoins(k.ctx, mine)
					if err == nil && n != want {
						k.Errorf("released %d, want %d", n, want)
					}
					return err
				})
			}
			k.wantStates(ys, free, free, spent, handed, reserved)
			if held := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, wallet.CoinFilter{UsedBy: mine})); len(held) != 2 {
				k.Errorf("the operation still holds %d coins, want the spent and the handed one", len(held))
			}
		}},
		{"a coin moves only from the expected state and holder", func(k *kit) {
			_, ys := k.coins(2)
			op := k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys, op) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{pending, spent}, free)
			})
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys, k.id(), []wallet.CoinState{reserved}, pending)
			})
			k.update(func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys[:1], op, []wallet.CoinState{reserved}, pending)
			})
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{reserved}, spent)
			})
			k.wantStates(ys, pending, reserved)
			k.update(func(tx wallet.Tx) error {
				return tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{pending, reserved}, free)
			})
			k.wantStates(ys, free, free)
			if held := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, wallet.CoinFilter{UsedBy: op})); len(held) != 0 {
				k.Errorf("free coins have a holder")
			}
		}},
		{"coins are handed from one operation to another", func(k *kit) {
			_, ys := k.coins(2)
			child, parent := k.id(), k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys, child) })
			k.update(func(tx wallet.Tx) error { return tx.HandCoins(k.ctx, ys, child, parent) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.HandCoins(k.ctx, ys, child, parent) })
			k.update(func(tx wallet.Tx) error {
				n, err := tx.ReleaseCoins(k.ctx, child)
				if err == nil && n != 0 {
					k.Errorf("the child released %d coins of the parent", n)
				}
				return err
			})
			k.wantStates(ys, reserved, reserved)
		}},
		{"filters choose by mint, unit, state and holder", func(k *kit) {
			_, ys := k.coins(2)
			other, dollars := k.coin(4), k.coin(8)
			other.MintURL, dollars.Unit = "https://other.example", "usd"
			op := k.id()
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.AddCoins(k.ctx, []wallet.StoredCoin{other, dollars}), tx.ReserveCoins(k.ctx, ys[:1], op))
			})
			for want, f := range map[int]wallet.CoinFilter{
				4: {}, 3: {MintURL: mintURL}, 2: {MintURL: mintURL, Unit: "sat"},
				1: {MintURL: mintURL, Unit: "sat", States: []wallet.CoinState{free}},
				0: {UsedBy: op, States: []wallet.CoinState{spent}},
			} {
				if got := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, f)); len(got) != want {
					k.Errorf("%+v finds %d coins, want %d", f, len(got), want)
				}
			}
		}},
		{"balances add up and never wrap", func(k *kit) {
			_, ys := k.coins(4) // 1 + 2 + 4 + 8
			op := k.id()
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.ReserveCoins(k.ctx, ys[3:], op), tx.AddCoins(k.ctx, []wallet.StoredCoin{k.coin(4), k.coin(1 << 62)}))
			})
			want := []wallet.Balance{
				{MintURL: mintURL, Unit: "sat", State: reserved, Amount: 8, Coins: 1},
				{MintURL: mintURL, Unit: "sat", State: free, Amount: 11 + 1<<62, Coins: 5},
			}
			if diff := cmp.Diff(want, must[[]wallet.Balance](k)(k.store.Balances(k.ctx))); diff != "" {
				k.Error(diff)
			}
			k.update(func(tx wallet.Tx) error {
				return tx.AddCoins(k.ctx, []wallet.StoredCoin{k.coin(1 << 63), k.coin(1 << 63)})
			})
			if _, err := k.store.Balances(k.ctx); err == nil {
				k.Error("a sum beyond 64 bits is no error")
			}
		}},
	}
}
