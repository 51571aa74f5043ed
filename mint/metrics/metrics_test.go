package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
	"mintmark/mint/metrics"
	"mintmark/signatory"
)

// stubSigner fails as it is told.
type stubSigner struct{ err error }

func (s stubSigner) BlindSign(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return nil, s.err
}
func (s stubSigner) VerifyProofs(context.Context, []cashu.Proof) error { return s.err }

type stubMint struct{ health mint.Health }

func (s stubMint) Health(context.Context) mint.Health { return s.health }
func (s stubMint) Keysets() *mint.KeysetView          { return &mint.KeysetView{} }
func (s stubMint) EventStats() events.Stats {
	return events.Stats{Inboxes: 1, Subscriptions: 2, Topics: 3, Delivered: 4, Slow: 5, Missed: 6}
}

func (s stubMint) MeltStats() mint.MeltStats { return mint.MeltStats{Paid: 7, Failed: 8, Open: 9} }

func (s stubMint) KeysetSeen(cashu.KeysetID) time.Time { return time.Unix(1_700_000_000, 0) }

func (s stubMint) Payments(context.Context) mint.Payments {
	return mint.Payments{
		Backends: []mint.Node{{Name: "node", Balances: map[cashu.Unit]cashu.Amount{"sat": 70}}, {Name: "dollars", Away: true}},
		Units: []mint.Watched{
			{Coverage: mint.Coverage{Unit: "sat", Owed: 140, Held: 70, Known: true, Ratio: 0.5}, Alarm: true, MeltStopped: true},
			{Coverage: mint.Coverage{Unit: "usd", Owed: 3}},
		},
		Ways: []mint.Way{{Method: "bolt11", Unit: "sat", On: true}, {Method: "bolt11", Unit: "sat", Melt: true}},
	}
}

type stubRecords struct{ err error }

func (s stubRecords) Totals(context.Context) ([]mint.KeysetTotals, error) {
	id, err := cashu.ParseKeysetID("0011223344556677")
	return []mint.KeysetTotals{{KeysetID: id, Issued: 7, Redeemed: 3}}, errors.Join(err, s.err)
}
func (s stubRecords) Recount(context.Context) ([]mint.KeysetTotals, error) {
	return nil, errors.New("nobody recounts for a page")
}
func (s stubRecords) Sagas(context.Context) ([]mint.Saga, error) {
	melt := func(age time.Duration) mint.Saga {
		return mint.Saga{Operation: mint.Operation{Kind: mint.OperationMelt, Created: time.Now().Add(-age)}}
	}
	swap := mint.Saga{Operation: mint.Operation{Kind: mint.OperationSwap, Inputs: 3, Created: time.Now().Add(-time.Hour)}}
	return []mint.Saga{swap, melt(20 * time.Minute), melt(time.Minute)}, s.err
}

func (s stubRecords) CountAside(context.Context) (map[string]int, error) {
	return map[string]int{"node": 2, "other": 1}, s.err
}

func page(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func wantLines(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+page, "\n"+line) {
			t.Errorf("the page lacks %q", line)
		}
	}
}

func TestWhatHappensIsOnThePage(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Request("POST /v1/swap", 200, 0, time.Millisecond)
	m.Request("POST /v1/swap", 400, cashu.CodeProofsSpent, time.Millisecond)
	m.Authenticated("blind", "refused")
	m.Statement("proofs.add", time.Millisecond, nil)
	m.Statement("proofs.add", time.Millisecond, errors.New("no"))
	for _, err := range []error{nil, cashu.ErrKeysetInactive, fmt.Errorf("away: %w", signatory.ErrUnavailable), context.Canceled} {
		s := m.Signer(stubSigner{err})
		if _, got := s.BlindSign(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("the signer's %v became %v", err, got)
		}
		if got := s.VerifyProofs(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("the signer's %v became %v", err, got)
		}
	}
	wantLines(t, page(t, m),
		`mintmark_http_request_seconds_count{route="POST /v1/swap",status="200"} 1`,
		`mintmark_refusals_total{code="11001"} 1`,
		`mintmark_authentications_total{kind="blind",outcome="refused"} 1`,
		`mintmark_sql_statement_seconds_count{statement="proofs.add"} 2`,
		`mintmark_sql_errors_total{statement="proofs.add"} 1`,
		`mintmark_signatory_call_seconds_count{method="BlindSign"} 4`,
		`mintmark_signatory_errors_total{method="BlindSign",reason="12002"} 1`,
		`mintmark_signatory_errors_total{method="VerifyProofs",reason="unavailable"} 1`,
		`mintmark_signatory_errors_total{method="VerifyProofs",reason="caller gave up"} 1`,
		`go_goroutines `,
	)
}

func TestTheStateOfTheMintIsOnThePage(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.WatchLoad(func() (int, int) { return 4, 9 })
	m.Watch(stubMint{mint.Health{Ready: true, Database: true, Stuck: 2, OverRedeemed: 5}}, stubRecords{})
	wantLines(t, page(t, m),
		"mintmark_ready 1", "mintmark_signatory_up 0", "mintmark_database_up 1", "mintmark_stuck_sagas 2",
		"mintmark_websockets 1", "mintmark_subscriptions 2", "mintmark_subscribed_filters 3",
		"mintmark_notifications_total 4", "mintmark_websockets_slow_total 5", "mintmark_events_missed_total 6",
		"mintmark_over_redeemed_total 5", "mintmark_payments_set_aside 3",
		`mintmark_issued{keyset="0011223344556677",unit=""} 7`, `mintmark_redeemed{keyset="0011223344556677",unit=""} 3`,
		`mintmark_unfinished_operations{kind="swap"} 1`, `mintmark_unfinished_operations{kind="mint"} 0`,
		`mintmark_unfinished_operations{kind="melt"} 2`, "mintmark_oldest_unfinished_operation_seconds 360",
		"mintmark_pending_proofs 3", "mintmark_requests_at_work 4", "mintmark_requests_waiting 9",
		"mintmark_oldest_open_payment_seconds 120",
		`mintmark_payment_backend_up{backend="node"} 1`, `mintmark_payment_backend_up{backend="dollars"} 0`,
		`mintmark_payment_backend_balance{backend="node",unit="sat"} 70`,
		`mintmark_owed{unit="sat"} 140`, `mintmark_coverage_ratio{unit="sat"} 0.5`, `mintmark_watchdog_alarm{unit="sat"} 1`, `mintmark_watchdog_alarm{unit="usd"} 0`,
		`mintmark_watchdog_stopped{direction="melt",unit="sat"} 1`, `mintmark_watchdog_stopped{direction="mint",unit="sat"} 0`,
		`mintmark_payments_on{direction="mint",method="bolt11",unit="sat"} 1`, `mintmark_payments_on{direction="melt",method="bolt11",unit="sat"} 0`,
		`mintmark_melts_total{outcome="paid"} 7`, `mintmark_melts_total{outcome="failed"} 8`, `mintmark_melts_total{outcome="open"} 9`,
	)
}

func TestThePageLivesWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Watch(stubMint{}, stubRecords{errors.New("the disk is gone")})
	text := page(t, m)
	wantLines(t, text, "mintmark_database_up 0")
	if strings.Contains(text, "mintmark_issued") || strings.Contains(text, "disk is gone") {
		t.Error("the page shows what could not be read, or why")
	}
}
