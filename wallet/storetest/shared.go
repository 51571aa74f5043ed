package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"mintmark/bdhke"
	"mintmark/wallet"
)

// sharedCases are what holds when two processes have one database. Where there is
// no second way to the database they run on one handle.
func sharedCases() []testCase {
	return []testCase{
		{"a process is known as living until it closes", func(k *kit) {
			other := k.again()
			if other == nil {
				return // nobody else can see this database
			}
			if k.store.Instance() == other.Instance() {
				k.Error("two processes have one name")
			}
			if alive := must[bool](k)(k.store.Alive(k.ctx, other.Instance())); !alive {
				k.Error("a living process counts as dead")
			}
			if alive := must[bool](k)(k.store.Alive(k.ctx, k.store.Instance())); !alive {
				k.Error("the process itself counts as dead")
			}
		}},
		{"no counter is given out twice", func(k *kit) {
			const each, times = 7, 40
			var mu sync.Mutex
			seen := map[uint32]bool{}
			k.both(times, func(s wallet.Store) error {
				return s.Update(k.ctx, func(tx wallet.Tx) error {
					start, err := tx.TakeCounters(k.ctx, k.keyset(1), each)
					if err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					for i := range uint32(each) {
						seen[start+i] = true
					}
					return nil
				})
			})
			if len(seen) != 2*times*each {
				k.Errorf("%d different counters were given out, want %d", len(seen), 2*times*each)
			}
		}},
		{"who locks a payment sees what was written under the lock before", func(k *kit) {
			for i := range 30 {
				name := fmt.Sprint("payment ", i)
				k.both(1, func(s wallet.Store) error {
					op := k.id()
					return s.Update(k.ctx, func(tx wallet.Tx) error {
						if err := tx.LockPayment(k.ctx, name); err != nil {
							return err
						}
						if list, err := tx.Payments(k.ctx, name); err != nil || len(list) > 0 {
							return err
						}
						return tx.PutTransaction(k.ctx, wallet.Transaction{Operation: op, Kind: wallet.KindMelt, Status: wallet.StatusPending, Payment: name})
					})
				})
				if list := must[[]wallet.Transaction](k)(k.store.Payments(k.ctx, name)); len(list) != 1 {
					k.Errorf("%d of two have paid", len(list))
				}
			}
		}},
		{"coins are reserved by one of two", func(k *kit) {
			_, ys := k.coins(50)
			var mu sync.Mutex
			won := 0
			for _, y := range ys {
				k.both(1, func(s wallet.Store) error {
					op := k.id()
					err := s.Update(k.ctx, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, []bdhke.Point{y}, op) })
					if errors.Is(err, wallet.ErrCoinsTaken) {
						return nil
					}
					mu.Lock()
					won++
					mu.Unlock()
					return err
				})
			}
			if won != len(ys) {
				k.Errorf("%d reservations of %d coins succeeded", won, len(ys))
			}
		}},
		{"a version is claimed by one of two", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			var mu sync.Mutex
			won := map[uint32]int{}
			k.both(30, func(store wallet.Store) error {
				mine, err := store.Saga(k.ctx, s.ID)
				if err != nil {
					return err
				}
				if err := mine.UpdateState(wallet.SwapSwapRequested, start); err != nil {
					return err
				}
				var ok bool
				err = store.Update(k.ctx, func(tx wallet.Tx) error {
					ok, err = tx.UpdateSaga(k.ctx, mine)
					return err
				})
				if ok && err == nil {
					mu.Lock()
					won[mine.Version]++
					mu.Unlock()
				}
				return err
			})
			for version, n := range won {
				if n != 1 {
					k.Errorf("version %d was claimed %d times", version, n)
				}
			}
		}},
		{"operations that touch the same coins in opposed order do not block each other for ever", func(k *kit) {
			_, ys := k.coins(20)
			turned := slices.Clone(ys)
			slices.Reverse(turned)
			k.both(20, func(s wallet.Store) error {
				op := k.id()
				list := ys
				if s != k.store {
					list = turned
				}
				err := s.Update(k.ctx, func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, list, op) })
				if errors.Is(err, wallet.ErrCoinsTaken) {
					return nil
				}
				if err != nil {
					return err
				}
				return s.Update(k.ctx, func(tx wallet.Tx) error {
					_, err := tx.ReleaseCoins(k.ctx, op)
					return err
				})
			})
		}},
	}
}

// both runs fn so many times on each of two handles, side by side.
func (k *kit) both(times int, fn func(s wallet.Store) error) {
	k.Helper()
	stores := []wallet.Store{k.store, k.other()}
	var wg sync.WaitGroup
	for _, s := range stores {
		wg.Go(func() {
			for range times {
				if err := fn(s); err != nil {
					k.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
