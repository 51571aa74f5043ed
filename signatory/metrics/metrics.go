// Package metrics counts and times what a signatory does, for Prometheus.
//
// It trusts whoever may reach its page, which should be the operator's network
// only. It must never have a label that a client can choose, and never show what
// was signed: a keyset's totals are the finest that it knows.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mintmark/cashu"
	"mintmark/signatory/server"
)

// The names of all metrics, in one place, so that dashboards can rely on them.
const (
	nameCalls       = "signatory_call_seconds"
	nameRefusals    = "signatory_refusals_total"
	nameSignatures  = "signatory_signatures_total"
	nameValue       = "signatory_signed_value_total"
	nameReloadOK    = "signatory_last_reload_successful"
	nameReloads     = "signatory_reloads_total"
	nameLocked      = "signatory_locked"
	nameStale       = "signatory_stale"
	nameFrozen      = "signatory_frozen"
	nameEpoch       = "signatory_keyset_epoch"
	nameKeyset      = "signatory_keyset_final_expiry_seconds"
	nameKeysetAge   = "signatory_keyset_created_seconds"
	nameBudgetUsed  = "signatory_budget_used"
	nameBudgetLimit = "signatory_budget_limit"
	nameAudit       = "signatory_audit_head_seq"
	nameCertificate = "signatory_certificate_expiry_seconds"
	nameRotation    = "signatory_next_rotation_seconds"
)

// latencies fit both a lookup of 100 µs and a full call that waits for its turn.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Metrics is everything that is counted. It is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	calls      *prometheus.HistogramVec
	refusals   *prometheus.CounterVec
	signatures *prometheus.CounterVec
	value      *prometheus.CounterVec
	reloadOK   prometheus.Gauge
	reloads    *prometheus.CounterVec
}

var _ server.Meter = (*Metrics)(nil)

// New has the metrics of the process and of Go's runtime besides our own.
func New() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: nameCalls, Help: "Calls that were answered or refused, by method, with the wait for their turn.", Buckets: latencies,
		}, []string{"method"}),
		refusals:   counter(nameRefusals, "Calls that were not answered, by method and reason.", "method", "reason"),
		signatures: counter(nameSignatures, "Signatures that left, by keyset.", "keyset"),
		value:      counter(nameValue, "Value of the signatures that left, in the unit of the keyset.", "keyset"),
		reloadOK:   prometheus.NewGauge(prometheus.GaugeOpts{Name: nameReloadOK, Help: "0 when the last reload failed and the old certificates and clients are in force."}),
		reloads:    counter(nameReloads, "Reloads, by whether they succeeded.", "ok"),
	}
	m.reloadOK.Set(1)
	m.registry.MustRegister(
		m.calls, m.refusals, m.signatures, m.value, m.reloadOK, m.reloads,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler is the page that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Called implements server.Meter.
func (m *Metrics) Called(method, reason string, took time.Duration) {
	if took > 0 {
		m.calls.WithLabelValues(method).Observe(took.Seconds())
	}
	if reason != "" && reason != "OK" {
		m.refusals.WithLabelValues(method, reason).Inc()
	}
}

// Signed implements server.Meter.
func (m *Metrics) Signed(keyset string, signatures int, value cashu.Amount) {
	m.signatures.WithLabelValues(keyset).Add(float64(signatures))
	m.value.WithLabelValues(keyset).Add(float64(value))
}

// Reloaded implements server.Meter.
func (m *Metrics) Reloaded(ok bool) {
	word, value := "no", 0.0
	if ok {
		word, value = "yes", 1
	}
	m.reloads.WithLabelValues(word).Inc()
	m.reloadOK.Set(value)
}
