package mint

import (
	"context"
	"time"

	"mintmark/cashu"
)

// begin admits one operation and returns its context, which outlives the
// client's: once something is reserved, hanging up must not strand it. The
// caller calls the returned function at the end.
func (m *Mint) begin(ctx context.Context) (context.Context, func(), error) {
	return m.beginFor(ctx, m.cfg.OperationTimeout)
}

// beginFor is begin for an operation that may take another time.
func (m *Mint) beginFor(ctx context.Context, d time.Duration) (context.Context, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return nil, nil, cashu.Errorf(cashu.CodeUnavailable, "the mint is shutting down")
	}
	m.running.Add(1)
	opCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	return opCtx, func() {
		cancel()
		m.running.Done()
	}, nil
}

func (m *Mint) hold(ref OperationRef) {
	m.mu.Lock()
	m.inflight[ref] = struct{}{}
	m.mu.Unlock()
}

func (m *Mint) letGo(ref OperationRef) {
	m.mu.Lock()
	delete(m.inflight, ref)
	m.mu.Unlock()
}

func (m *Mint) holds(ref OperationRef) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.inflight[ref]
	return ok
}
