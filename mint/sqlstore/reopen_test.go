package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
)

// crashed copies a database in use as a crash would leave it.
func crashed(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "mint.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestStoreRemembersEverythingAfterACrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mint.db")
	s, f := open(t, path), newForge(1)
	done, unfinished, undone := f.swap(3), f.swap(2), f.swap(1)
	if err := errors.Join(done.run(t.Context(), s), unfinished.reserve(t.Context(), s), undone.reserve(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		_, err := tx.RemoveProofs(t.Context(), undone.saga.Ref)
		if err == nil {
			_, err = tx.RemoveOutputs(t.Context(), undone.saga.Ref)
		}
		return errors.Join(err, tx.AbandonSaga(t.Context(), undone.saga))
	}); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"the copy of a crash": crashed(t, path), "the file, closed": path} {
		if name == "the file, closed" {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		again := open(t, path)
		sagas, err := again.Sagas(t.Context())
		if err != nil || len(sagas) != 1 || sagas[0].ID != unfinished.saga.ID || sagas[0].Version != 0 {
			t.Fatalf("%s: sagas %+v, %v", name, sagas, err)
		}
		facts, err := again.Facts(t.Context(), unfinished.saga.Ref)
		if err != nil || facts != (mint.OperationFacts{ProofsPending: 2, OutputsUnsigned: 2}) {
			t.Errorf("%s: facts %+v, %v", name, facts, err)
		}
		for i := range done.proofs {
			p, err := again.Proofs(t.Context(), ysOf(done))
			if err != nil || p[i].State != mint.ProofSpent || p[i].SpentProof != done.proofs[i] {
				t.Errorf("%s: proof %+v, %v", name, p[i], err)
			}
		}
		// A saga of before can be finished, and a new one gets a new number.
		next := f.swap(1)
		if err := errors.Join(next.run(t.Context(), again), unfinished.finish(t.Context(), again)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if next.saga.Ref <= unfinished.saga.Ref {
			t.Errorf("%s: the new operation has the number %d after %d", name, next.saga.Ref, unfinished.saga.Ref)
		}
	}
}

func TestOwnersOfAnotherProcessAreGone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mint.db")
	s := open(t, path)
	for owner, want := range map[string]bool{"me": false, "another": true, "": true, "Me": true} {
		if got, err := s.OwnerGone(t.Context(), owner); err != nil || got != want {
			t.Errorf("%q: got %t, %v", owner, got, err)
		}
	}
	// What makes that true: nobody else can have the database.
	_, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: path, Owner: "another"})
	if !errors.Is(err, sqldb.ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second store: %v", err)
	}
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := sqlstore.Open(t.Context(), sqlstore.Config{})
	if err == nil || !strings.Contains(err.Error(), "no path") || !strings.Contains(err.Error(), "no owner") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsOfTheDatabaseKeepTheirKindAndTellNothing(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "mint.db"))
	q := mint.MintQuote{ID: "secret-quote", Method: "bolt11", Unit: "sat", Request: "lnbc1secret"}
	add := func(tx mint.Tx) error { return tx.AddMintQuote(t.Context(), q) }
	if err := s.Update(t.Context(), mint.Durable, add); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), mint.Durable, add)
	if !errors.Is(err, sqldb.ErrUnique) {
		t.Errorf("got %v", err)
	}
	if text := err.Error(); strings.Contains(text, "secret") || strings.Contains(text, "INSERT") || strings.Contains(text, "UNIQUE") {
		t.Errorf("it tells too much: %s", text)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), mint.Durable, add); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestKeysetNumbersAreNotTrustedBeforeTheirCommit(t *testing.T) {
	t.Parallel()
	s, f := open(t, filepath.Join(t.TempDir(), "mint.db")), newForge(1)
	ids := make([]cashu.KeysetID, 3)
	for i := range ids {
		id, err := cashu.KeysetIDFromBytes([]byte{0, 9, 9, 9, 9, 9, 9, byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	rollback := errors.New("roll back")
	lost, kept := f.swap(1), f.swap(2)
	lost.proofs[0].KeysetID = ids[0]
	kept.proofs[0].KeysetID, kept.proofs[1].KeysetID = ids[1], ids[2]
	err := s.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		if err := tx.AddSaga(t.Context(), lost.saga); err != nil {
			return err
		}
		return errors.Join(tx.AddProofs(t.Context(), lost.saga.Operation, lost.proofs), rollback)
	})
	if !errors.Is(err, rollback) {
		t.Fatal(err)
	}
	if err := errors.Join(kept.run(t.Context(), s), lost.run(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	for _, sw := range []*swap{kept, lost} {
		records, err := s.Proofs(t.Context(), ysOf(sw))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			if r.KeysetID != sw.proofs[i].KeysetID {
				t.Errorf("got %v, want %v", r.KeysetID, sw.proofs[i].KeysetID)
			}
		}
	}
}
