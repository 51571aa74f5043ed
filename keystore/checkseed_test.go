package keystore

import (
	"errors"
	"testing"

	"mintmark/internal/sqldb"
)

func TestASeedIsCheckedAgainstTheStoreWithoutChangingIt(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg) // and stays open: the signatory runs
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustRotate(t, ks, RotateParams{Unit: "sat"})
	identity, n, err := CheckSeed(t.Context(), At(cfg.Path), mustSeed(t, nuts250Seed))
	if err != nil || n != 2 || identity != ks.Identity() {
		t.Errorf("CheckSeed = %v, %d, %v", identity, n, err)
	}
	if _, _, err := CheckSeed(t.Context(), At(cfg.Path), mustSeed(t, otherSeed)); !errors.Is(err, ErrMismatch) {
		t.Errorf("CheckSeed of another seed = %v, want ErrMismatch", err)
	}
	if _, _, err := CheckSeed(t.Context(), At(cfg.Path+"x"), mustSeed(t, otherSeed)); !errors.Is(err, sqldb.ErrCannotOpen) {
		t.Errorf("CheckSeed of nothing = %v, want ErrCannotOpen", err)
	}
	mustClose(t, ks)
	forge(t, cfg.Path, "UPDATE keysets SET fee_ppk = 7")
	if _, _, err := CheckSeed(t.Context(), At(cfg.Path), mustSeed(t, nuts250Seed)); !errors.Is(err, ErrMismatch) {
		t.Errorf("CheckSeed of damaged rows = %v, want ErrMismatch", err)
	}
	forge(t, cfg.Path, "DELETE FROM migrations WHERE position > 1")
	if _, _, err := CheckSeed(t.Context(), At(cfg.Path), mustSeed(t, nuts250Seed)); !errors.Is(err, ErrOlderSchema) {
		t.Errorf("CheckSeed of an older schema = %v, want ErrOlderSchema", err)
	}
}
