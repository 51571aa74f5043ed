package sqldb_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mintmark/internal/sqldb"
)

func TestSecondOpenerIsRefusedByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "coins.db")
	db := open(t, sqldb.Config{Path: path, Exclusive: true})
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err := sqldb.Open(t.Context(), sqldb.Config{Path: name, Migrations: schema, Logger: quiet(), Exclusive: true})
		if !errors.Is(err, sqldb.ErrInUse) {
			t.Fatalf("%s: got %v, want ErrInUse", name, err)
		}
		for _, want := range []string{"coins.db.lock", strconv.Itoa(os.Getpid())} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not name %s", name, err, want)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, sqldb.Config{Path: path, Exclusive: true})
}

func TestTwoOpenersOfASharedFileTakeTurns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	dbs := []*sqldb.DB{open(t, sqldb.Config{Path: path}), open(t, sqldb.Config{Path: path})}
	var wg sync.WaitGroup
	for i, db := range dbs {
		wg.Go(func() {
			for j := range 40 {
				if err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { return add(t.Context(), tx, i*100+j) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(ids(t, dbs[0])); got != 80 {
		t.Errorf("%d coins, want 80", got)
	}
}

func TestFileHeldTooLongByAnotherIsInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	db, other := open(t, sqldb.Config{Path: path}), open(t, sqldb.Config{Path: path})
	impatient := sqldb.Stmt{Name: "test.impatient", SQL: "PRAGMA busy_timeout = 1"}
	write(t, db, func(tx sqldb.Tx) error { _, err := tx.Exec(t.Context(), impatient); return err })
	c := gather(t, other, sqldb.Deferred)
	err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
	if !errors.Is(err, sqldb.ErrInUse) {
		t.Errorf("got %v", err)
	}
	c.release()
	write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	db := open(t, sqldb.Config{Path: path, Exclusive: true})
	write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("coins.db%s has the mode %v", suffix, info.Mode())
		}
	}
}

func TestPathMayHoldAnyCharacter(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a?mode=memory.db", "100%25.db", "#hash.db", "ü 🪙.db", "a&b=c;d.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := open(t, sqldb.Config{Path: path, Exclusive: true})
		write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
		if _, err := os.Stat(path + "-wal"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenExplainsWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		config sqldb.Config
		want   error
		says   []string
	}{
		{"everything at once", sqldb.Config{Readers: -1, Migrations: []sqldb.Migration{{}, {Name: "a"}, {Name: "a"}}}, nil, []string{"no path", "-1 readers", "migration 1 has no name", "two migrations are called a"}},
		{"a NUL byte", sqldb.Config{Path: "a\x00b"}, nil, []string{"NUL"}},
		{"a folder that is not there", sqldb.Config{Path: filepath.Join(dir, "no", "such.db")}, fs.ErrNotExist, []string{"such.db"}},
		{"a folder instead of a file", sqldb.Config{Path: dir}, sqldb.ErrCannotOpen, nil},
		{"another kind of file", sqldb.Config{Path: garbage}, sqldb.ErrCorrupt, []string{"garbage.db"}},
		{"a migration that fails", sqldb.Config{Path: filepath.Join(dir, "m.db"), Migrations: []sqldb.Migration{{Name: "0001_bad", SQL: "CREATE TABEL x (y)"}}}, nil, []string{"0001_bad"}},
	}
	for _, test := range tests {
		test.config.Logger = quiet()
		_, err := sqldb.Open(t.Context(), test.config)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
			continue
		}
		for _, want := range test.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", test.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "TABEL") || strings.Contains(err.Error(), "syntax") {
			t.Errorf("%s: %q tells too much", test.name, err)
		}
	}
}

func TestMigrationsAreAppliedOnceAndInOrder(t *testing.T) {
	t.Parallel()
	steps := []sqldb.Migration{
		schema[0],
		{Name: "0002_more", SQL: "INSERT INTO coins (id) VALUES (1); INSERT INTO coins (id) VALUES (2);"},
		{Name: "0003_less", SQL: "DELETE FROM coins WHERE id = 1"},
	}
	path := filepath.Join(t.TempDir(), "coins.db")
	for n := 1; n <= len(steps); n++ { // from every earlier schema
		for range 2 {
			db := open(t, sqldb.Config{Path: path, Migrations: steps[:n]})
			if got, want := ids(t, db), [][]int{nil, {1, 2}, {2}}[n-1]; !slices.Equal(got, want) {
				t.Errorf("after %d steps: %v", n, got)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, known := range map[string][]sqldb.Migration{
		"an older program":               steps[:2],
		"a program of old":               nil,
		"a program that has other steps": {steps[0], {Name: "0002_other", SQL: "SELECT 1"}, steps[2]},
	} {
		_, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: known, Logger: quiet()})
		if !errors.Is(err, sqldb.ErrNewer) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFailedMigrationLeavesTheDatabaseAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	db := open(t, sqldb.Config{Path: path})
	write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	steps := append(slices.Clone(schema),
		sqldb.Migration{Name: "0002_good", SQL: "DELETE FROM coins"},
		sqldb.Migration{Name: "0003_bad", SQL: "CREATE TABLE good (x INTEGER); INSERT INTO coins (id, n) VALUES (5, 13)"})
	if _, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: steps, Logger: quiet()}); !errors.Is(err, sqldb.ErrConstraint) {
		t.Fatalf("got %v", err)
	}
	db = open(t, sqldb.Config{Path: path})
	if got := ids(t, db); !slices.Equal(got, []int{1}) {
		t.Errorf("coins %v", got)
	}
}

// copyDB copies the database and its log as a crash would leave them, with the
// log cut to so many bytes, or whole if negative.
func copyDB(t *testing.T, path string, wal int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if suffix == "-wal" && wal >= 0 {
			b = b[:min(wal, int64(len(b)))]
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestDatabaseOfADeadProcessHoldsEveryCommit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	db := open(t, sqldb.Config{Path: path})
	for i := range 20 {
		d := sqldb.Durability(i % 2)
		if err := db.Write(t.Context(), d, func(tx sqldb.Tx) error {
			return errors.Join(add(t.Context(), tx, 2*i), add(t.Context(), tx, 2*i+1))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(ids(t, open(t, sqldb.Config{Path: copyDB(t, path, -1)}))); got != 40 {
		t.Errorf("%d coins, want 40", got)
	}
	// A log that was cut anywhere gives the commits before the cut, whole.
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for cut := int64(0); cut < info.Size(); cut += info.Size()/17 + 1 {
		db, err := sqldb.Open(t.Context(), sqldb.Config{Path: copyDB(t, path, cut), Migrations: schema, Logger: quiet()})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		got := ids(t, db)
		for i, id := range got {
			if i != id {
				t.Fatalf("cut at %d: coins %v", cut, got)
			}
		}
		if len(got)%2 != 0 || len(got) < last {
			t.Errorf("cut at %d: %d coins after %d", cut, len(got), last)
		}
		last = len(got)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The child of TestKilledProcessLosesNothingThatItHasReported writes coins and
// tells of each, until it is killed.
func TestChildThatWrites(t *testing.T) {
	path := os.Getenv("SQLDB_TEST_CHILD")
	if path == "" {
		t.Skip("is the child of another test")
	}
	db := open(t, sqldb.Config{Path: path, Exclusive: true})
	for i := 0; ; i++ {
		write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, i) })
		fmt.Println("coin", i)
	}
}

func TestKilledProcessLosesNothingThatItHasReported(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatWrites$")
	child.Env = append(os.Environ(), "SQLDB_TEST_CHILD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	reported := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, ok := strings.CutPrefix(lines.Text(), "coin "); ok {
			reported++
		}
		if reported == 50 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	db := open(t, sqldb.Config{Path: path, Exclusive: true})
	if got := len(ids(t, db)); reported < 50 || got < reported || got > reported+1 {
		t.Errorf("%d coins, %d were reported", got, reported)
	}
}
