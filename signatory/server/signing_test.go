package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
	"mintmark/signatory"
)

// ourMint is a clients file in which this process is a mint, with more lines.
func ourMint(t *testing.T, more string) *Clients {
	t.Helper()
	return mustParse(t, fmt.Sprintf("[[client]]\nname = \"mint\"\nroles = [\"mint\", \"monitor\"]\nuid = [%d]\n%s", os.Geteuid(), more))
}

// storedKeystore is a keystore in a file, which can be opened again.
func storedKeystore(t *testing.T, path string, create bool, clock func() time.Time) *keystore.Keystore {
	t.Helper()
	seed, err := seedfile.FromHex(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	ks, err := keystore.Open(t.Context(), keystore.Config{
		Path: path, Create: create, Seed: seed, Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ks.Close() })
	return ks
}

// kinds are those of the audit log, in order.
func kinds(t *testing.T, path string) map[keystore.AuditKind]uint64 {
	t.Helper()
	s, err := keystore.VerifyAudit(t.Context(), keystore.At(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Kinds
}

func TestAStolenMintSignsNoMoreThanItsBudget(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Unix(1_900_000_200, 0).Add(time.Duration(ahead.Load())) }
	file := filepath.Join(t.TempDir(), "k.db")
	ks := storedKeystore(t, file, true, clock)
	k := rotate(t, ks, 0)
	clients := ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_value = 80\nday_signatures = 12\n")
	socket := socketPath(t)
	cfg := Config{Keystore: ks, Records: ks, Clients: clients, Listen: "unix:" + socket, Clock: clock}
	r := serve(t, cfg)
	c := dial(t, signatory.ClientConfig{Address: "unix:" + socket})
	sign := func(n int) error {
		messages, _ := order(t, k, 8, n)
		_, err := c.BlindSign(t.Context(), messages)
		return err
	}
	over := func(when string, err error, want string) {
		t.Helper()
		if refusal, ok := errors.AsType[*cashu.Error](err); !ok || refusal.Code != cashu.CodeRateLimited || !strings.Contains(refusal.Detail, want) {
			t.Errorf("%s: %v", when, err)
		}
	}
	if err := sign(7); err != nil {
		t.Fatal(err)
	}
	over("more than is left of the hour", sign(4), "the value budget for sat per hour is used up: 80")
	// What was refused by the keystore has cost nothing.
	messages, _ := order(t, k, 8, 1)
	if _, err := c.BlindSign(t.Context(), append(messages, messages[0])); !errors.Is(err, cashu.ErrDuplicateOutputs) {
		t.Error(err)
	}
	if err := sign(3); err != nil {
		t.Errorf("exactly what is left: %v", err)
	}
	over("one more", sign(1), "per hour")

	// A restart, and a database that is all that is left, give nothing back.
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := ks.Close(); err != nil {
		t.Fatal(err)
	}
	ks = storedKeystore(t, file, false, clock)
	cfg.Keystore, cfg.Records = ks, ks
	r = serve(t, cfg)
	over("after a restart", sign(1), "per hour")
	ahead.Store(int64(66 * time.Minute))
	if err := sign(1); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	over("within the hour, beyond the day", sign(3), "the signatures budget for sat per day is used up: 12")
	if got := kinds(t, file); got[keystore.AuditBudget] == 0 || got[keystore.AuditStart] != 2 || got[keystore.AuditConfig] != 2 || got[keystore.AuditStop] != 1 {
		t.Errorf("the audit log has %v", got)
	}
	if !strings.Contains(r.logs.String(), "msg=alarm kind=budget client=mint") {
		t.Errorf("there is no alarm:\n%s", r.logs)
	}
}

func TestAUnitWithoutBudgetIsNotSignedForAClientThatHasOne(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	socket := socketPath(t)
	serve(t, Config{
		Keystore: ks, Records: ks, Listen: "unix:" + socket,
		Clients: ourMint(t, "[[client.budget]]\nunit = \"usd\"\nhour_value = 80\n"),
	})
	messages, _ := order(t, ks.Keysets().Keysets[0], 1, 1)
	_, err := dial(t, signatory.ClientConfig{Address: "unix:" + socket}).BlindSign(t.Context(), messages)
	if err == nil || !strings.Contains(err.Error(), "there is no budget for sat") {
		t.Error(err)
	}
}

// brokenRecords cannot write.
type brokenRecords struct {
	Records
	broken  atomic.Bool
	noAudit atomic.Bool
}

func (b *brokenRecords) Audit(ctx context.Context, kind keystore.AuditKind, client string, detail map[string]any) error {
	if b.noAudit.Load() {
		return errors.New("the disk is full")
	}
	return b.Records.Audit(ctx, kind, client, detail)
}

func (b *brokenRecords) ReserveBudget(ctx context.Context, client string, since int64, decide func([]keystore.BudgetCounter) ([]keystore.BudgetCounter, error)) error {
	if b.broken.Load() {
		return errors.New("the disk is full")
	}
	return b.Records.ReserveBudget(ctx, client, since, decide)
}

func (b *brokenRecords) Freeze(ctx context.Context, unit cashu.Unit, client string) error {
	if b.broken.Load() {
		return errors.New("the disk is full")
	}
	return b.Records.Freeze(ctx, unit, client)
}

func (b *brokenRecords) Unfreeze(ctx context.Context, unit cashu.Unit, client string) error {
	if b.broken.Load() {
		return errors.New("the disk is full")
	}
	return b.Records.Unfreeze(ctx, unit, client)
}

func TestNothingIsSignedThatCannotBeCounted(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	records := &brokenRecords{Records: ks}
	socket := socketPath(t)
	r := serve(t, Config{
		Keystore: ks, Records: records, Listen: "unix:" + socket,
		Clients: ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_signatures = 3\n"),
	})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + socket})
	messages, _ := order(t, ks.Keysets().Keysets[0], 1, 3)
	records.broken.Store(true)
	for range 5 { // and what was not signed is not used up
		if _, err := c.BlindSign(t.Context(), messages); err == nil || strings.Contains(err.Error(), "disk") {
			t.Fatal(err)
		}
	}
	if !strings.Contains(r.logs.String(), "reserving the budget of mint: the disk is full") {
		t.Errorf("%s", r.logs)
	}
	records.broken.Store(false)
	if _, err := c.BlindSign(t.Context(), messages); err != nil {
		t.Error(err)
	}
}

func TestManyAtOnceShareOneBudget(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	socket := socketPath(t)
	serve(t, Config{
		Keystore: ks, Records: ks, Listen: "unix:" + socket,
		Clients: ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_signatures = 50\n"),
	})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + socket})
	var signed atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			messages, _ := order(t, ks.Keysets().Keysets[0], 1, 3)
			if got, err := c.BlindSign(t.Context(), messages); err == nil {
				signed.Add(int64(len(got)))
			}
		})
	}
	wg.Wait()
	if signed.Load() != 48 {
		t.Errorf("%d were signed of a budget of 50 in threes", signed.Load())
	}
}

func TestFrozenMeansFrozen(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	records := &brokenRecords{Records: ks}
	f, err := openFrozen(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	budgets, err := openBudgets(t.Context(), records, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := &signing{keystore: ks, budgets: budgets, frozen: f, journal: newJournal(ks, slog.New(slog.DiscardHandler), time.Now)}
	messages, _ := order(t, ks.Keysets().Keysets[0], 1, 1)
	expect := func(when string, s *signing, stopped bool) {
		t.Helper()
		_, err := s.sign(t.Context(), &Client{Name: "c"}, "", messages)
		if errors.Is(err, &cashu.Error{Code: cashu.CodeUnavailable}) != stopped || (err == nil) == stopped {
			t.Errorf("%s: %v", when, err)
		}
	}
	change := func(do func(context.Context, cashu.Unit, string) error, unit cashu.Unit) {
		t.Helper()
		if err := do(t.Context(), unit, "operator"); err != nil {
			t.Fatal(err)
		}
	}
	expect("at first", s, false)
	change(f.freeze, "usd")
	expect("with another unit frozen", s, false)
	change(f.freeze, "sat")
	expect("with its unit frozen", s, true)
	change(f.unfreeze, "sat")
	expect("when that is over", s, false)
	change(f.freeze, everyUnit)
	expect("with all frozen", s, true)
	change(f.unfreeze, "sat")
	expect("with all frozen and a unit unfrozen", s, true)

	again, err := openFrozen(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	expect("after a restart", &signing{keystore: ks, budgets: budgets, frozen: again, journal: s.journal}, true)

	// What cannot be written down: freezing holds, unfreezing does not.
	records.broken.Store(true)
	if err := f.unfreeze(t.Context(), everyUnit, "operator"); err == nil {
		t.Error("no error")
	}
	expect("when unfreezing could not be recorded", s, true)
	records.broken.Store(false)
	change(f.unfreeze, everyUnit)
	expect("when that is over too", s, false)
	records.broken.Store(true)
	if err := f.freeze(t.Context(), "sat", "operator"); err == nil || !strings.Contains(err.Error(), "would not survive a restart") {
		t.Error(err)
	}
	expect("when freezing could not be recorded", s, true)
}

// What is under way when the switch is thrown does not leave.
func TestAFreezeCatchesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	ks := obliging(t)
	f, err := openFrozen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	budgets, err := openBudgets(t.Context(), nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := &signing{keystore: ks, check: checkNothing, budgets: budgets, frozen: f, journal: newJournal(nil, slog.New(slog.DiscardHandler), time.Now)}
	ks.sign = func(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
		return make([]cashu.BlindSignature, len(m)), f.freeze(ctx, "sat", "operator")
	}
	got, err := s.sign(t.Context(), &Client{Name: "c"}, "", []cashu.BlindedMessage{{Amount: 8, ID: keyset(t, 0, 0).ID, B: point(t, hexB)}})
	if got != nil || !errors.Is(err, &cashu.Error{Code: cashu.CodeUnavailable}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestHealthSaysWhenAllIsFrozen(t *testing.T) {
	t.Parallel()
	f, err := openFrozen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := newHealth(newFake(t, keyset(t, 0, 0)), f, nil, time.Now)
	for _, step := range []struct {
		do   func(context.Context, cashu.Unit, string) error
		unit cashu.Unit
		want healthpb.HealthCheckResponse_ServingStatus
	}{
		{f.freeze, "sat", healthpb.HealthCheckResponse_SERVING},
		{f.freeze, everyUnit, healthpb.HealthCheckResponse_NOT_SERVING},
		{f.unfreeze, everyUnit, healthpb.HealthCheckResponse_SERVING},
	} {
		if err := step.do(t.Context(), step.unit, "operator"); err != nil {
			t.Fatal(err)
		}
		h.update()
		got, err := h.server.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "signatory.Signatory"})
		if err != nil || got.GetStatus() != step.want {
			t.Errorf("%v, %v", got, err)
		}
	}
}

func TestTheSameAlarmIsRecordedOnceAMinute(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_900_000_000, 0)
	path := filepath.Join(t.TempDir(), "k.db")
	ks := storedKeystore(t, path, true, nil)
	j := newJournal(ks, slog.New(slog.DiscardHandler), func() time.Time { return now })
	for range 100 {
		j.raise(t.Context(), alarm{keystore.AuditRefuse, "a", "BlindSign"}, "no role")
	}
	j.raise(t.Context(), alarm{keystore.AuditRefuse, "b", "BlindSign"}, strings.Repeat("long", 5000))
	now = now.Add(alarmInterval)
	j.raise(t.Context(), alarm{keystore.AuditRefuse, "a", "BlindSign"}, "no role")
	if got := kinds(t, path)[keystore.AuditRefuse]; got != 3 {
		t.Errorf("%d records", got)
	}
	var out strings.Builder
	if err := keystore.ExportAudit(t.Context(), keystore.At(path), &out); err != nil || !strings.Contains(out.String(), `"not_recorded\":99`) && !strings.Contains(out.String(), `"not_recorded":99`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
