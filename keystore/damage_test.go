package keystore

import (
	"errors"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

func TestAnotherSeedIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("and the keyset is named", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(t)
		ks := mustOpen(t, cfg)
		k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
		if err := ks.Close(); err != nil {
			t.Fatal(err)
		}
		cfg.Seed = mustSeed(t, otherSeed)
		_, err := Open(t.Context(), cfg)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), k.ID.String()) {
			t.Errorf("Open = %v, want ErrMismatch that names %s", err, k.ID)
		}
	})
	t.Run("even while there are no keysets", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(t)
		if err := mustOpen(t, cfg).Close(); err != nil {
			t.Fatal(err)
		}
		cfg.Seed = mustSeed(t, otherSeed)
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrMismatch) {
			t.Errorf("Open = %v, want ErrMismatch", err)
		}
	})
	t.Run("and the right one still works afterwards", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(t)
		ks := mustOpen(t, cfg)
		mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
		if err := ks.Close(); err != nil {
			t.Fatal(err)
		}
		wrong := cfg
		wrong.Seed = mustSeed(t, otherSeed)
		if _, err := Open(t.Context(), wrong); err == nil {
			t.Fatal("another seed was accepted")
		}
		if n := len(mustOpen(t, cfg).Keysets().Keysets); n != 1 {
			t.Errorf("%d keysets, want 1", n)
		}
	})
}

// Every column that decides what is signed, or what wallets are told, is
// covered: for version 1, whose id covers only the keys, by the second id.
func TestADamagedRowIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	for _, version := range []cashu.KeysetVersion{cashu.V1, cashu.V2} {
		for name, sql := range map[string]string{
			"id":         `UPDATE keysets SET id = x'00e1cf6079abb988'`,
			"id length":  `UPDATE keysets SET id = x'00'`,
			"contents":   `UPDATE keysets SET contents = x'00e1cf6079abb988'`,
			"unit":       `UPDATE keysets SET unit = 'usd'`,
			"unit index": `UPDATE keysets SET unit_index = unit_index + 1`,
			"unit pair":  `UPDATE keysets SET unit = 'usd', unit_index = 577560378`,
			"index":      `UPDATE keysets SET idx = idx + 1`,
			"amounts":    `UPDATE keysets SET amounts = '1,2,5'`,
			"amount gap": `UPDATE keysets SET amounts = '1,,4'`,
			"no amounts": `UPDATE keysets SET amounts = ''`,
			"amount":     `UPDATE keysets SET amounts = '1,2,2'`,
			"fee":        `UPDATE keysets SET fee_ppk = fee_ppk + 1`,
			"expiry":     `UPDATE keysets SET final_expiry = 1900000001`,
			"version":    `UPDATE keysets SET id_version = 1 - id_version`,
			"no version": `UPDATE keysets SET id_version = 7`,
			"identity":   `UPDATE keystore SET identity = x'02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5'`,
			"no point":   `UPDATE keystore SET identity = zeroblob(33)`,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cfg := testConfig(t)
				ks := mustOpen(t, cfg)
				k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(3), IDVersion: ptr(version)})
				err := ks.db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
					_, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test.damage", SQL: sql})
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := ks.Close(); err != nil {
					t.Fatal(err)
				}
				_, err = Open(t.Context(), cfg)
				if err == nil {
					t.Fatal("the damage was not noticed")
				}
				if name == "identity" || name == "no point" {
					return
				}
				if msg := err.Error(); !strings.Contains(msg, k.ID.String()) && !strings.Contains(msg, "index 1") && !strings.Contains(msg, "keyset 1 of") {
					t.Errorf("the error does not name the keyset: %v", err)
				}
			})
		}
	}
}
