package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/google/go-cmp/cmp"

	"mintmark/cashu"
	"mintmark/wallet"
)

func authCases() []testCase {
	return []testCase{
		{"a login is kept, changed on the expected version only, and forgotten", func(k *kit) {
			if _, err := k.store.Login(k.ctx, mintURL); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
			l := wallet.StoredLogin{MintURL: mintURL, Discovery: "https://login.example/x", ClientID: "c", Since: 7, Expires: 8, Sealed: []byte{0, 255}, Renewing: 9}
			k.update(func(tx wallet.Tx) error { return tx.PutLogin(k.ctx, l) })
			if diff := cmp.Diff(l, must[wallet.StoredLogin](k)(k.store.Login(k.ctx, mintURL))); diff != "" {
				k.Error(diff)
			}
			l.Expires, l.Sealed, l.Renewing = 20, []byte("new"), 0
			k.update(func(tx wallet.Tx) error { return tx.UpdateLogin(k.ctx, l) })
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.UpdateLogin(k.ctx, l) })
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.RemoveLogin(k.ctx, mintURL, 0) })
			l.Version = 1
			if diff := cmp.Diff(l, must[wallet.StoredLogin](k)(k.store.Login(k.ctx, mintURL))); diff != "" {
				k.Error(diff)
			}
			again := l
			again.ClientID = "d"
			k.update(func(tx wallet.Tx) error { return tx.PutLogin(k.ctx, again) }) // whoever holds the old one notices
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.UpdateLogin(k.ctx, l) })
			k.update(func(tx wallet.Tx) error { return tx.RemoveLogin(k.ctx, mintURL, 2) })
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.RemoveLogin(k.ctx, mintURL, 2) })
		}},
		{"a blind token is taken once, the one first that ends first", func(k *kit) {
			take := func(now int64) (secret string) {
				k.Helper()
				err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
					t, err := tx.TakeAuthToken(k.ctx, mintURL, now)
					secret = t.Secret
					return err
				})
				if errors.Is(err, wallet.ErrNotFound) {
					return "none"
				}
				if err != nil {
					k.Fatal(err)
				}
				return secret
			}
			if got := take(0); got != "none" {
				k.Errorf("took %s of nothing", got)
			}
			k.addTokens(mintURL, 1, 0, "for ever")
			k.addTokens(mintURL, 2, 100, "until 100", "until 100 too")
			k.addTokens(mintURL, 3, 50, "until 50")
			k.addTokens("https://other.example", 1, 10, "another mint's")
			for now, want := range map[int64]int{10: 4, 50: 3, 99: 3, 100: 1} {
				if n := must[int](k)(k.store.CountAuthTokens(k.ctx, mintURL, now)); n != want {
					k.Errorf("at %d there are %d, want %d", now, n, want)
				}
			}
			for _, want := range []string{"until 50", "until 100", "until 100 too", "for ever", "none"} {
				if got := take(10); got != want {
					k.Errorf("took %q, want %q", got, want)
				}
			}
			k.addTokens(mintURL, 1, 50, "late")
			if got := take(50); got != "none" {
				k.Errorf("took %q, which has ended", got)
			}
		}},
		{"blind tokens come back as they were, and are dropped by keyset", func(k *kit) {
			want := k.addTokens(mintURL, 1, 0, "a")[0]
			k.addTokens(mintURL, 2, 0, "b", "c")
			k.update(func(tx wallet.Tx) error { return tx.DropAuthTokens(k.ctx, mintURL, k.keyset(2)) })
			k.update(func(tx wallet.Tx) error {
				got, err := tx.TakeAuthToken(k.ctx, mintURL, 1)
				if err == nil && got != want {
					k.Errorf("another token came back")
				}
				return err
			})
			k.addTokens(mintURL, 1, 0, "d")
			k.addTokens(mintURL, 2, 0, "e")
			k.update(func(tx wallet.Tx) error { return tx.DropAuthTokens(k.ctx, mintURL, cashu.KeysetID{}) })
			if n := must[int](k)(k.store.CountAuthTokens(k.ctx, mintURL, 1)); n != 0 {
				k.Errorf("%d are left", n)
			}
		}},
		{"a keyset of blind tokens has one key for ever", func(k *kit) {
			key := k.point()
			for range 2 {
				k.update(func(tx wallet.Tx) error { return tx.PutAuthKey(k.ctx, mintURL, k.keyset(1), key) })
			}
			k.update(func(tx wallet.Tx) error { return tx.DropAuthTokens(k.ctx, mintURL, cashu.KeysetID{}) })
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.PutAuthKey(k.ctx, mintURL, k.keyset(1), k.point()) })
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.PutAuthKey(k.ctx, mintURL, k.keyset(2), k.point()), tx.PutAuthKey(k.ctx, "https://other.example", k.keyset(1), k.point()))
			})
		}},
		{"two processes never take the same blind token", func(k *kit) {
			const each = 20
			var names []string
			for i := range 2 * each {
				names = append(names, fmt.Sprintf("token %02d", i))
			}
			k.addTokens(mintURL, 1, 0, names...)
			var mu sync.Mutex
			seen := map[string]int{}
			k.both(each, func(s wallet.Store) error {
				var secret string
				err := s.Update(k.ctx, func(tx wallet.Tx) error {
					t, err := tx.TakeAuthToken(k.ctx, mintURL, 1)
					secret = t.Secret
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				seen[secret]++
				return err
			})
			if len(seen) != 2*each {
				k.Errorf("%d different tokens were taken, want %d", len(seen), 2*each)
			}
		}},
	}
}

// addTokens keeps tokens of these secrets.
func (k *kit) addTokens(mint string, keyset byte, expires int64, secrets ...string) []cashu.BlindAuthToken {
	k.Helper()
	var tokens []cashu.BlindAuthToken
	for _, s := range secrets {
		tokens = append(tokens, cashu.BlindAuthToken{ID: k.keyset(keyset), Secret: s, C: k.point()})
	}
	k.update(func(tx wallet.Tx) error { return tx.AddAuthTokens(k.ctx, mint, expires, tokens) })
	return tokens
}
