package keystore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

// postgres is the server of all tests that do not harm it.
var postgres pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

// sharedConfig is a keystore in a schema of its own, not made yet.
func sharedConfig(t testing.TB) Config {
	t.Helper()
	cfg := testConfig(t)
	cfg.Path = postgres.Schema(t)
	cfg.Poll = 50 * time.Millisecond
	return cfg
}

// signatories opens the keystore of cfg n times, as n processes would.
func signatories(t testing.TB, cfg Config, n int) []*Keystore {
	t.Helper()
	all := make([]*Keystore, n)
	for i := range all {
		all[i] = mustOpen(t, cfg)
		cfg.Create = false
	}
	return all
}

// at waits until a keystore has reached an epoch, and returns how long it took.
func at(t testing.TB, ks *Keystore, epoch uint64) time.Duration {
	t.Helper()
	start := time.Now()
	for ks.Keysets().Epoch < epoch {
		changed := ks.Changed()
		if ks.Keysets().Epoch >= epoch {
			break
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatalf("the epoch is %d after 10 s, want %d", ks.Keysets().Epoch, epoch)
		}
	}
	return time.Since(start)
}

func oneMessage(t testing.TB, k cashu.Keyset) []cashu.BlindedMessage {
	t.Helper()
	b, ok := k.Keys.Get(1) // any point will do
	if !ok {
		t.Fatal("there is no key for 1")
	}
	return []cashu.BlindedMessage{{Amount: 2, ID: k.ID, B: b}}
}

func raw(t testing.TB, cfg Config, sql ...string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), At(cfg.Path).config(cfg.Logger))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range sql {
		if err := db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test", SQL: s})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSameSeedGivesTheSameKeysetsOnBothEngines(t *testing.T) {
	t.Parallel()
	rotations := []RotateParams{
		{Unit: "sat", Amounts: powersOfTwo(64), IDVersion: ptr(cashu.V1), InputFeePPK: ptr[uint64](100)},
		{Unit: "auth", Amounts: powersOfTwo(1), IDVersion: ptr(cashu.V1)},
		{Unit: "sat", FinalExpiry: 1_900_000_000, IDVersion: ptr(cashu.V2)},
	}
	cfg, file := sharedConfig(t), mustOpen(t, testConfig(t))
	ks := mustOpen(t, cfg)
	for _, r := range rotations {
		mustRotate(t, ks, r)
		mustRotate(t, file, r)
	}
	mustClose(t, ks)
	cfg.Create = false
	after := mustOpen(t, cfg)
	assertSameKeysets(t, after.Keysets().Keysets, file.Keysets().Keysets)
	if after.Keysets().Epoch != 4 {
		t.Errorf("epoch %d, want 4", after.Keysets().Epoch)
	}
}

func TestRotationsOfThreeSignatoriesHaveOneOrder(t *testing.T) {
	t.Parallel()
	const each = 8
	all := signatories(t, sharedConfig(t), 3)
	var wg sync.WaitGroup
	for _, ks := range all {
		for range 2 { // also at once within one
			wg.Go(func() {
				for i := range each {
					unit := cashu.Unit([]string{"sat", "usd"}[i%2])
					if _, err := ks.Rotate(t.Context(), RotateParams{Unit: unit, Amounts: powersOfTwo(2)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	const made = 3 * 2 * each
	for _, ks := range all {
		at(t, ks, 1+made)
		s, indexes, ids := ks.Keysets(), map[string]bool{}, map[cashu.KeysetID]bool{}
		active := map[cashu.Unit]int{}
		for i, l := range ks.Lives() {
			indexes[fmt.Sprint(l.Unit, l.Index)], ids[l.ID] = true, true
			if s.Keysets[i].Active {
				active[l.Unit]++
			}
		}
		if s.Epoch != 1+made || len(indexes) != made || len(ids) != made || active["sat"] != 1 || active["usd"] != 1 {
			t.Errorf("epoch %d, %d indexes, %d ids, active %v; want %d of each and one active per unit", s.Epoch, len(indexes), len(ids), active, made)
		}
		assertSameKeysets(t, s.Keysets, all[0].Keysets().Keysets)
	}
}

func TestOneAuditChainForAllSignatories(t *testing.T) {
	t.Parallel()
	cfg := sharedConfig(t)
	all := signatories(t, cfg, 3)
	var wg sync.WaitGroup
	const each = 30
	for i, ks := range all {
		wg.Go(func() {
			for n := range each {
				var err error
				switch n % 3 {
				case 0:
					err = ks.Audit(t.Context(), AuditClient, fmt.Sprint("mint ", i), map[string]any{"n": n})
				case 1:
					err = ks.Freeze(t.Context(), "sat", "operator")
				case 2:
					err = ks.Unfreeze(t.Context(), "sat", "operator")
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != 3*each {
		t.Errorf("%d records, want %d", s.Records, 3*each)
	}
}

func TestAChangeReachesTheOtherSignatoriesWithinASecond(t *testing.T) {
	t.Parallel()
	cfg := sharedConfig(t)
	cfg.Poll = 0 // as in production
	all := signatories(t, cfg, 2)
	var worst time.Duration
	for range 5 {
		mustRotate(t, all[0], RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
		worst = max(worst, at(t, all[1], all[0].Keysets().Epoch))
	}
	t.Logf("the slowest of 5 changes took %v", worst)
	if worst > time.Second {
		t.Errorf("a change took %v", worst)
	}
	news := all[1].FreezesChanged()
	start := time.Now()
	if err := all[0].Freeze(t.Context(), "sat", "operator"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-news:
		t.Logf("a freeze took %v", time.Since(start))
	case <-time.After(time.Second):
		t.Error("a freeze was not heard of within a second")
	}
}

func TestARetiredKeysetDoesNotSignOnceThatWasLearned(t *testing.T) {
	t.Parallel()
	all := signatories(t, sharedConfig(t), 2)
	k := mustRotate(t, all[0], RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	at(t, all[1], 2)
	message := oneMessage(t, k)
	if _, err := all[1].Sign(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if err := all[0].Retire(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	if err := all[1].Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := all[1].Sign(t.Context(), message); !errors.Is(err, cashu.ErrKeysetInactive) {
		t.Errorf("Sign = %v, want 12002", err)
	}
}

func TestWithoutItsDatabaseASharedKeystoreSoonSignsNothing(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	cfg := testConfig(t)
	cfg.Path, cfg.Poll, cfg.MaxStaleness = server.Database(t), 50*time.Millisecond, time.Second
	ks := signatories(t, cfg, 1)[0]
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	message := oneMessage(t, k)
	signs := func(want error) time.Duration {
		t.Helper()
		start := time.Now()
		for {
			_, err := ks.Sign(t.Context(), message)
			if errors.Is(err, want) || (err == nil && want == nil) {
				return time.Since(start)
			}
			if time.Since(start) > 20*time.Second {
				t.Fatalf("Sign = %v, want %v", err, want)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	signs(nil)
	server.Freeze(t)
	if took := signs(ErrStale); took > 2*time.Second {
		t.Errorf("it went on to sign for %v, more than its second of staleness", took)
	}
	server.Thaw(t)
	signs(nil)
}

func TestWhatIsNotSealedInTheAuditLogIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a retired keyset made active": `UPDATE keysets SET active = 1, retired = 0 WHERE idx = 1`,
		"an active one made inactive":  `UPDATE keysets SET active = 0 WHERE idx = 2`,
		"a keyset taken away":          `DELETE FROM keysets WHERE idx = 1`,
		"an older epoch":               `UPDATE keystore SET epoch = 1`,
		"an audit log cut short":       `UPDATE audit_head SET seq = 1`,
		"another identity":             `UPDATE keystore SET identity = (SELECT decode('02' || repeat('11', 32), 'hex'))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := sharedConfig(t)
			ks := mustOpen(t, cfg)
			mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
			mustRotate(t, ks, RotateParams{Unit: "sat"})
			before := ks.Keysets()
			// The epoch goes along, so that somebody who only looks at it would follow.
			raw(t, cfg, `UPDATE keystore SET epoch = epoch + 1`, sql)
			if err := ks.Refresh(t.Context()); !errors.Is(err, ErrMismatch) && !errors.Is(err, ErrAudit) && !errors.Is(err, ErrWentBack) {
				t.Errorf("Refresh = %v", err)
			}
			if after := ks.Keysets(); after.Epoch != before.Epoch {
				t.Errorf("the epoch went from %d to %d", before.Epoch, after.Epoch)
			}
			if _, err := ks.Rotate(t.Context(), RotateParams{Unit: "sat"}); err == nil {
				t.Error("a rotation went on from it, and would have sealed it")
			}
		})
	}
}

func TestADatabaseOnAServerIsMadeOnceAndOnlyWhenAskedTo(t *testing.T) {
	t.Parallel()
	cfg := sharedConfig(t)
	cfg.Create = false
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("Open = %v, want ErrNoDatabase", err)
	}
	if err := At(cfg.Path).exists(t.Context()); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("after a look there is something: %v", err)
	}
	cfg.Create = true
	mustRotate(t, mustOpen(t, cfg), RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("a second creation = %v, want ErrInUse", err)
	}
	cfg.Create, cfg.Seed = false, mustSeed(t, otherSeed)
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrMismatch) {
		t.Errorf("with another seed = %v, want ErrMismatch", err)
	}
	cfg.Path += "&sslmode=require"
	if _, err := Open(t.Context(), cfg); !errors.Is(err, sqldb.ErrTLS) || strings.Contains(err.Error(), "postgres@") {
		t.Errorf("over a way that checks nobody = %v, want ErrTLS", err)
	}
}

// A backup is the same file whatever it is made of, and goes back to either engine.
func TestABackupGoesFromEitherEngineToEither(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"SQLite", "PostgreSQL"} {
		for _, to := range []string{"SQLite", "PostgreSQL"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				place := func(engine string) Config {
					if engine == "SQLite" {
						return testConfig(t)
					}
					return sharedConfig(t)
				}
				cfg := place(from)
				ks := mustOpen(t, cfg)
				k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(64), IDVersion: ptr(cashu.V1)})
				mustRotate(t, ks, RotateParams{Unit: "sat", FinalExpiry: 1_900_000_000})
				if err := ks.Freeze(t.Context(), "sat", "operator"); err != nil {
					t.Fatal(err)
				}
				budget := BudgetCounter{Client: "mint", Unit: "sat", Keyset: k.ID, Value: 1 << 63, Count: 7}
				if err := ks.ReserveBudget(t.Context(), "mint", 0, func([]BudgetCounter) ([]BudgetCounter, error) { return []BudgetCounter{budget}, nil }); err != nil {
					t.Fatal(err)
				}
				dir := filepath.Join(t.TempDir(), "backup")
				made, err := Backup(t.Context(), At(cfg.Path), "", dir, testNow)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := VerifyBackup(t.Context(), dir, cfg.Seed); err != nil {
					t.Fatal(err)
				}
				target := place(to)
				target.Create = false
				if _, err := Restore(t.Context(), dir, target); err != nil {
					t.Fatal(err)
				}
				if _, err := Restore(t.Context(), dir, target); err == nil {
					t.Error("a second restore to the same place was taken")
				}
				back := mustOpen(t, target)
				assertSameKeysets(t, back.Keysets().Keysets, ks.Keysets().Keysets)
				assertBudget(t, back, 0, budget)
				if f, err := back.Freezes(t.Context()); err != nil || len(f) != 1 {
					t.Errorf("freezes %v, %v", f, err)
				}
				head, err := ParseAuditHead(made.AuditHead)
				if err != nil {
					t.Fatal(err)
				}
				mustVerifyAudit(t, target.Path, &head)
				mustRotate(t, back, RotateParams{Unit: "sat"})
				if l := back.Lives(); int64(l[len(l)-1].Index) < testNow.Unix()/60 {
					t.Errorf("the next index is %d, which the old keystore may have used", l[len(l)-1].Index)
				}
			})
		}
	}
}

// What is in one engine's schema is in the other's, and all of it is copied.
func TestBothEnginesHaveTheTablesThatAreCopied(t *testing.T) {
	t.Parallel()
	list := func(cfg Config, sql string) (found []string) {
		t.Helper()
		mustClose(t, mustOpen(t, cfg))
		if err := At(cfg.Path).look(t.Context(), func(tx sqldb.Tx) error {
			return tx.Query(t.Context(), sqldb.Stmt{Name: "test", SQL: sql}, func(scan sqldb.Scan) error {
				var table, column string
				err := scan(&table, &column)
				found = append(found, table+"."+column)
				return err
			})
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(found)
		return found
	}
	var want []string
	for _, c := range copiedTables() {
		c.each(func(_ int, name, _ string) { want = append(want, c.table+"."+name) })
	}
	slices.Sort(want)
	inFile := list(testConfig(t), `SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name <> 'migrations'`)
	onServer := list(sharedConfig(t), `SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'migrations'`)
	if !slices.Equal(inFile, want) {
		t.Errorf("SQLite has\n%v\ncopied is\n%v", inFile, want)
	}
	if !slices.Equal(onServer, want) {
		t.Errorf("PostgreSQL has\n%v\ncopied is\n%v", onServer, want)
	}
}
