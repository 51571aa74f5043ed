package keystore

import (
	"errors"
	"os"
	"strings"
	"testing"

	"mintmark/internal/sqldb"
)

func TestASecondOpenIsRefused(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	mustOpen(t, cfg)
	if _, err := Open(t.Context(), cfg); !errors.Is(err, sqldb.ErrInUse) {
		t.Errorf("second Open = %v, want ErrInUse", err)
	}
}

func TestAMissingDatabaseIsNotMadeUnlessAskedTo(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Create = false
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoDatabase) {
		t.Fatalf("Open = %v, want ErrNoDatabase", err)
	}
	if _, err := os.Stat(cfg.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

func TestAnEmptyDatabaseCountsAsMissing(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T, Config){
		"a file without a byte": func(t *testing.T, cfg Config) {
			if err := os.WriteFile(cfg.Path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"tables without a row": func(t *testing.T, cfg Config) {
			db, err := sqldb.Open(t.Context(), sqldb.Config{Path: cfg.Path, Migrations: migrations(), Logger: cfg.Logger})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			make(t, cfg)
			for range 2 { // the attempt itself must not change the answer
				cfg.Create = false
				if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoDatabase) {
					t.Fatalf("Open = %v, want ErrNoDatabase", err)
				}
			}
			cfg.Create = true
			mustOpen(t, cfg)
		})
	}
}

func TestAConfigurationReportsAllItsProblems(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Config{IssuerVersion: "mintmark 1", Parallel: -1})
	for _, want := range []string{"path", "seed", "issuer version", "parallel"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of the %s", err, want)
		}
	}
}
