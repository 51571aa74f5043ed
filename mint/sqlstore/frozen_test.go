package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// steps are the migrations of an engine as they were when the databases of
// testdata/frozen were frozen, with rows, and later ones as they are.
func steps(t *testing.T, engine string) []sqldb.Migration {
	t.Helper()
	list := migrationsOf(t, engine)
	frozen := 0
	for i, m := range list {
		file := filepath.Join("testdata/frozen", engine, m.Name+".sql")
		if _, err := os.Stat(file); err == nil {
			frozen++
			if frozen != i+1 {
				t.Fatalf("%s is frozen and something before it is not", m.Name)
			}
		} else {
			file = filepath.Join("migrations", engine, m.Name+".sql")
		}
		sql, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list[i].SQL = string(sql)
	}
	if frozen < 2 {
		t.Fatalf("only %d frozen steps", frozen)
	}
	return list
}

// TestADatabaseOfEveryEarlierSchemaIsBroughtUpToDate makes a database with rows of
// the first schema, migrates it to each step, and opens it with the program of
// today.
func TestADatabaseOfEveryEarlierSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	for engine, place := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "mint.db") },
		"postgres": func(t *testing.T) string { return postgres.Schema(t) },
	} {
		all := steps(t, engine)
		for n := 1; n <= len(all); n++ {
			t.Run(engine+"/"+all[n-1].Name, func(t *testing.T) {
				t.Parallel()
				path := place(t)
				db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: all[:n]})
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				checkFrozen(t, open(t, path), n >= 2)
			})
		}
	}
}

func frozenPoint(t *testing.T, hex string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(hex)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The points of the frozen rows: two of NUT-00, and one, two and three times the
// generator.
const (
	frozenY1 = "024cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725"
	frozenY2 = "022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf"
	frozenG1 = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	frozenG2 = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
	frozenG3 = "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
)

// checkFrozen finds everything that the frozen rows say, and works with it.
func checkFrozen(t *testing.T, s mint.Store, totals bool) {
	t.Helper()
	ctx := t.Context()
	proofs, err := s.Proofs(ctx, []bdhke.Point{frozenPoint(t, frozenY1), frozenPoint(t, frozenY2)})
	if err != nil {
		t.Fatal(err)
	}
	if p := proofs[0]; p.State != mint.ProofSpent || p.Amount != 8 || p.KeysetID.String() != "00ad268c4d1f5826" || p.Operation != 1 ||
		p.Witness != `{"signatures":[]}` || !p.Created.Equal(time.Unix(1_800_000_000, 0)) {
		t.Errorf("the spent proof is %+v", p)
	}
	if p := proofs[1]; p.State != mint.ProofPending || p.Operation != 2 {
		t.Errorf("the pending proof is %+v", p)
	}
	outputs, err := s.Signatures(ctx, []bdhke.Point{frozenPoint(t, frozenG1), frozenPoint(t, frozenG3)})
	if err != nil {
		t.Fatal(err)
	}
	if o := outputs[0]; !o.Signed || o.Signature.Amount != 8 || o.Signature.C != frozenPoint(t, frozenG2) || o.Signature.DLEQ == nil || o.Signature.DLEQ.S[31] != 0x22 {
		t.Errorf("the signed output is %+v", o)
	}
	if o := outputs[1]; o.Signed || o.Operation != 2 {
		t.Errorf("the unsigned output is %+v", o)
	}
	paid, err := s.MintQuote(ctx, "bolt11", "paid")
	if err != nil || paid.AmountPaid != 1<<63 || paid.Pubkey != frozenPoint(t, frozenG1) || paid.LookupID != "lookup 2" || paid.State() != mint.QuotePaid {
		t.Errorf("the paid quote is %+v, %v", paid, err)
	}
	if q, err := s.MintQuoteByLookup(ctx, "bolt11", "lookup 1"); err != nil || q.ID != "issued" || q.State() != mint.QuoteIssued {
		t.Errorf("the issued quote is %+v, %v", q, err)
	}
	snapshot, err := s.Keysets(ctx)
	if err != nil || snapshot.Epoch != 3 || len(snapshot.Keysets) != 1 || snapshot.Keysets[0].InputFeePPK != 100 || !snapshot.Keysets[0].Active {
		t.Errorf("the snapshot is %+v, %v", snapshot, err)
	}
	if id, err := s.Config(ctx, mint.ConfigIdentity); err != nil || id != frozenG1 {
		t.Errorf("the identity is %q, %v", id, err)
	}
	if list, err := s.Totals(ctx); err != nil || totals != (len(list) == 1 && list[0].Issued == 24 && list[0].Redeemed == 8) {
		t.Errorf("the totals are %+v, %v", list, err)
	}
	finishFrozen(t, s)
}

// finishFrozen does what a mint does first: it undoes what was under way, takes in
// the payment that comes again, forgets an old quote, and begins something new.
func finishFrozen(t *testing.T, s mint.Store) {
	t.Helper()
	ctx := t.Context()
	sagas, err := s.Sagas(ctx)
	if err != nil || len(sagas) != 1 || sagas[0].Ref != 2 || sagas[0].Version != 4 || sagas[0].Owner != "somebody" {
		t.Fatalf("sagas %+v, %v", sagas, err)
	}
	next := newForge(7).swap(1)
	err = s.Update(ctx, mint.Durable, func(tx mint.Tx) error {
		facts, err := tx.Facts(ctx, 2)
		if err == nil && mint.Verdict(sagas[0].Operation, facts) != "undo" {
			t.Errorf("facts of what was under way: %+v", facts)
		}
		proofs, errProofs := tx.RemoveProofs(ctx, 2)
		outputs, errOutputs := tx.RemoveOutputs(ctx, 2)
		if proofs != 1 || outputs != 1 {
			t.Errorf("undid %d proofs and %d outputs", proofs, outputs)
		}
		again, errPayment := tx.AddPayment(ctx, "issued", "payment 1", 16, time.Unix(1_800_000_010, 0))
		if again {
			t.Error("a payment of before was added again")
		}
		return errors.Join(err, errProofs, errOutputs, errPayment, tx.AbandonSaga(ctx, &sagas[0]))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := next.run(ctx, s); err != nil || next.saga.Ref <= 3 {
		t.Errorf("a new swap: number %d, %v", next.saga.Ref, err)
	}
	unpaid, err := s.UnpaidMintQuotes(ctx, time.Time{}, time.Unix(1_900_000_000, 0), 10)
	if err != nil || len(unpaid) != 1 || !strings.HasPrefix(unpaid[0].ID, "open") {
		t.Errorf("unpaid quotes %+v, %v", unpaid, err)
	}
}
