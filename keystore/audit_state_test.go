package keystore

import (
	"errors"
	"testing"
)

// What no id covers: stages, rows that are gone, indexes that may come again.
func TestKeysetsThatTheAuditLogDoesNotKnowAreRefused(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a retired keyset signs again":      "UPDATE keysets SET active = 1, retired = 0 WHERE idx = 1",
		"an active keyset is retired":       "UPDATE keysets SET active = 0, retired = 5 WHERE idx = 2",
		"a prepared keyset signs":           "UPDATE keysets SET active = 1 WHERE idx = 3",
		"a discarded keyset is fresh again": "UPDATE keysets SET retired = 0 WHERE idx = 1",
		"a retired keyset has another date": "UPDATE keysets SET retired = retired - 1 WHERE idx = 1",
		"the last keyset is gone":           "DELETE FROM keysets WHERE idx = 3",
		"all keysets are gone":              "DELETE FROM keysets",
		"the epoch goes back":               "UPDATE keystore SET epoch = epoch - 1",
		"indexes may come again":            "UPDATE keystore SET index_floor = 1",
		"an activation is scheduled":        "UPDATE keysets SET activate_at = 5 WHERE idx = 3",
		"the last keyset changes its place": "UPDATE keysets SET epoch = 100 WHERE idx = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			ks := mustOpen(t, cfg)
			mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
			mustRotate(t, ks, RotateParams{Unit: "sat"})
			mustPrepare(t, ks, RotateParams{Unit: "sat"})
			if err := ks.Audit(t.Context(), AuditStop, "", nil); err != nil {
				t.Fatal(err)
			}
			mustClose(t, ks)
			mustClose(t, mustOpen(t, cfg)) // untouched, it opens
			forge(t, cfg.Path, sql)
			if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrMismatch) {
				t.Errorf("Open = %v, want ErrMismatch", err)
			}
		})
	}
}

// Also when the last change is further back than the tail that a start reads.
func TestTheLastChangeIsFoundBehindALongLog(t *testing.T) {
	t.Parallel()
	cfg := auditedConfig(t, 1)
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustClose(t, ks)
	appendAudit(t, cfg, auditTail+1)
	mustClose(t, mustOpen(t, cfg))
	forge(t, cfg.Path, "UPDATE audit SET detail = '{}' WHERE seq = 2")
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrAudit) {
		t.Errorf("Open with that record altered = %v, want ErrAudit", err)
	}
}
