package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
)

// Auditor keeps the audit log. A record is durable when Audit returns; on an error
// what was to be recorded must not happen.
type Auditor interface {
	Audit(ctx context.Context, kind keystore.AuditKind, client string, detail map[string]any) error
	AuditHead(context.Context) (seq uint64, hash [32]byte, err error)
}

// BudgetStore remembers what was used. A stored counter never goes down. While
// decide runs, nobody else stores anything, also no other signatory.
type BudgetStore interface {
	LoadBudget(ctx context.Context, sinceBucket int64) ([]keystore.BudgetCounter, error)
	ReserveBudget(ctx context.Context, client string, sinceBucket int64, decide func([]keystore.BudgetCounter) ([]keystore.BudgetCounter, error)) error
}

// FreezeStore remembers what is frozen, together with the audit record of it.
type FreezeStore interface {
	Freezes(context.Context) ([]keystore.Freeze, error)
	Freeze(ctx context.Context, unit cashu.Unit, client string) error
	Unfreeze(ctx context.Context, unit cashu.Unit, client string) error
	// FreezesChanged is closed when somebody else has changed Freezes after this
	// call.
	FreezesChanged() <-chan struct{}
}

// Records is everything that has to outlive the process.
type Records interface {
	Auditor
	BudgetStore
	FreezeStore
}

var _ Records = (*keystore.Keystore)(nil)

// alarmInterval is how often the same alarm is recorded at most: who is refused a
// thousand times a second must not fill the audit log.
const alarmInterval = time.Minute

const maxReason = 500

// journal writes the audit log. Without an Auditor it writes none.
type journal struct {
	audit Auditor
	log   *slog.Logger
	clock func() time.Time

	mu     sync.Mutex
	alarms map[alarm]*alarmState
}

// alarm is what is recorded once in a while, however often it happens. The number
// of different ones is bounded by the clients and their units.
type alarm struct {
	kind   keystore.AuditKind
	client string
	about  string
}

type alarmState struct {
	last    time.Time
	skipped int
}

func newJournal(audit Auditor, log *slog.Logger, clock func() time.Time) *journal {
	return &journal{audit: audit, log: log, clock: clock, alarms: map[alarm]*alarmState{}}
}

// record writes one record, and fails closed.
func (j *journal) record(ctx context.Context, kind keystore.AuditKind, client string, detail map[string]any) error {
	if j.audit == nil {
		return nil
	}
	return j.audit.Audit(context.WithoutCancel(ctx), kind, client, detail)
}

// raise logs and records something that was refused. It is refused all the same
// when that fails.
func (j *journal) raise(ctx context.Context, a alarm, reason string) {
	if len(reason) > maxReason { // a certificate may have many names
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	now := j.clock()
	j.mu.Lock()
	state := j.alarms[a]
	if state == nil {
		state = &alarmState{}
		j.alarms[a] = state
	}
	if since := now.Sub(state.last); !state.last.IsZero() && since >= 0 && since < alarmInterval {
		state.skipped++
		j.mu.Unlock()
		return
	}
	skipped := state.skipped
	state.last, state.skipped = now, 0
	j.mu.Unlock()

	j.log.WarnContext(ctx, "alarm", "kind", string(a.kind), "client", a.client, "reason", reason, "not_recorded", skipped)
	err := j.record(ctx, a.kind, a.client, map[string]any{"about": a.about, "reason": reason, "not_recorded": skipped})
	if err != nil {
		j.log.ErrorContext(ctx, "the alarm could not be recorded", "error", err)
	}
}
