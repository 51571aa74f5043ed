// Package metrics counts and times what a mint does, for Prometheus.
//
// It trusts whoever may reach its page, which should be the operator's network
// only. It must never have a label that a stranger can choose, and never one that
// identifies a wallet: routes are patterns, codes are numbers, statements are
// constants of the program.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/signatory"
)

// The names of all metrics, in one place, so that dashboards can rely on them.
const (
	nameRequests    = "mintmark_http_request_seconds"
	nameRefusals    = "mintmark_refusals_total"
	nameAuth        = "mintmark_authentications_total"
	nameStatements  = "mintmark_sql_statement_seconds"
	nameSQLErrors   = "mintmark_sql_errors_total"
	nameSignatory   = "mintmark_signatory_call_seconds"
	nameSigErrors   = "mintmark_signatory_errors_total"
	nameReady       = "mintmark_ready"
	nameSignatoryUp = "mintmark_signatory_up"
	nameWritable    = "mintmark_database_writable"
	nameDatabaseUp  = "mintmark_database_up"
	nameStuck       = "mintmark_stuck_sagas"
	nameOverRedeem  = "mintmark_over_redeemed_total"
	nameEpoch       = "mintmark_keyset_epoch"
	nameSeen        = "mintmark_keyset_first_seen_seconds"
	nameExpiry      = "mintmark_keyset_final_expiry_seconds"
	nameIssued      = "mintmark_issued"
	nameRedeemed    = "mintmark_redeemed"
	nameSagas       = "mintmark_unfinished_operations"
	nameOldest      = "mintmark_oldest_unfinished_operation_seconds"
	namePending     = "mintmark_pending_proofs"
	nameAtWork      = "mintmark_requests_at_work"
	nameWaiting     = "mintmark_requests_waiting"
	nameMelts       = "mintmark_melts_total"
	nameNode        = "mintmark_payment_backend_up"
	nameHeld        = "mintmark_payment_backend_balance"
	nameWay         = "mintmark_payments_on"
	nameOwed        = "mintmark_owed"
	nameCover       = "mintmark_coverage_ratio"
	nameAlarm       = "mintmark_watchdog_alarm"
	nameStopped     = "mintmark_watchdog_stopped"
	nameOldestMelt  = "mintmark_oldest_open_payment_seconds"
	nameAside       = "mintmark_payments_set_aside"
	nameSockets     = "mintmark_websockets"
	nameSubs        = "mintmark_subscriptions"
	nameTopics      = "mintmark_subscribed_filters"
	nameSent        = "mintmark_notifications_total"
	nameSlow        = "mintmark_websockets_slow_total"
	nameMissed      = "mintmark_events_missed_total"
)

// latencies fit both a lookup of 100 µs and a call that waits for its deadline.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Metrics is everything that is counted. It is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	refusals   *prometheus.CounterVec
	auth       *prometheus.CounterVec
	statements *prometheus.HistogramVec
	sqlErrors  *prometheus.CounterVec
	signatory  *prometheus.HistogramVec
	sigErrors  *prometheus.CounterVec
}

// New has the metrics of the process and of Go's runtime besides the mint's own.
func New() *Metrics {
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: latencies}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		requests:   histogram(nameRequests, "Requests of wallets, by route and HTTP status.", "route", "status"),
		refusals:   counter(nameRefusals, "Refusals, by the code of the NUTs.", "code"),
		auth:       counter(nameAuth, "Authentication tokens that were looked at, clear or blind, by what came of it.", "kind", "outcome"),
		statements: histogram(nameStatements, "SQL statements, by name.", "statement"),
		sqlErrors:  counter(nameSQLErrors, "SQL statements that failed, by name.", "statement"),
		signatory:  histogram(nameSignatory, "Calls to the signatory, by method.", "method"),
		sigErrors:  counter(nameSigErrors, "Calls to the signatory that failed, by method and reason.", "method", "reason"),
	}
	m.registry.MustRegister(
		m.requests, m.refusals, m.auth, m.statements, m.sqlErrors, m.signatory, m.sigErrors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler is the page that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Request notes an answered request; code is 0 unless it was refused.
func (m *Metrics) Request(route string, status int, code cashu.Code, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
	if code != 0 {
		m.refusals.WithLabelValues(strconv.Itoa(int(code))).Inc()
	}
}

// Authenticated notes what came of a token.
func (m *Metrics) Authenticated(kind, outcome string) { m.auth.WithLabelValues(kind, outcome).Inc() }

// Statement notes an SQL statement.
func (m *Metrics) Statement(name string, took time.Duration, err error) {
	m.statements.WithLabelValues(name).Observe(took.Seconds())
	if err != nil {
		m.sqlErrors.WithLabelValues(name).Inc()
	}
}

// signer times a Signer.
type signer struct {
	next mint.Signer
	m    *Metrics
}

// Signer times the calls to a signatory.
func (m *Metrics) Signer(next mint.Signer) mint.Signer { return signer{next, m} }

func (s signer) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	start := time.Now()
	sigs, err := s.next.BlindSign(ctx, messages)
	s.m.call("BlindSign", time.Since(start), err)
	return sigs, err
}

func (s signer) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	start := time.Now()
	err := s.next.VerifyProofs(ctx, proofs)
	s.m.call("VerifyProofs", time.Since(start), err)
	return err
}

func (m *Metrics) call(method string, took time.Duration, err error) {
	m.signatory.WithLabelValues(method).Observe(took.Seconds())
	if err == nil {
		return
	}
	reason := "other"
	var refusal *cashu.Error
	switch {
	case errors.As(err, &refusal):
		reason = strconv.Itoa(int(refusal.Code))
	case errors.Is(err, signatory.ErrUnavailable):
		reason = "unavailable"
	case errors.Is(err, signatory.ErrBadAnswer):
		reason = "bad answer"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		reason = "caller gave up"
	}
	m.sigErrors.WithLabelValues(method, reason).Inc()
}
