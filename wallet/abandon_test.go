package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// forge replaces the signatures in the mint's answers by others, as a mint does that
// takes coins and gives nothing for them.
func forge(l *line, change func(sigs []map[string]any)) {
	l.cut(nil, func(_ *http.Request, resp *http.Response) error {
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		var answer map[string]any
		if json.Unmarshal(text, &answer) == nil {
			for _, name := range []string{"signatures", "change"} {
				list, _ := answer[name].([]any)
				var sigs []map[string]any
				for _, s := range list {
					if sig, ok := s.(map[string]any); ok {
						sigs = append(sigs, sig)
					}
				}
				change(sigs)
			}
			if text, err = json.Marshal(answer); err != nil {
				return err
			}
		}
		resp.Body = io.NopCloser(bytes.NewReader(text))
		resp.ContentLength = int64(len(text))
		return nil
	})
}

// badProofs makes the DLEQ proofs wrong.
func badProofs(sigs []map[string]any) {
	for _, s := range sigs {
		if proof, ok := s["dleq"].(map[string]any); ok {
			proof["e"] = proof["s"]
		}
	}
}

// operationOf is the operation that an error is about.
func operationOf(t *testing.T, err error) uuid.UUID {
	t.Helper()
	failed, ok := errors.AsType[*wallet.OperationError](err)
	if !ok || !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	return failed.ID
}

// A mint takes coins and answers with signatures that do not verify, for ever. The
// operation is given up: nothing counts its coins, nothing asks for it again, and
// nothing of it is gone: when the mint comes to its senses, it ends well.
func TestAnOperationThatAMintKeepsOpenIsGivenUpAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 128)
	forge(w.line, badProofs)
	_, err := s.x.Swap(t.Context(), w.url, "sat", true)
	id := operationOf(t, err)
	asked := wallet.Abandonment{}
	if _, err := s.x.Abandon(t.Context(), id, wallet.AbandonOptions{Agree: func(a wallet.Abandonment) error {
		asked = a
		return errors.New("no")
	}}); err == nil || asked.Coins != 128 || !strings.Contains(asked.Evidence, "signatures are wrong") || !strings.Contains(asked.Evidence, "1 spent") {
		t.Fatalf("asked about %+v, and then %v", asked, err)
	}
	if w.balance(s.x, wallet.CoinPending) != 128 {
		t.Fatal("it was given up against the answer")
	}
	if a, err := s.x.Abandon(t.Context(), id, wallet.AbandonOptions{}); err != nil || a.Ended {
		t.Fatalf("%+v, %v", a, err)
	}
	if pending, aside := w.balance(s.x, wallet.CoinPending), w.balance(s.x, wallet.CoinAbandoned); pending != 0 || aside != 128 {
		t.Errorf("%d pending, %d put aside", pending, aside)
	}
	before := w.line.count("POST /v1/swap")
	if done, err := s.x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil || len(done) != 0 || w.line.count("POST /v1/swap") != before {
		t.Errorf("recovery goes on with it: %+v, %v", done, err)
	}
	if n, err := s.x.SweepOrphans(t.Context()); err != nil || n != 0 {
		t.Errorf("%d of its coins were swept: %v", n, err)
	}
	steps, err := s.xStore.Journal(t.Context(), id)
	if err != nil || !strings.Contains(steps[len(steps)-1].Reason, "given up by its owner: ") {
		t.Errorf("the journal ends with %+v, %v", steps[len(steps)-1], err)
	}

	w.line.cut(nil, nil)
	if err := s.x.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.x.Resume(t.Context(), id); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("it was taken up twice: %v", err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 127 {
		t.Errorf("%d are free", free)
	}
}

// "More change than there can be": the mint says that it has paid, and signs more
// than it was given, so that the books can never be closed.
func TestAPaymentWithMoreChangeThanThereCanBeIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 200)
	q := w.meltQuote(x, 100)
	var blanks []cashu.BlindedMessage
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/melt/bolt11" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var melt struct {
			Outputs []cashu.BlindedMessage `json:"outputs"`
		}
		blanks, err = nil, cashu.Decode(body, &melt)
		for _, o := range melt.Outputs {
			blanks = append(blanks, cashu.BlindedMessage{Amount: 1 << 12, ID: o.ID, B: o.B})
		}
		return err
	}, func(r *http.Request, resp *http.Response) error {
		if !strings.HasPrefix(r.URL.Path, "/v1/melt/") {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		var answer map[string]any
		if err := json.Unmarshal(text, &answer); err != nil {
			return err
		}
		sigs, err := w.keys.Sign(t.Context(), blanks)
		if err != nil {
			return err
		}
		change, err := cashu.Encode(sigs)
		if err != nil {
			return err
		}
		answer["change"] = json.RawMessage(change)
		if text, err = json.Marshal(answer); err != nil {
			return err
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return nil
	})
	_, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: 2 * time.Second, Poll: time.Millisecond, Key: "rent"})
	id := operationOf(t, err)
	a, err := x.Abandon(t.Context(), id, wallet.AbandonOptions{})
	if err != nil || !strings.Contains(a.Evidence, "more change than there can be") {
		t.Fatalf("%+v, %v", a, err)
	}
	entry, err := store.Transaction(t.Context(), id)
	if err != nil || entry.Status != wallet.StatusAbandoned {
		t.Errorf("the history says %q, %v", entry.Status, err)
	}
	if got, err := store.Quote(t.Context(), wallet.QuoteMelt, w.url, q.ID); err != nil || got.UsedBy != id {
		t.Errorf("the quote is free to be paid again: %v", err)
	}
	if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Key: "rent"}); !errors.Is(err, wallet.ErrAbandoned) {
		t.Errorf("the same call again: %v", err)
	}
}

// What works for an operation goes with it, and is not given up alone.
func TestWhatWorksForAnOperationIsGivenUpWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 128)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 64})
	forge(w.line, badProofs)
	_, err := s.x.Revoke(t.Context(), sent.ID)
	child := operationOf(t, err)
	if child == sent.ID {
		t.Fatal("there is no child")
	}
	if _, err := s.x.Abandon(t.Context(), child, wallet.AbandonOptions{}); err == nil || !strings.Contains(err.Error(), sent.ID.String()) {
		t.Errorf("the child alone: %v", err)
	}
	if a, err := s.x.Abandon(t.Context(), sent.ID, wallet.AbandonOptions{}); err != nil || a.Coins != 64 {
		t.Fatalf("%+v, %v", a, err)
	}
	if live, err := s.xStore.Sagas(t.Context()); err != nil || len(live) != 0 {
		t.Errorf("left over: %v, %v", live, err)
	}
	w.line.cut(nil, nil)
	if err := s.x.Resume(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
	if entry, err := s.xStore.Transaction(t.Context(), sent.ID); err != nil || entry.Status != wallet.StatusTakenBack {
		t.Errorf("the history says %q, %v", entry.Status, err)
	}
}

// What can end ends, instead of being given up.
func TestWhatCanEndIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 128)
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/swap" || r.URL.Path == "/v1/checkstate" {
			return errors.New("lost")
		}
		return nil
	})
	_, err := x.Swap(t.Context(), w.url, "sat", true)
	id := operationOf(t, err)
	w.line.cut(nil, nil)
	a, err := x.Abandon(t.Context(), id, wallet.AbandonOptions{Agree: func(wallet.Abandonment) error { return errors.New("asked") }})
	if err != nil || !a.Ended {
		t.Errorf("%+v, %v", a, err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 127 {
		t.Errorf("%d are free", free)
	}
	if _, err := x.Abandon(t.Context(), id, wallet.AbandonOptions{}); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("what is over: %v", err)
	}
}

// A quote whose issue was given up is left alone: its outputs may be signed.
func TestAQuoteOfAnIssueThatWasGivenUpIsNotClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	quote := s.mintQuote(s.x, 64)
	forge(w.line, badProofs)
	_, err := s.x.Issue(t.Context(), w.url, quote, wallet.MintOptions{})
	id := operationOf(t, err)
	if _, err := s.x.Abandon(t.Context(), id, wallet.AbandonOptions{}); err != nil {
		t.Fatal(err)
	}
	if done, err := s.x.Claim(t.Context()); err != nil || len(done) != 0 {
		t.Errorf("claimed %+v, %v", done, err)
	}
	w.line.cut(nil, nil)
	if err := s.x.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 64 {
		t.Errorf("%d are free", free)
	}
}
