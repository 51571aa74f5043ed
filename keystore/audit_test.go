package keystore

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// auditedConfig is a closed keystore with a log of n records.
func auditedConfig(t *testing.T, n int) Config {
	t.Helper()
	cfg := testConfig(t)
	appendAudit(t, cfg, n)
	return cfg
}

// appendAudit adds n records in one commit.
func appendAudit(t *testing.T, cfg Config, n int) {
	t.Helper()
	ks := mustOpen(t, cfg)
	err := ks.db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		for i := range n {
			if err := ks.audit(t.Context(), tx, AuditClient, "mint", map[string]any{"n": i}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, ks)
}

func mustClose(t *testing.T, ks *Keystore) {
	t.Helper()
	if err := ks.Close(); err != nil {
		t.Fatal(err)
	}
}

// forge runs statements on a closed keystore, as whoever can write to the file.
func forge(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: migrations()})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test.forge", SQL: sql}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func mustVerifyAudit(t *testing.T, path string, pin *AuditHead) AuditSummary {
	t.Helper()
	s, err := VerifyAudit(t.Context(), At(path), pin)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnUntouchedAuditLogVerifies(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	if seq, hash, err := ks.AuditHead(t.Context()); err != nil || seq != 0 || hash != auditOrigin(ks.Identity()) {
		t.Errorf("the head of an empty log is %d %x, %v", seq, hash, err)
	}
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	if err := ks.Audit(t.Context(), AuditStart, "", nil); err != nil {
		t.Fatal(err)
	}
	seq, hash, err := ks.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// While the keystore is open: an operator must not have to stop it.
	s := mustVerifyAudit(t, cfg.Path, &AuditHead{seq, hash})
	if s.Records != 2 || s.Head.Seq != 2 || s.Head.Hash != hash || s.Kinds[AuditRotate] != 1 || s.Kinds[AuditStart] != 1 {
		t.Errorf("summary %+v", s)
	}
	if s.Identity != ks.Identity() || !s.Last.Equal(testNow) {
		t.Errorf("summary %+v", s)
	}
	mustClose(t, ks)
	mustOpen(t, cfg)
	mustVerifyAudit(t, cfg.Path, nil)
}

// Every record is tried in every way: each must be noticed, by the offline check
// and (all of these are within its tail) by the next start.
func TestTamperingWithAnyRecordIsDetected(t *testing.T) {
	t.Parallel()
	const records = 5
	ways := map[string]func(seq int) []string{
		"its time is changed":   func(n int) []string { return []string{fmt.Sprintf("UPDATE audit SET at = at + 1 WHERE seq = %d", n)} },
		"its kind is changed":   func(n int) []string { return []string{fmt.Sprintf("UPDATE audit SET kind = 'stop' WHERE seq = %d", n)} },
		"its client is changed": func(n int) []string { return []string{fmt.Sprintf("UPDATE audit SET client = 'x' WHERE seq = %d", n)} },
		"its detail is changed": func(n int) []string { return []string{fmt.Sprintf("UPDATE audit SET detail = '{}' WHERE seq = %d", n)} },
		"a letter moves from kind to client": func(n int) []string {
			return []string{fmt.Sprintf("UPDATE audit SET kind = 'clien', client = 't' || client WHERE seq = %d", n)}
		},
		"its hash is changed": func(n int) []string {
			return []string{fmt.Sprintf("UPDATE audit SET hash = zeroblob(32) WHERE seq = %d", n)}
		},
		"its link is changed": func(n int) []string {
			return []string{fmt.Sprintf("UPDATE audit SET prev = zeroblob(32) WHERE seq = %d", n)}
		},
		"its hash is cut": func(n int) []string {
			return []string{"PRAGMA ignore_check_constraints = ON", fmt.Sprintf("UPDATE audit SET hash = x'00' WHERE seq = %d", n), "PRAGMA ignore_check_constraints = OFF"}
		},
		"it is removed": func(n int) []string { return []string{fmt.Sprintf("DELETE FROM audit WHERE seq = %d", n)} },
		"it is removed and the rest moves up": func(n int) []string {
			return []string{
				fmt.Sprintf("DELETE FROM audit WHERE seq = %d", n),
				fmt.Sprintf("UPDATE audit SET seq = seq - 1 WHERE seq > %d", n),
				"UPDATE audit_head SET seq = seq - 1",
			}
		},
		"it changes places with the next": func(n int) []string {
			return []string{
				fmt.Sprintf("UPDATE audit SET seq = 1000 WHERE seq = %d", n),
				fmt.Sprintf("UPDATE audit SET seq = %d WHERE seq = %d", n, n%records+1),
				fmt.Sprintf("UPDATE audit SET seq = %d WHERE seq = 1000", n%records+1),
			}
		},
		"the log is cut off before it": func(n int) []string { return []string{fmt.Sprintf("DELETE FROM audit WHERE seq >= %d", n)} },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; n <= records; n++ {
				cfg := auditedConfig(t, records)
				forge(t, cfg.Path, way(n)...)
				if _, err := VerifyAudit(t.Context(), At(cfg.Path), nil); !errors.Is(err, ErrAudit) {
					t.Errorf("record %d: VerifyAudit = %v, want ErrAudit", n, err)
				}
				if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrAudit) {
					t.Errorf("record %d: Open = %v, want ErrAudit", n, err)
				}
			}
		})
	}
}

// A careful forger also moves the head. Then the pin tells.
func TestTruncationIsDetectedAgainstAPinnedHead(t *testing.T) {
	t.Parallel()
	const records = 4
	for keep := range records {
		cfg := auditedConfig(t, records)
		pin := mustVerifyAudit(t, cfg.Path, nil).Head
		head := fmt.Sprintf("UPDATE audit_head SET seq = %d, hash = (SELECT hash FROM audit WHERE seq = %d)", keep, keep)
		if keep == 0 {
			head = "DELETE FROM audit_head"
		}
		forge(t, cfg.Path, fmt.Sprintf("DELETE FROM audit WHERE seq > %d", keep), head)
		if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != uint64(keep) {
			t.Errorf("%d records are left, want %d", s.Records, keep)
		}
		if _, err := VerifyAudit(t.Context(), At(cfg.Path), &pin); !errors.Is(err, ErrAudit) {
			t.Errorf("cut after %d: %v, want ErrAudit", keep, err)
		}
	}
}

// Whoever has the database and not the seed can compute all hashes anew. The pin
// and the next start both notice.
func TestAChainMadeAnewWithoutTheSeedIsDetected(t *testing.T) {
	t.Parallel()
	const records = 4
	for from := 1; from <= records; from++ {
		cfg := auditedConfig(t, records)
		pin := mustVerifyAudit(t, cfg.Path, nil).Head
		remake(t, cfg.Path, uint64(from))
		if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != records {
			t.Fatalf("the forgery is clumsy: %+v", s)
		}
		if _, err := VerifyAudit(t.Context(), At(cfg.Path), &pin); !errors.Is(err, ErrAudit) {
			t.Errorf("from %d: VerifyAudit with a pin = %v, want ErrAudit", from, err)
		}
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrAudit) {
			t.Errorf("from %d: Open = %v, want ErrAudit", from, err)
		}
	}
}

// remake changes a record and then every hash from there on.
func remake(t *testing.T, path string, from uint64) {
	t.Helper()
	var records []AuditRecord
	err := readAudit(t.Context(), At(path), func(tx sqldb.Tx, _ bdhke.Point) error {
		return eachAuditRecord(t.Context(), tx, 0, func(r AuditRecord, _ []byte) error {
			records = append(records, r)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for i := from - 1; i < uint64(len(records)); i++ {
		if i == from-1 {
			records[i].Client = "nobody"
		} else {
			records[i].Prev = records[i-1].Hash
		}
		records[i].Hash = records[i].digest()
		statements = append(statements, fmt.Sprintf("UPDATE audit SET client = '%s', prev = x'%x', hash = x'%x' WHERE seq = %d",
			records[i].Client, records[i].Prev, records[i].Hash, records[i].Seq))
	}
	last := records[len(records)-1]
	statements = append(statements, fmt.Sprintf("UPDATE audit_head SET hash = x'%x'", last.Hash))
	forge(t, path, statements...)
}

func TestALogOfAnotherKeystoreDoesNotFit(t *testing.T) {
	t.Parallel()
	cfg := auditedConfig(t, 2)
	forge(t, cfg.Path, `UPDATE keystore SET identity = x'02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5'`)
	if _, err := VerifyAudit(t.Context(), At(cfg.Path), nil); !errors.Is(err, ErrAudit) {
		t.Errorf("VerifyAudit = %v, want ErrAudit", err)
	}
}

func TestTheStartChecksOnlyTheTailOfALongLog(t *testing.T) {
	t.Parallel()
	cfg := auditedConfig(t, auditTail+2)
	mustClose(t, mustOpen(t, cfg))
	forge(t, cfg.Path, "UPDATE audit SET client = 'x' WHERE seq = 3")
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrAudit) {
		t.Errorf("Open with damage in the tail = %v, want ErrAudit", err)
	}
	forge(t, cfg.Path, "UPDATE audit SET client = 'mint' WHERE seq = 3", "UPDATE audit SET client = 'x' WHERE seq = 2")
	mustClose(t, mustOpen(t, cfg))
	if _, err := VerifyAudit(t.Context(), At(cfg.Path), nil); !errors.Is(err, ErrAudit) {
		t.Errorf("VerifyAudit = %v, want ErrAudit: it reads everything", err)
	}
}

func TestAnActionWithoutItsAuditRecordDoesNotHappen(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	prepared := mustPrepare(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	active := mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2)})
	before := ks.current.Load()
	// The table is full, gone, broken: it does not matter why.
	if err := ks.db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test.break", SQL: "ALTER TABLE audit RENAME TO away"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func() error{
		"rotate":   func() error { _, err := ks.Rotate(t.Context(), RotateParams{Unit: "usd"}); return err },
		"prepare":  func() error { _, err := ks.Prepare(t.Context(), RotateParams{Unit: "usd"}); return err },
		"activate": func() error { return ks.Activate(t.Context(), prepared.ID, true) },
		"retire":   func() error { return ks.Retire(t.Context(), active.ID) },
		"freeze":   func() error { return ks.Freeze(t.Context(), "", "admin") },
		"unfreeze": func() error { return ks.Unfreeze(t.Context(), "", "admin") },
		"audit":    func() error { return ks.Audit(t.Context(), AuditStart, "", nil) },
	} {
		if err := act(); err == nil {
			t.Errorf("%s succeeded without an audit record", name)
		}
	}
	if ks.current.Load() != before || len(mustRows(t, ks)) != 2 {
		t.Error("something changed")
	}
	if f, err := ks.Freezes(t.Context()); err != nil || len(f) != 0 {
		t.Errorf("freezes %v, %v", f, err)
	}
}

func TestAnAuditRecordTakesNothingThatCouldBeASecret(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	for name, value := range map[string]any{
		"a seed": mustSeed(t, otherSeed), "a point": ks.Identity(), "bytes": []byte{1}, "nothing": nil,
		"a struct": struct{ A int }{1}, "a float": 1.5, "bytes in a string": "\xff",
		"a long text": strings.Repeat("x", maxAuditDetail),
	} {
		if err := ks.Audit(t.Context(), AuditConfig, "", map[string]any{"k": value}); err == nil {
			t.Errorf("%s was recorded", name)
		}
	}
	if err := ks.Audit(t.Context(), AuditConfig, strings.Repeat("x", 257), nil); err == nil {
		t.Error("a name of 257 bytes was recorded")
	}
	if seq, _, err := ks.AuditHead(t.Context()); err != nil || seq != 0 {
		t.Errorf("the head is %d, %v", seq, err)
	}
}

func TestAnExportIsLinesOfJSONThatCanBeCheckedElsewhere(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	ctx := WithClient(t.Context(), "rotator-1")
	if _, err := ks.Rotate(ctx, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)}); err != nil {
		t.Fatal(err)
	}
	if err := ks.Audit(ctx, AuditRefuse, "mint <&>", map[string]any{"b": cashu.Unit("sat"), "a": []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := ExportAudit(t.Context(), At(cfg.Path), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	var last auditJSON
	if err := json.Unmarshal([]byte(lines[1]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Seq != 2 || last.Kind != AuditRefuse || last.Client != "mint <&>" || string(last.Detail) != `{"a":["x"],"b":"sat"}` {
		t.Errorf("line %s", lines[1])
	}
	r := AuditRecord{Seq: last.Seq, At: last.At, Kind: last.Kind, Client: last.Client, Detail: string(last.Detail)}
	if n, err := hex.Decode(r.Prev[:], []byte(last.Prev)); err != nil || n != len(r.Prev) {
		t.Fatal(n, err)
	}
	if got := r.digest(); fmt.Sprintf("%x", got) != last.Hash {
		t.Errorf("the exported fields hash to %x, the line says %s", got, last.Hash)
	}
	if !strings.Contains(lines[0], `"client":"rotator-1"`) {
		t.Errorf("the rotation names nobody: %s", lines[0])
	}
}

func TestRecordsOfManyAtOnceFormOneChain(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if err := ks.Audit(context.Background(), AuditSigned, "mint", map[string]any{"n": i}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != 40 {
		t.Errorf("%d records, want 40", s.Records)
	}
}

func TestAHeadIsReadBackAsItIsWritten(t *testing.T) {
	t.Parallel()
	h := AuditHead{Seq: 12, Hash: auditOrigin(bdhke.Point{})}
	if got, err := ParseAuditHead(h.String()); err != nil || got != h {
		t.Errorf("%v, %v, want %v", got, err, h)
	}
	for _, bad := range []string{"", "12", "12:", "12:00", ":" + strings.Repeat("0", 64), "12:" + strings.Repeat("A", 64),
		"012:" + strings.Repeat("0", 64), "12:" + strings.Repeat("0", 66), h.String() + " ", "-1:" + strings.Repeat("0", 64)} {
		if _, err := ParseAuditHead(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
