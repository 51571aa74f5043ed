package metrics

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory/server"
)

// Signatory is what is asked at every reading.
type Signatory interface {
	State(context.Context) server.State
}

// Watch adds the state of a signatory to the page. It is read when the page is.
// next tells when the next step of a rotation is due, by unit; nil: nobody rotates by
// itself.
func (m *Metrics) Watch(subject Signatory, next func() map[string]time.Time) {
	m.registry.MustRegister(&state{subject, next})
}

// state collects what a signatory is like now.
type state struct {
	signatory Signatory
	next      func() map[string]time.Time
}

// readTimeout bounds one reading of the state.
const readTimeout = 5 * time.Second

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descLocked      = describe(nameLocked, "1 while there are no keys in memory.")
	descStale       = describe(nameStale, "1 while it does not sign because its database is away.")
	descFrozen      = describe(nameFrozen, "1 for each unit whose signing is stopped; the unit all is every one.", "unit")
	descEpoch       = describe(nameEpoch, "The count of keyset changes.")
	descKeyset      = describe(nameKeyset, "Final expiry of a keyset in unix seconds, 0 for never.", "keyset", "unit", "stage")
	descKeysetAge   = describe(nameKeysetAge, "When a keyset was made, in unix seconds.", "keyset", "unit", "stage")
	descBudgetUsed  = describe(nameBudgetUsed, "What was used of a budget, in value or signatures.", "client", "unit", "window", "of")
	descBudgetLimit = describe(nameBudgetLimit, "The limit of a budget; where there is none there is no line.", "client", "unit", "window", "of")
	descAudit       = describe(nameAudit, "The number of the last audit record.")
	descCertificate = describe(nameCertificate, "When our certificate, or the first authority of ca.pem, ends, in unix seconds.", "role")
	descRotation    = describe(nameRotation, "When the next step of a rotation by itself is due, in unix seconds.", "unit")
)

var _ prometheus.Collector = (*state)(nil)

// Describe names the metrics.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLocked, descStale, descFrozen, descEpoch, descKeyset, descKeysetAge,
		descBudgetUsed, descBudgetLimit, descAudit, descCertificate, descRotation} {
		ch <- d
	}
}

// Collect reads the signatory. What it does not know while it is locked is left
// out.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout) // the interface brings none
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	now := s.signatory.State(ctx)
	gauge(descLocked, truth(now.Locked))
	for role, end := range now.Certificates {
		gauge(descCertificate, float64(end.Unix()), role)
	}
	if now.Locked {
		return
	}
	gauge(descStale, truth(now.Stale))
	gauge(descEpoch, float64(now.Epoch))
	for _, unit := range now.Frozen {
		name := string(unit)
		if name == "" {
			name = "all"
		}
		gauge(descFrozen, 1, name)
	}
	for _, k := range now.Keysets {
		gauge(descKeyset, float64(k.FinalExpiry), k.ID.String(), string(k.Unit), string(k.Stage))
		gauge(descKeysetAge, float64(k.Created.Unix()), k.ID.String(), string(k.Unit), string(k.Stage))
	}
	if now.AuditKnown {
		gauge(descAudit, float64(now.AuditSeq))
	}
	for _, b := range now.Budgets {
		collectBudget(gauge, b)
	}
	if s.next != nil {
		for unit, at := range s.next() {
			gauge(descRotation, float64(at.Unix()), unit)
		}
	}
}

func collectBudget(gauge func(*prometheus.Desc, float64, ...string), b *adminpb.Budget) {
	unit := b.GetUnit()
	if b.GetPurpose() != "" {
		unit += " " + b.GetPurpose()
	}
	window := func(name string, w *adminpb.Window) {
		for of, n := range map[string][2]uint64{
			"value":      {w.GetUsed().GetValue(), w.GetLimit().GetValue()},
			"signatures": {w.GetUsed().GetSignatures(), w.GetLimit().GetSignatures()},
		} {
			if n[1] == 0 {
				continue
			}
			gauge(descBudgetUsed, float64(n[0]), b.GetClient(), unit, name, of)
			gauge(descBudgetLimit, float64(n[1]), b.GetClient(), unit, name, of)
		}
	}
	window("hour", b.GetHour())
	window("day", b.GetDay())
	for _, k := range b.GetKeysets() {
		window(hex.EncodeToString(k.GetId()), k.GetWindow())
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
