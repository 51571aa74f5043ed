package wallet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mintmark/cashu/conditions"
	"mintmark/wallet"
)

func TestATokenGoesFromOneWalletToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, aStore := w.wallet()
	b, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	w.fund(a, 100)
	sent, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 21, Memo: "tea", Key: "tea"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 21, Key: "tea"})
	if err != nil || again.Token != sent.Token {
		t.Errorf("the same call made another token: %v", err)
	}
	if _, err := b.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{}); !errors.Is(err, wallet.ErrUntrusted) {
		t.Errorf("an unknown mint: %v", err)
	}
	got, err := b.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Amount != 20 || got.Memo != "tea" || w.balance(b, wallet.CoinUnspent) != 20 {
		t.Errorf("received %+v", got)
	}
	status, err := a.CheckSend(t.Context(), sent.ID)
	if err != nil || status.Claimed != 21 || status.Unclaimed != 0 {
		t.Errorf("got %+v, %v", status, err)
	}
	if sagas, err := aStore.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
	// 100 - 21 - fee 1 of the swap that made it fit.
	if free := w.balance(a, wallet.CoinUnspent); free != 78 {
		t.Errorf("the sender has %d", free)
	}
}

func TestATokenIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, _ := w.wallet()
	w.fund(a, 100)
	sent, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	back, err := a.Revoke(t.Context(), sent.ID)
	if err != nil || back != 31 {
		t.Fatalf("took %d back: %v", back, err)
	}
	if free := w.balance(a, wallet.CoinUnspent); free != 99 {
		t.Errorf("%d free", free)
	}
	if _, err := a.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err == nil {
		t.Error("the token still works")
	}
}

func TestALockedTokenOpensWithTheKeyOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, _ := w.wallet()
	b, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	w.fund(a, 100)
	key, err := b.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		sent, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 8, IncludeFee: true, Lock: &conditions.Lock{Key: key, SigAll: all}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err == nil {
			t.Error("the sender opened it")
		}
		got, err := b.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
		if err != nil || got.Amount < 8 {
			t.Errorf("SIG_ALL %v: received %+v: %v", all, got, err)
		}
	}
	if inbox, err := a.Inbox(t.Context()); err != nil || len(inbox) != 2 || strings.Contains(fmt.Sprint(inbox), "cashu") {
		t.Errorf("the refused tokens are not in the inbox: %v, %v", inbox, err)
	}
}
