package wallet_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/sqlstore"
)

// A mint signs what it is asked for, with its key for less, and proves that it has. The
// wallet takes none of it and gives nothing up: asked again, the mint is honest.
func TestASignatureOfASmallerAmountIsNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	var outputs []cashu.BlindedMessage
	lies := 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/swap" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var request struct {
			Outputs []cashu.BlindedMessage `json:"outputs"`
		}
		err = cashu.Decode(body, &request)
		outputs = request.Outputs
		return err
	}, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/swap" || lies > 0 {
			return nil
		}
		lies++
		for i := range outputs {
			outputs[i].Amount = 1
		}
		sigs, err := w.keys.Sign(r.Context(), outputs)
		if err != nil {
			return err
		}
		text, err := cashu.Encode(map[string]any{"signatures": sigs})
		resp.Body.Close()
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return err
	})
	_, err := s.x.Swap(t.Context(), w.url, "sat", true)
	t.Logf("it ended with %v", err)
	s.must(s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y))
	if free := w.balance(s.x, wallet.CoinUnspent); free != 63 || lies != 1 {
		t.Errorf("%d are free, want 63; lied %d times", free, lies)
	}
}

// What a living process works on is left to it, and gone on with when it is dead.
func TestRecoveryLeavesWhatAnotherProcessIsDoing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "wallet.db")
	s := w.stageOn(path)
	w.fund(s.x, 64)
	other, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: path, Logger: slog.New(slog.DiscardHandler)})
	s.must(err)
	_, err = w.walletBy(other, lostSwaps{}, s.xSeed).Swap(t.Context(), w.url, "sat", true)
	id := operationOf(t, err)
	for _, want := range []wallet.RecoveryResult{wallet.RecoveredLeft, wallet.RecoveredDone} {
		done, err := s.x.Recover(t.Context(), wallet.RecoverOptions{})
		if err != nil || len(done) != 1 || done[0].ID != id || done[0].Result != want {
			t.Errorf("got %+v, want %s: %v", done, want, err)
		}
		if want == wallet.RecoveredLeft {
			s.must(other.Close())
		}
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 63 {
		t.Errorf("%d are free", free)
	}
}
