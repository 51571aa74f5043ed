package mint

import "sync/atomic"

// MeltStats counts what became of payments, since the start of this process.
type MeltStats struct {
	Paid   int64 // finished, by this process, recovered ones included
	Failed int64 // undone, because the payment failed
	Open   int64 // left open by who waited: it took too long, or nobody knew
}

// meltCounts are MeltStats as they grow.
type meltCounts struct{ paid, failed, open atomic.Int64 }

// MeltStats is for monitoring.
func (m *Mint) MeltStats() MeltStats {
	return MeltStats{Paid: m.melts.paid.Load(), Failed: m.melts.failed.Load(), Open: m.melts.open.Load()}
}
