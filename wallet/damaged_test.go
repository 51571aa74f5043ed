package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mintmark/wallet"
)

// damaged is a store in which the row of an operation cannot be read.
type damaged struct {
	wallet.Store
	id uuid.UUID
}

func (d damaged) Sagas(ctx context.Context) ([]wallet.Saga, error) {
	list, err := d.Store.Sagas(ctx)
	n := len(list)
	list = slices.DeleteFunc(list, func(s wallet.Saga) bool { return s.ID == d.id })
	if err == nil && len(list) < n {
		err = &wallet.UnreadableError{Rows: []string{d.id.String()}}
	}
	return list, err
}

// An operation that cannot be read keeps its coins, as nobody knows what they are for;
// what else was interrupted is gone on with, and it is named.
func TestWhatBelongsToADamagedOperationIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(filepath.Join(t.TempDir(), "wallet.db"))
	w.fund(s.x, 64)
	id := inDoubtOf(t, s)
	quote := s.mintQuote(s.x, 20)
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/mint/bolt11" || r.URL.Path == "/v1/restore" {
			return errors.New("lost")
		}
		return nil
	})
	if err := doIssue(t.Context(), s.x, w.url, quote); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("the issue: %v", err)
	}
	w.line.cut(nil, nil)
	x := w.walletBy(damaged{s.xStore, id}, w.line, s.xSeed)
	for range 2 {
		_, err := x.Recover(t.Context(), wallet.RecoverOptions{})
		if _, ok := errors.AsType[*wallet.UnreadableError](err); !ok || !strings.Contains(err.Error(), id.String()) {
			t.Errorf("it is not named: %v", err)
		}
		if held := w.balance(s.x, wallet.CoinPending) + w.balance(s.x, wallet.CoinReserved); held != 64 {
			t.Errorf("of its 64 it holds %d", held)
		}
		if free := w.balance(s.x, wallet.CoinUnspent); free != 20 {
			t.Errorf("%d are free: the issue beside it did not go on", free)
		}
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

// inDoubtOf is a swap whose requests are lost.
func inDoubtOf(t *testing.T, s *stage) uuid.UUID {
	t.Helper()
	return operationOf(t, func() error {
		_, err := s.walletBy(s.xStore, lostSwaps{}, s.xSeed).Swap(t.Context(), s.url, "sat", true)
		return err
	}())
}
