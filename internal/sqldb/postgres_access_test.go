package sqldb_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

const secret = "hunter2-is-no-password"

// attempt opens a database, asks whether it is encrypted, and makes sure that
// nothing tells the password.
func attempt(t testing.TB, path string, settings sqldb.Postgres) (encrypted bool, err error) {
	t.Helper()
	var log bytes.Buffer
	settings.ConnectTimeout = 5 * time.Second
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil)), Postgres: settings})
	if err == nil {
		ssl := sqldb.Stmt{Name: "test.ssl", SQL: "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"}
		err = db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), ssl).Scan(&encrypted) })
		err = errors.Join(err, db.Close())
	}
	for what, text := range map[string]string{"error": errorText(err), "log": log.String()} {
		if strings.Contains(text, secret) || strings.Contains(text, "hunter2") {
			t.Errorf("the %s tells the password: %s", what, text)
		}
	}
	if strings.Contains(errorText(err), "mint@") {
		t.Errorf("the error tells the user: %v", err)
	}
	return encrypted, err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Password: secret})
	right := server.Database(t)
	file := func(text string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	without := strings.Replace(right, ":"+secret, "", 1)
	tests := []struct {
		name string
		path string
		file string
		want error  // nil: it works, unless text is set
		text string // part of an error of no kind
	}{
		{name: "in the URL", path: right},
		{name: "wrong in the URL", path: strings.Replace(right, secret, "hunter2-is-wrong", 1), want: sqldb.ErrAccess},
		{name: "none", path: without, want: sqldb.ErrAccess},
		{name: "in a file", path: without, file: file(secret+"\n", 0o600)},
		{name: "wrong in a file", path: without, file: file("hunter2\n", 0o600), want: sqldb.ErrAccess},
		{name: "in a file that others can read", path: without, file: file(secret, 0o644), text: "chmod 600"},
		{name: "in a file that is not there", path: without, file: filepath.Join(t.TempDir(), "none"), text: "no such file"},
		{name: "unknown database", path: right + "x", want: sqldb.ErrAccess},
		{name: "unknown user", path: strings.Replace(right, "mint:", "nobody:", 1), want: sqldb.ErrAccess},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := attempt(t, test.path, sqldb.Postgres{PasswordFile: test.file})
			switch {
			case test.text != "":
				if err == nil || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v, want it to say %q", err, test.text)
				}
			case !errors.Is(err, test.want):
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestTheWayToTheServerIsSafeOrThereIsNone(t *testing.T) {
	t.Parallel()
	offering := pgtest.Start(t, pgtest.Options{TLSHosts: []string{"localhost", "127.0.0.1"}})
	insisting := pgtest.Start(t, pgtest.Options{TLSHosts: []string{"localhost", "127.0.0.1"}, TLSOnly: true})
	misnamed := pgtest.Start(t, pgtest.Options{TLSHosts: []string{"db.example"}})
	plain := postgres.Server(t)
	ca := func(s *pgtest.Server) string { return "&sslrootcert=" + url.QueryEscape(s.Authority) }
	none := "" // the parameters start with one
	tests := []struct {
		name      string
		server    *pgtest.Server
		host      string
		params    string
		want      error
		encrypted bool
	}{
		{"on this machine without a word about it", offering, "127.0.0.1", none, nil, false},
		{"on this machine by name", offering, "localhost", none, nil, false},
		{"disable on this machine", offering, "127.0.0.1", "?sslmode=disable", nil, false},
		{"verify-full", offering, "127.0.0.1", "?sslmode=verify-full" + ca(offering), nil, true},
		{"verify-full by name", offering, "localhost", "?sslmode=verify-full" + ca(offering), nil, true},
		{"verify-ca", misnamed, "127.0.0.1", "?sslmode=verify-ca" + ca(misnamed), nil, true},
		{"the server insists", insisting, "127.0.0.1", "?sslmode=verify-full" + ca(insisting), nil, true},
		{"the server insists and is not heard", insisting, "127.0.0.1", "?sslmode=disable", sqldb.ErrAccess, false},
		{"the server does not offer it", plain, "127.0.0.1", "?sslmode=verify-full" + ca(offering), sqldb.ErrTLS, false},
		{"the certificate has another name", misnamed, "127.0.0.1", "?sslmode=verify-full" + ca(misnamed), sqldb.ErrTLS, false},
		{"the certificate is of another authority", offering, "127.0.0.1", "?sslmode=verify-full" + ca(insisting), sqldb.ErrTLS, false},
		{"of another authority, with verify-ca", offering, "127.0.0.1", "?sslmode=verify-ca" + ca(insisting), sqldb.ErrTLS, false},
		{"no authority but the system's", offering, "127.0.0.1", "?sslmode=verify-full", sqldb.ErrTLS, false},
		{"prefer falls back to plain text", offering, "127.0.0.1", "?sslmode=prefer", sqldb.ErrTLS, false},
		{"allow falls back to TLS", offering, "127.0.0.1", "?sslmode=allow", sqldb.ErrTLS, false},
		{"require asks nobody who he is", offering, "127.0.0.1", "?sslmode=require", sqldb.ErrTLS, false},
		{"disable on another machine", offering, "db.example", "?sslmode=disable", sqldb.ErrTLS, false},
		{"prefer on another machine", offering, "192.0.2.1", "?sslmode=prefer", sqldb.ErrTLS, false},
		{"one of two hosts is another machine", offering, "127.0.0.1,db.example", "?sslmode=disable", sqldb.ErrTLS, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			direct := test.server.Database(t)
			path := strings.Replace(direct, "127.0.0.1", test.host, 1) + test.params
			start := time.Now()
			encrypted, err := attempt(t, path, sqldb.Postgres{})
			if !errors.Is(err, test.want) || encrypted != test.encrypted {
				t.Errorf("got %v (encrypted: %t), want %v (%t)", err, encrypted, test.want, test.encrypted)
			}
			if d := time.Since(start); test.want != nil && d > 4*time.Second {
				t.Errorf("it took %v to refuse", d)
			}
		})
	}
}

// What the environment says must not open a way that the URL has closed. Not
// parallel: it changes the environment.
func TestTheEnvironmentCannotMakeTheWayUnsafe(t *testing.T) {
	offering := pgtest.Start(t, pgtest.Options{TLSHosts: []string{"127.0.0.1"}})
	path := offering.Database(t)
	t.Setenv("PGSSLMODE", "prefer")
	if encrypted, err := attempt(t, strings.Replace(path, "127.0.0.1", "db.invalid", 1), sqldb.Postgres{}); err == nil || encrypted {
		t.Errorf("another machine: %v", err)
	}
	if _, err := attempt(t, path, sqldb.Postgres{}); err != nil {
		t.Errorf("this machine: %v", err)
	}
}

func TestRedactHidesPasswordsAndNothingElse(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/data/mint.db":                       "/data/mint.db",
		"postgres://mint@db/x":                "postgres://mint@db/x",
		"postgres://mint:" + secret + "@db/x": "postgres://mint:xxxxx@db/x",
		"postgres://mint@db/x?sslmode=verify-full&password=" + secret: "postgres://mint@db/x?password=xxxxx&sslmode=verify-full",
		"postgres://mint:" + secret + "%zz@db/x":                      "postgres://db/x",
	} {
		if got := sqldb.Redact(path); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestABadURLIsExplainedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"postgres://mint:" + secret + "@127.0.0.1:not-a-port/x",
		"postgres://mint:" + secret + "@127.0.0.1:5432/x?sslmode=sometimes",
		"postgres://mint:" + secret + "%zz@127.0.0.1:5432/x",
		"postgres://mint:" + secret + "@127.0.0.1:5432/x?%zz",
		"postgres://mint:" + secret + "@127.0.0.1:5432/x?sslmode=verify-full&sslrootcert=/no/such/file",
		"postgresql://mint:" + secret + "@[::1:5432/x",
	} {
		if _, err := attempt(t, path, sqldb.Postgres{}); err == nil {
			t.Errorf("%s was taken", path)
		} else if !strings.Contains(err.Error(), "URL") {
			t.Errorf("%v does not say what to do", err)
		}
	}
	_, err := sqldb.Open(t.Context(), sqldb.Config{
		Path: "postgres://127.0.0.1/x", Exclusive: true, Readers: -1,
		Postgres: sqldb.Postgres{Writers: -1, ConnectTimeout: -1, StatementTimeout: -1, LockTimeout: -1},
	})
	for _, want := range []string{"exclusive", "-1 readers", "-1 writers", "connect timeout", "statement timeout", "lock timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %q", err, want)
		}
	}
}
