package operator_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/operator"
	"mintmark/mint/sqlstore"
)

// both gives a Local and a Remote on the same store.
func both(t *testing.T) (mint.Store, map[string]operator.Operator) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	local := &operator.Local{Store: store}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: operator.Handler(local), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return store, map[string]operator.Operator{"local": local, "remote": operator.NewRemote(path)}
}

func point(t *testing.T, seed string) bdhke.Point {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	p, err := bdhke.HashToCurve(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var keyset = func() cashu.KeysetID {
	id, _ := cashu.ParseKeysetID("0011223344556677")
	return id
}()

// reserve leaves an operation of two inputs and one output behind. Half of its
// inputs are missing when broken.
func reserve(t *testing.T, store mint.Store, seed string, broken bool) (*mint.Saga, []bdhke.Point) {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	s := &mint.Saga{
		Operation: mint.Operation{ID: uuid.Must(uuid.NewV7()), Kind: mint.OperationSwap, Inputs: 2, Outputs: 1, Created: now},
		State:     mint.SagaSetupComplete, Owner: "dead", LeaseUntil: now, Updated: now,
	}
	ys := []bdhke.Point{point(t, seed+"1"), point(t, seed+"2")}
	n := 2
	if broken {
		n = 1
	}
	err := store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		if err := tx.AddSaga(t.Context(), s); err != nil {
			return err
		}
		var proofs []mint.SpentProof
		for _, y := range ys[:n] {
			proofs = append(proofs, mint.SpentProof{Y: y, Amount: 1, KeysetID: keyset})
		}
		if err := tx.AddProofs(t.Context(), s.Operation, proofs); err != nil {
			return err
		}
		return tx.AddOutputs(t.Context(), s.Operation, []cashu.BlindedMessage{{Amount: 2, ID: keyset, B: point(t, seed+"b")}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, ys[:n]
}

func TestSagasAreShownWithTheirEvidence(t *testing.T) {
	t.Parallel()
	store, operators := both(t)
	fine, _ := reserve(t, store, "fine", false)
	broken, _ := reserve(t, store, "broken", true)
	for name, op := range operators {
		list, err := op.Sagas(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[uuid.UUID]string{}
		for _, s := range list {
			got[s.Operation] = s.Verdict
			if s.Operation == broken.ID && (s.ProofsPending != 1 || s.Inputs != 2 || s.OutputsUnsigned != 1 || s.Outputs != 1) {
				t.Errorf("%s: evidence is %+v", name, s)
			}
		}
		if diff := cmp.Diff(map[uuid.UUID]string{fine.ID: "undo", broken.ID: "impossible"}, got); diff != "" {
			t.Errorf("%s: verdicts (-want +got):\n%s", name, diff)
		}
	}
}

func TestOnlyAStuckSagaCanBeResolved(t *testing.T) {
	t.Parallel()
	store, operators := both(t)
	for name, op := range operators {
		for decision, want := range map[operator.Decision]mint.ProofState{
			operator.Release: mint.ProofUnspent, operator.Keep: mint.ProofSpent,
		} {
			seed := name + string(decision)
			fine, _ := reserve(t, store, seed+"fine", false)
			broken, ys := reserve(t, store, seed+"broken", true)
			if err := op.Resolve(t.Context(), shown(t, op, fine.ID), decision, "seen"); !errors.Is(err, operator.ErrNotStuck) {
				t.Errorf("%s: resolving what recovery can decide: %v", seed, err)
			}
			if err := op.Resolve(t.Context(), shown(t, op, uuid.Must(uuid.NewV7())), decision, "seen"); !errors.Is(err, operator.ErrNotStuck) {
				t.Errorf("%s: resolving what is not there: %v", seed, err)
			}
			if err := op.Resolve(t.Context(), shown(t, op, broken.ID), "perhaps", "seen"); err == nil {
				t.Errorf("%s: an unknown decision was accepted", seed)
			}
			if err := op.Resolve(t.Context(), shown(t, op, broken.ID), decision, "seen"); err != nil {
				t.Errorf("%s: %v", seed, err)
			}
			records, err := store.Proofs(t.Context(), ys)
			if err != nil {
				t.Fatal(err)
			}
			if records[0].State != want {
				t.Errorf("%s: the input is %v, want %v", seed, records[0].State, want)
			}
			if _, err := store.Saga(t.Context(), broken.Ref); !errors.Is(err, mint.ErrNotFound) {
				t.Errorf("%s: the saga is still there: %v", seed, err)
			}
		}
	}
}

func TestLiabilitiesAreIssuedLessRedeemed(t *testing.T) {
	t.Parallel()
	store, operators := both(t)
	err := store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		return tx.AddTotals(t.Context(), 1, []mint.KeysetTotals{{KeysetID: keyset, Issued: 1 << 63, Redeemed: 3}}, false)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []operator.Liability{{Keyset: keyset, Issued: 1 << 63, Redeemed: 3, Outstanding: 1<<63 - 3}}
	for name, op := range operators {
		got, err := op.Liabilities(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		counted, err := op.Liabilities(t.Context(), true)
		if err != nil || len(counted) != 0 {
			t.Errorf("%s: the rows say %v, %v", name, counted, err)
		}
	}
}

func TestSettingsGoThroughTheSocket(t *testing.T) {
	t.Parallel()
	_, operators := both(t)
	for name, op := range operators {
		if err := op.Set(t.Context(), "quote_ttl", "5m"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := op.Setting(t.Context(), "quote_ttl"); err != nil || got != "5m" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		for setting, value := range map[string]string{"quote_ttl": "soon", "colour": "green", "signatory_identity": "x"} {
			if err := op.Set(t.Context(), setting, value); err == nil {
				t.Errorf("%s: %s = %q was accepted", name, setting, value)
			}
		}
		if _, err := op.Setting(t.Context(), "mint_info"); err == nil {
			t.Errorf("%s: a setting that is not there was read", name)
		}
	}
}

func TestASocketWithNobodyBehindItIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := operator.NewRemote(filepath.Join(t.TempDir(), "none")).Sagas(ctx); err == nil {
		t.Error("nobody answered")
	}
}
