package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/secrets"
	"mintmark/wallet/sqlstore"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// A token of the inbox that cannot be received just now stays there, also if another
// process puts one there in that moment.
func TestATokenOfTheInboxIsNotLostToAnotherThatComes(t *testing.T) {
	t.Parallel()
	const mintURL = "https://mint.example"
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	put := func(item wallet.InboxItem) {
		if err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddInbox(t.Context(), item) }); err != nil {
			t.Error(err)
		}
	}
	source, err := secrets.New(bytes.Repeat([]byte{7}, 64))
	if err != nil {
		t.Fatal(err)
	}
	came := false
	way := transport(func(*http.Request) (*http.Response, error) {
		if !came {
			came = true
			put(wallet.InboxItem{ID: uuid.New(), Token: "another", Amount: 1, Unit: "sat", MintURL: mintURL})
		}
		return nil, errors.New("away")
	})
	x, err := wallet.New(wallet.Config{Store: store, Secrets: source, Transport: way})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var coin token.Coin
	coin.Amount, coin.Secret = 4, strings.Repeat("ab", 32)
	if coin.ID, err = cashu.ParseKeysetID("009a1f293253e41e"); err != nil {
		t.Fatal(err)
	}
	if coin.C, err = bdhke.HashToCurve([]byte("a coin")); err != nil {
		t.Fatal(err)
	}
	held, err := token.New(mintURL, "sat", "", []token.Coin{coin})
	if err != nil {
		t.Fatal(err)
	}
	text, err := held.Encode()
	if err != nil {
		t.Fatal(err)
	}
	item := wallet.InboxItem{ID: uuid.New(), Token: wallet.Secret(text), Amount: 4, Unit: "sat", MintURL: mintURL}
	put(item)
	s := &session{program: program{stdout: io.Discard, stderr: io.Discard}, globals: &globals{yes: true}, store: store, wallet: x}
	if err := s.retryInbox(t.Context(), item.ID.String(), wallet.ReceiveOptions{}); err == nil || !came {
		t.Errorf("received: %v", err)
	}
	if _, err := s.inboxItem(t.Context(), item.ID.String()); err != nil {
		t.Errorf("the token is gone: %v", err)
	}
}
