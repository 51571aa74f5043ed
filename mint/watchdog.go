package mint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"mintmark/cashu"
)

// Watchdog says when the mint calls its operator, and when it stops dealing, because
// what its payment backends hold does not cover the ecash that is out. The numbers are
// ratios of the one to the other; 0 is never.
type Watchdog struct {
	// AlarmBelow calls the operator.
	AlarmBelow float64
	// StopMintBelow and StopMeltBelow stop new quotes to mint, and quotes and payments to
	// melt, in this unit. What was paid is minted all the same, and payments under way
	// come to their end.
	StopMintBelow, StopMeltBelow float64
	// Margin is by how much a threshold must be passed again until things are as before.
	Margin float64
}

// validate refuses what nobody can mean.
func (w Watchdog) validate() error {
	for name, v := range map[string]float64{
		"alarm below": w.AlarmBelow, "stop mint below": w.StopMintBelow, "stop melt below": w.StopMeltBelow, "margin": w.Margin,
	} {
		if !(v >= 0 && v <= 100) {
			return fmt.Errorf("watchdog: %s must be between 0 and 100", name)
		}
	}
	return nil
}

func (w Watchdog) on() bool { return w.AlarmBelow > 0 || w.StopMintBelow > 0 || w.StopMeltBelow > 0 }

// Watched is a unit as the watchdog sees it.
type Watched struct {
	Coverage
	Alarm       bool `json:"alarm"`
	MintStopped bool `json:"mint_stopped"`
	MeltStopped bool `json:"melt_stopped"`
	// Since is when one of these has changed; zero: never.
	Since time.Time `json:"since,omitzero"`
}

// watchdogMemory is for how many looks the least that was owed counts. What is held is
// some seconds old, and meanwhile ecash was issued for what has just come in, or redeemed
// for what has just gone: neither must look like a loss.
const watchdogMemory = 3

// guard is what the watchdog has found. The zero value has found nothing.
type guard struct {
	mu    sync.Mutex
	units map[cashu.Unit]Watched
	owed  []map[cashu.Unit]cashu.Amount // the latest looks, the newest last
}

// watch compares on a timer until ctx ends.
func (m *Mint) watch(ctx context.Context) {
	if !m.cfg.Watchdog.on() {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(m.cfg.BackendInterval):
		}
		if err := m.compare(ctx); err != nil && ctx.Err() == nil {
			m.log.Error("cannot compare what is owed with what is held", "error", err)
		}
	}
}

// compare looks once.
func (m *Mint) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.OperationTimeout)
	defer cancel()
	owed, err := m.owed(ctx)
	if err != nil {
		return err
	}
	var purses []purse
	for i, node := range m.nodes.list(m.cfg.Backends) {
		purses = append(purses, purse{units: m.unitsOf(m.cfg.Backends[i]), held: node.Balances})
	}
	for _, news := range m.guard.judge(m.cfg.Watchdog, owed, purses, m.now()) {
		m.report(news)
	}
	return nil
}

// owed is the ecash that is out in each unit, and what was paid for more and is not issued
// yet, less what open melts may have paid already: their inputs are out, and their money
// may be gone.
func (m *Mint) owed(ctx context.Context) (map[cashu.Unit]cashu.Amount, error) {
	// Melts first: one that ends meanwhile is counted less, and not twice.
	open := map[cashu.Unit]cashu.Amount{}
	sagas, err := m.store.Sagas(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sagas: %w", err)
	}
	for _, s := range sagas {
		if s.Kind != OperationMelt {
			continue
		}
		q, err := m.store.MeltQuote(ctx, s.QuoteID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading a melt quote: %w", err)
		}
		sum, err := cashu.Sum(open[q.Unit], q.Amount, q.FeeReserve)
		if err != nil {
			return nil, fmt.Errorf("adding up open melts: %w", err)
		}
		open[q.Unit] = sum
	}
	totals, err := m.store.Totals(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading totals: %w", err)
	}
	owed, served := map[cashu.Unit]cashu.Amount{}, map[cashu.Unit]bool{}
	for _, t := range totals {
		ks, known := m.Keysets().Get(t.KeysetID)
		if !known || t.Redeemed > t.Issued { // which is an alarm of its own
			continue
		}
		if owed[ks.Unit], err = owed[ks.Unit].Add(t.Issued - t.Redeemed); err != nil {
			return nil, fmt.Errorf("adding up what is owed: %w", err)
		}
	}
	// And then what is not issued yet: what is issued meanwhile is counted less, too.
	for _, b := range m.cfg.Backends {
		for _, unit := range m.unitsOf(b) {
			served[unit] = true
		}
	}
	for unit := range served {
		unissued, err := m.store.Unissued(ctx, unit)
		if err != nil {
			return nil, fmt.Errorf("reading what is paid and not issued: %w", err)
		}
		if owed[unit], err = owed[unit].Add(unissued); err != nil {
			owed[unit] = math.MaxUint64 // whoever says so has no such money
		}
	}
	for unit, amount := range open {
		owed[unit] -= min(amount, owed[unit])
	}
	return owed, nil
}

// judge takes in a look and returns the units about which something has changed.
func (g *guard) judge(limits Watchdog, owed map[cashu.Unit]cashu.Amount, purses []purse, now time.Time) (changed []Watched) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.owed = append(g.owed, owed)
	g.owed = g.owed[max(0, len(g.owed)-watchdogMemory):]
	least := map[cashu.Unit]cashu.Amount{}
	for unit, amount := range owed {
		for _, before := range g.owed {
			amount = min(amount, before[unit])
		}
		least[unit] = amount
	}
	before := g.units
	g.units = map[cashu.Unit]Watched{}
	for _, c := range cover(least, purses) {
		was := before[c.Unit]
		is := Watched{Coverage: c, Alarm: was.Alarm, MintStopped: was.MintStopped, MeltStopped: was.MeltStopped, Since: was.Since}
		if c.Known && len(g.owed) == watchdogMemory { // what is not known changes nothing
			is.Alarm = below(c.Ratio, limits.AlarmBelow, limits.Margin, was.Alarm)
			is.MintStopped = below(c.Ratio, limits.StopMintBelow, limits.Margin, was.MintStopped)
			is.MeltStopped = below(c.Ratio, limits.StopMeltBelow, limits.Margin, was.MeltStopped)
		}
		if is.Alarm != was.Alarm || is.MintStopped != was.MintStopped || is.MeltStopped != was.MeltStopped {
			is.Since = now
			changed = append(changed, is)
		}
		g.units[c.Unit] = is
	}
	return changed
}

// below tells whether a ratio is below a threshold, or was and is not yet above it by
// the margin.
func below(ratio, threshold, margin float64, was bool) bool {
	if was {
		threshold += margin
	}
	return ratio < threshold
}

// report tells the operator.
func (m *Mint) report(w Watched) {
	log, text := m.log.Error, "ALARM: the payment backends hold less than the mint owes, as far as it watches"
	if !w.Alarm && !w.MintStopped && !w.MeltStopped {
		log, text = m.log.Info, "the payment backends cover what the mint owes again"
	}
	log(text, "unit", string(w.Unit), "owed", uint64(w.Owed), "held", uint64(w.Held), "ratio", w.Ratio,
		"alarm", w.Alarm, "minting_stopped", w.MintStopped, "melting_stopped", w.MeltStopped)
}

// stopped tells what the watchdog has stopped in a unit.
func (g *guard) stopped(unit cashu.Unit) (mint, melt bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.units[unit]
	return w.MintStopped, w.MeltStopped
}

// short tells whether anything needs the operator.
func (g *guard) short() bool {
	return slices.ContainsFunc(g.list(), func(w Watched) bool { return w.Alarm || w.MintStopped || w.MeltStopped })
}

// list is what the watchdog has found, by unit.
func (g *guard) list() []Watched {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Watched, 0, len(g.units))
	for _, w := range g.units {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b Watched) int { return methodUnit{"", a.Unit}.compare(methodUnit{"", b.Unit}) })
	return list
}
