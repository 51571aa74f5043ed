package sqlstore_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/sqlstore"
	"mintmark/wallet/storetest"
)

// postgres is the server of all tests that do not harm it.
var postgres pgtest.Shared

func TestMain(m *testing.M) {
	if url := os.Getenv(presentEnv); url != "" {
		hold(url)
	}
	if orders := os.Getenv(takingEnv); orders != "" {
		take(orders)
	}
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

func open(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: path, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
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

// shared opens a database that two handles can have.
func shared(path func(t testing.TB) string) func(t testing.TB) (wallet.Store, func() wallet.Store) {
	return func(t testing.TB) (wallet.Store, func() wallet.Store) {
		p := path(t)
		return open(t, p), func() wallet.Store { return open(t, p) }
	}
}

func TestStoreInAFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, shared(func(t testing.TB) string { return filepath.Join(t.TempDir(), "wallet.db") }))
}

func TestStoreOnPostgreSQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, shared(func(t testing.TB) string { return postgres.Schema(t) }))
}

func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) (wallet.Store, func() wallet.Store) {
		return open(t, sqldb.Memory), func() wallet.Store { return nil }
	})
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "wallet.db"))
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 2 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
	if gone, err := s.Alive(t.Context(), "nobody"); err != nil || gone {
		t.Errorf("a process that never was is alive: %v, %v", gone, err)
	}
}
