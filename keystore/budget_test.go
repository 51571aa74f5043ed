package keystore

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mintmark/cashu"
)

func TestBudgetCountersSurviveARestartAndNeverGoDown(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	id := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)}).ID
	life := BudgetCounter{Client: "mint", Unit: "sat", Keyset: id, Value: math.MaxUint64, Count: 7}
	hour := BudgetCounter{Client: "mint", Unit: "sat", Bucket: 100, Value: 50, Count: 5}
	later := BudgetCounter{Client: "mint", Unit: "sat", Bucket: 200, Value: 1, Count: 1}
	save := func(prune int64, all ...BudgetCounter) {
		t.Helper()
		if err := ks.ReserveBudget(t.Context(), "mint", prune, func([]BudgetCounter) ([]BudgetCounter, error) { return all, nil }); err != nil {
			t.Fatal(err)
		}
	}
	save(0, life, hour)
	lower, higher := hour, hour
	lower.Value, lower.Count = 10, 9
	higher.Count = 9
	save(0, lower)
	mustClose(t, ks)
	ks = mustOpen(t, cfg)
	assertBudget(t, ks, 0, hour.with(50, 9), life)

	save(150, later)
	assertBudget(t, ks, 0, later, life) // the bucket of 100 is forgotten, all time is not
	assertBudget(t, ks, 201, life)
	save(0, life.with(3, 3))
	assertBudget(t, ks, 201, life)
}

func (c BudgetCounter) with(value cashu.Amount, count uint64) BudgetCounter {
	c.Value, c.Count = value, count
	return c
}

func assertBudget(t *testing.T, ks *Keystore, since int64, want ...BudgetCounter) {
	t.Helper()
	got, err := ks.LoadBudget(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b cashu.KeysetID) bool { return a == b })); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestFreezesSurviveARestartAndAreAudited(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	for _, unit := range []cashu.Unit{"", "sat", "sat"} {
		if err := ks.Freeze(t.Context(), unit, "uid 0"); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, ks)
	ks = mustOpen(t, cfg)
	f, err := ks.Freezes(t.Context())
	if err != nil || len(f) != 2 || f[0].Unit != "" || f[1].Unit != "sat" || f[1].Client != "uid 0" || !f[0].Since.Equal(testNow) {
		t.Errorf("freezes %+v, %v", f, err)
	}
	if err := ks.Unfreeze(t.Context(), "", "uid 0"); err != nil {
		t.Fatal(err)
	}
	if f, err := ks.Freezes(t.Context()); err != nil || len(f) != 1 || f[0].Unit != "sat" {
		t.Errorf("freezes %+v, %v; want sat only", f, err)
	}
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Kinds[AuditFreeze] != 3 || s.Kinds[AuditUnfreeze] != 1 {
		t.Errorf("records %v", s.Kinds)
	}
}
