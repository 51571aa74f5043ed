package sqlstore_test

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
	"mintmark/mint/storetest"
)

func open(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{
		Path: path, Owner: "me", Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStoreInAFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) mint.Store { return open(t, filepath.Join(t.TempDir(), "mint.db")) })
}

func TestStoreOnPostgreSQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) mint.Store { return open(t, postgres.Schema(t)) })
}

func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) mint.Store { return open(t, sqldb.Memory) })
}
