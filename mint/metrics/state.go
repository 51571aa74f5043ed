package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
)

// Mint is what is asked at every reading.
type Mint interface {
	Health(ctx context.Context) mint.Health
	Keysets() *mint.KeysetView
	EventStats() events.Stats
	MeltStats() mint.MeltStats
	Payments(ctx context.Context) mint.Payments
	KeysetSeen(id cashu.KeysetID) time.Time
}

// Records is the part of the store that is read at every reading: what is owed,
// and what is unfinished.
type Records interface {
	mint.TotalsReads
	CountAside(ctx context.Context) (map[string]int, error)
	Sagas(ctx context.Context) ([]mint.Saga, error)
}

// Watch adds the state of a mint to the page. It is read when the page is.
func (m *Metrics) Watch(subject Mint, records Records) {
	m.registry.MustRegister(&state{subject, records})
}

// WatchLoad adds how many requests are worked on and how many wait.
func (m *Metrics) WatchLoad(load func() (working, waiting int)) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: nameAtWork, Help: "Requests of wallets that are worked on."},
			func() float64 { working, _ := load(); return float64(working) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: nameWaiting, Help: "Requests of wallets that wait for their turn."},
			func() float64 { _, waiting := load(); return float64(waiting) }),
	)
}

// state collects what a mint is like now.
type state struct {
	mint    Mint
	records Records
}

// readTimeout bounds one reading of the state.
const readTimeout = 5 * time.Second

var (
	descReady       = prometheus.NewDesc(nameReady, "1 when there are keysets to serve.", nil, nil)
	descSignatoryUp = prometheus.NewDesc(nameSignatoryUp, "1 while the signatory's keyset stream stands.", nil, nil)
	descDatabaseUp  = prometheus.NewDesc(nameDatabaseUp, "1 while the database answers.", nil, nil)
	descWritable    = prometheus.NewDesc(nameWritable, "1 while the database takes writes; 0 when its disk is full, for one.", nil, nil)
	descStuck       = prometheus.NewDesc(nameStuck, "Operations that recovery cannot decide. Anything but 0 needs the operator.", nil, nil)
	descOverRedeem  = prometheus.NewDesc(nameOverRedeem, "Times a keyset was about to redeem more than it issued. Anything but 0 is an alarm.", nil, nil)
	descEpoch       = prometheus.NewDesc(nameEpoch, "The signatory's count of keyset changes.", nil, nil)
	descExpiry      = prometheus.NewDesc(nameExpiry, "Final expiry of a keyset in unix seconds, 0 for never.", []string{"keyset", "unit", "active"}, nil)
	descSeen        = prometheus.NewDesc(nameSeen, "When the mint first saw a keyset, in unix seconds. One that is older than this database, or than the memory of it, is as old as that.", []string{"keyset", "unit", "active"}, nil)
	descIssued      = prometheus.NewDesc(nameIssued, "Ecash issued, in the unit of the keyset.", []string{"keyset", "unit"}, nil)
	descRedeemed    = prometheus.NewDesc(nameRedeemed, "Ecash redeemed, in the unit of the keyset.", []string{"keyset", "unit"}, nil)
	descSagas       = prometheus.NewDesc(nameSagas, "Operations that are under way or left over, by kind.", []string{"kind"}, nil)
	descMelts       = prometheus.NewDesc(nameMelts, "Payments of melts, by what became of them. One that was left open is counted once more when it ends.", []string{"outcome"}, nil)
	descOldestMelt  = prometheus.NewDesc(nameOldestMelt, "Age of the oldest melt that is not finished; 0 when there is none.", nil, nil)
)

var (
	descAside   = prometheus.NewDesc(nameAside, "Payments that a backend reported and that could not be taken in. Anything but 0 needs the operator.", nil, nil)
	descNode    = prometheus.NewDesc(nameNode, "1 while the payment backend answers.", []string{"backend"}, nil)
	descHeld    = prometheus.NewDesc(nameHeld, "What the payment backend said last that it holds, all of it in each of its units.", []string{"backend", "unit"}, nil)
	descWay     = prometheus.NewDesc(nameWay, "1 while new quotes are made to mint or to melt by a method in a unit.", []string{"direction", "method", "unit"}, nil)
	descOwed    = prometheus.NewDesc(nameOwed, "Ecash that is out, and what was paid for more and is not issued yet, less what open payments may have cost, as the watchdog counts it.", []string{"unit"}, nil)
	descCover   = prometheus.NewDesc(nameCover, "What the payment backends hold to what is owed, as the watchdog counts it; absent while it is not known.", []string{"unit"}, nil)
	descAlarm   = prometheus.NewDesc(nameAlarm, "1 while the watchdog calls the operator.", []string{"unit"}, nil)
	descStopped = prometheus.NewDesc(nameStopped, "1 while the watchdog has stopped this.", []string{"direction", "unit"}, nil)
	descOldest  = prometheus.NewDesc(nameOldest, "Age of the oldest of them, 0 for none.", nil, nil)
	descPending = prometheus.NewDesc(namePending, "Proofs that these operations hold.", nil, nil)
	descSockets = prometheus.NewDesc(nameSockets, "WebSockets that are open.", nil, nil)
	descSubs    = prometheus.NewDesc(nameSubs, "Subscriptions of these WebSockets.", nil, nil)
	descTopics  = prometheus.NewDesc(nameTopics, "Quotes and proofs that these subscriptions name.", nil, nil)
	descSent    = prometheus.NewDesc(nameSent, "Notifications of state that were handed to WebSockets.", nil, nil)
	descSlow    = prometheus.NewDesc(nameSlow, "WebSockets closed because they were read too slowly.", nil, nil)
	descMissed  = prometheus.NewDesc(nameMissed, "Times the way to the other mintd was made, at the start or after a break, and everything subscribed was read again.", nil, nil)
)

var _ prometheus.Collector = (*state)(nil)

// Describe names the metrics.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descReady, descSignatoryUp, descDatabaseUp, descWritable, descStuck, descOverRedeem,
		descEpoch, descSeen, descExpiry, descIssued, descRedeemed, descSagas, descOldest, descPending, descMelts, descOldestMelt, descAside,
		descNode, descHeld, descWay, descOwed, descCover, descAlarm, descStopped, descSockets, descSubs, descTopics, descSent, descSlow, descMissed} {
		ch <- d
	}
}

// Collect reads the mint. What cannot be read is left out, and
// mintmark_database_up says why.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout) // the interface brings none
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	h, view := s.mint.Health(ctx), s.mint.Keysets()
	gauge(descReady, truth(h.Ready))
	gauge(descSignatoryUp, truth(h.Signatory))
	gauge(descDatabaseUp, truth(h.Database))
	gauge(descWritable, truth(h.Database && !h.NoWrites))
	gauge(descStuck, float64(h.Stuck))
	ch <- prometheus.MustNewConstMetric(descOverRedeem, prometheus.CounterValue, float64(h.OverRedeemed))
	gauge(descEpoch, float64(view.Epoch()))
	told := s.mint.EventStats()
	gauge(descSockets, float64(told.Inboxes))
	gauge(descSubs, float64(told.Subscriptions))
	gauge(descTopics, float64(told.Topics))
	for desc, n := range map[*prometheus.Desc]int64{descSent: told.Delivered, descSlow: told.Slow, descMissed: told.Missed} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n))
	}
	payments := s.mint.Payments(ctx)
	for _, node := range payments.Backends {
		gauge(descNode, truth(!node.Away), node.Name)
		for unit, held := range node.Balances {
			gauge(descHeld, float64(held), node.Name, string(unit))
		}
	}
	for _, w := range payments.Units {
		unit := string(w.Unit)
		gauge(descOwed, float64(w.Owed), unit)
		if w.Known {
			gauge(descCover, w.Ratio, unit)
		}
		gauge(descAlarm, truth(w.Alarm), unit)
		gauge(descStopped, truth(w.MintStopped), "mint", unit)
		gauge(descStopped, truth(w.MeltStopped), "melt", unit)
	}
	for _, way := range payments.Ways {
		direction := "mint"
		if way.Melt {
			direction = "melt"
		}
		gauge(descWay, truth(way.On), direction, way.Method, string(way.Unit))
	}
	melts := s.mint.MeltStats()
	for outcome, n := range map[string]int64{"paid": melts.Paid, "failed": melts.Failed, "open": melts.Open} {
		ch <- prometheus.MustNewConstMetric(descMelts, prometheus.CounterValue, float64(n), outcome)
	}
	units := map[string]string{}
	for _, ks := range view.All() {
		id, active := ks.ID.String(), "false"
		if ks.Active {
			active = "true"
		}
		units[id] = string(ks.Unit)
		gauge(descExpiry, float64(ks.FinalExpiry), id, string(ks.Unit), active)
		if seen := s.mint.KeysetSeen(ks.ID); !seen.IsZero() {
			gauge(descSeen, float64(seen.Unix()), id, string(ks.Unit), active)
		}
	}
	if totals, err := s.records.Totals(ctx); err == nil {
		for _, t := range totals {
			id := t.KeysetID.String()
			gauge(descIssued, float64(t.Issued), id, units[id])
			gauge(descRedeemed, float64(t.Redeemed), id, units[id])
		}
	}
	if aside, err := s.records.CountAside(ctx); err == nil {
		sum := 0
		for _, n := range aside {
			sum += n
		}
		gauge(descAside, float64(sum))
	}
	if sagas, err := s.records.Sagas(ctx); err == nil {
		kinds := map[mint.OperationKind]int{mint.OperationMint: 0, mint.OperationSwap: 0, mint.OperationMelt: 0}
		var oldest, oldestMelt time.Duration
		var pending int
		for _, saga := range sagas {
			if saga.Kind == mint.OperationMelt {
				oldestMelt = max(oldestMelt, time.Since(saga.Created))
			}
			kinds[saga.Kind]++
			pending += saga.Inputs // the saga and its proofs come and go in one commit
			oldest = max(oldest, time.Since(saga.Created))
		}
		gauge(descOldest, oldest.Seconds())
		gauge(descPending, float64(pending))
		gauge(descOldestMelt, oldestMelt.Seconds())
		for kind, n := range kinds {
			gauge(descSagas, float64(n), kind.String())
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
