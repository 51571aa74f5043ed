package keystore

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
)

var testNow = time.Unix(1_800_000_000, 0)

func ptr[T any](v T) *T { return &v }

// testKeyset is a public keyset with real keys.
func testKeyset(t *testing.T, r row) cashu.Keyset {
	t.Helper()
	r.unitIndex = r.unit.DerivationIndex()
	k, err := derive(mustPath(t, nuts250Seed, purpose), r)
	if err != nil {
		t.Fatal(err)
	}
	return k.public
}

func TestARotationInheritsWhatItIsNotTold(t *testing.T) {
	t.Parallel()
	old := testKeyset(t, row{unit: "sat", index: 1, version: cashu.V2, amounts: powersOfTwo(2)})
	active := testKeyset(t, row{unit: "sat", index: 2, version: cashu.V1, active: true, fee: 100, amounts: powersOfTwo(3), finalExpiry: 1_900_000_000})
	other := testKeyset(t, row{unit: "usd", index: 1, version: cashu.V2, active: true, fee: 7, amounts: powersOfTwo(4)})
	keysets := []cashu.Keyset{old, active, other}

	for name, c := range map[string]struct {
		params   RotateParams
		want     Plan
		replaces []cashu.KeysetID
	}{
		"everything, but never the expiry": {
			RotateParams{Unit: "sat"},
			Plan{Unit: "sat", InputFeePPK: 100, Amounts: powersOfTwo(3), IDVersion: cashu.V1},
			[]cashu.KeysetID{active.ID},
		},
		"nothing when all is given": {
			RotateParams{Unit: "sat", InputFeePPK: ptr[uint64](0), Amounts: powersOfTwo(64), FinalExpiry: 1_800_000_001, IDVersion: ptr(cashu.V2)},
			Plan{Unit: "sat", Amounts: powersOfTwo(64), FinalExpiry: 1_800_000_001, IDVersion: cashu.V2},
			[]cashu.KeysetID{active.ID},
		},
		"nothing from another unit": {
			RotateParams{Unit: "eur", Amounts: powersOfTwo(1)},
			Plan{Unit: "eur", Amounts: powersOfTwo(1), IDVersion: cashu.V2},
			nil,
		},
		"the unit auth is a unit like any other": {
			RotateParams{Unit: cashu.UnitAuth, Amounts: powersOfTwo(1)},
			Plan{Unit: cashu.UnitAuth, Amounts: powersOfTwo(1), IDVersion: cashu.V2},
			nil,
		},
		"the limits themselves": {
			RotateParams{Unit: "sat", InputFeePPK: ptr[uint64](MaxInputFeePPK), Amounts: firstNumbers(MaxAmounts)},
			Plan{Unit: "sat", InputFeePPK: MaxInputFeePPK, Amounts: firstNumbers(MaxAmounts), IDVersion: cashu.V1},
			[]cashu.KeysetID{active.ID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := PlanRotation(keysets, c.params, testNow)
			if err != nil {
				t.Fatal(err)
			}
			var replaces []cashu.KeysetID
			for _, k := range got.Replaces {
				replaces = append(replaces, k.ID)
			}
			if got.Unit != c.want.Unit || got.InputFeePPK != c.want.InputFeePPK || !slices.Equal(got.Amounts, c.want.Amounts) ||
				got.FinalExpiry != c.want.FinalExpiry || got.IDVersion != c.want.IDVersion || !slices.Equal(replaces, c.replaces) {
				t.Errorf("plan %+v replacing %v\nwant %+v replacing %v", got, replaces, c.want, c.replaces)
			}
		})
	}
}

func TestARotationIsRefused(t *testing.T) {
	t.Parallel()
	// Found by search: both hash to the index 1105047824.
	collider := testKeyset(t, row{unit: "aisb", index: 1, version: cashu.V2, amounts: powersOfTwo(1)})
	keysets := []cashu.Keyset{collider}
	good := RotateParams{Unit: "sat", Amounts: powersOfTwo(2)}
	if _, err := PlanRotation(keysets, good, testNow); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*RotateParams)
		reason string
	}{
		"without a unit":                   {func(p *RotateParams) { p.Unit = "" }, "is not a unit"},
		"for a unit that breaks ids":       {func(p *RotateParams) { p.Unit = "a|b" }, "is not a unit"},
		"for a unit that is not canonical": {func(p *RotateParams) { p.Unit = "SAT" }, `has to be written "sat"`},
		"for a unit whose index collides":  {func(p *RotateParams) { p.Unit = "deew" }, `share its keys with the unit "aisb"`},
		"with nothing to inherit":          {func(p *RotateParams) { p.Amounts = nil }, "no active keyset to take them from"},
		"with an amount of zero":           {func(p *RotateParams) { p.Amounts = []cashu.Amount{0, 1} }, "an amount is zero"},
		"with an amount twice":             {func(p *RotateParams) { p.Amounts = []cashu.Amount{1, 2, 2} }, "the amount 2 is there twice"},
		"with an amount twice, apart":      {func(p *RotateParams) { p.Amounts = []cashu.Amount{1, 2, 1} }, "the amount 1 is there twice"},
		"with unsorted amounts":            {func(p *RotateParams) { p.Amounts = []cashu.Amount{2, 1} }, "not ascending"},
		"with too many amounts":            {func(p *RotateParams) { p.Amounts = firstNumbers(MaxAmounts + 1) }, "257 amounts are too many"},
		"with an amount beyond 2^63":       {func(p *RotateParams) { p.Amounts = []cashu.Amount{MaxAmount + 1} }, "larger than 2^63"},
		"with an expiry in the past":       {func(p *RotateParams) { p.FinalExpiry = uint64(testNow.Unix()) - 1 }, "in the past"},
		"with an expiry of now":            {func(p *RotateParams) { p.FinalExpiry = uint64(testNow.Unix()) }, "in the past"},
		"with an expiry in milliseconds":   {func(p *RotateParams) { p.FinalExpiry = uint64(testNow.UnixMilli()) }, "must be in seconds"},
		"with an expiry beyond all time":   {func(p *RotateParams) { p.FinalExpiry = math.MaxUint64 }, "must be in seconds"},
		"with an absurd fee":               {func(p *RotateParams) { p.InputFeePPK = ptr[uint64](MaxInputFeePPK + 1) }, "absurd"},
		"with a fee that overflows":        {func(p *RotateParams) { p.InputFeePPK = ptr[uint64](math.MaxUint64) }, "absurd"},
		"with an unknown id version":       {func(p *RotateParams) { p.IDVersion = ptr(cashu.KeysetVersion(2)) }, "version byte 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good
			c.change(&p)
			plan, err := PlanRotation(keysets, p, testNow)
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("plan %+v, error %v, want ErrRefused", plan, err)
			}
			if !strings.Contains(err.Error(), c.reason) {
				t.Errorf("error %q does not say %q", err, c.reason)
			}
		})
	}
}

func TestARefusalNamesAllReasonsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := PlanRotation(nil, RotateParams{
		Unit: "a:b", Amounts: []cashu.Amount{4, 0, 4}, FinalExpiry: 1, InputFeePPK: ptr[uint64](1 << 40), IDVersion: ptr(cashu.KeysetVersion(9)),
	}, testNow)
	if err == nil {
		t.Fatal("not refused")
	}
	for _, reason := range []string{"not a unit", "zero", "twice", "ascending", "past", "absurd", "version byte 9"} {
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("%q does not say %q", err, reason)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has more than one line", err)
	}
}

func TestAPlanSharesNoMemoryWithItsArguments(t *testing.T) {
	t.Parallel()
	active := testKeyset(t, row{unit: "sat", index: 1, version: cashu.V2, active: true, amounts: powersOfTwo(3)})
	given := powersOfTwo(3)
	for name, p := range map[string]RotateParams{
		"given": {Unit: "sat", Amounts: given}, "inherited": {Unit: "sat"},
	} {
		plan, err := PlanRotation([]cashu.Keyset{active}, p, testNow)
		if err != nil {
			t.Fatal(err)
		}
		plan.Amounts[0] = 99
		if given[0] != 1 || active.Keys.Amounts()[0] != 1 {
			t.Errorf("changing a plan changed the %s amounts", name)
		}
	}
}

func firstNumbers(n int) []cashu.Amount {
	amounts := make([]cashu.Amount, n)
	for i := range amounts {
		amounts[i] = cashu.Amount(i + 1)
	}
	return amounts
}
