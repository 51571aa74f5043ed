package mint

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// Node is what is known of a payment backend.
type Node struct {
	Name string `json:"name"`
	// Away: it did not answer when it was asked last.
	Away bool `json:"away"`
	// Reason is the error, for the operator alone.
	Reason string `json:"reason,omitzero"`
	// Since is when this began; zero: it was never asked.
	Since time.Time `json:"since,omitzero"`
	// Balances are what it said last that it holds, by unit; all of it in each.
	Balances map[cashu.Unit]cashu.Amount `json:"balances,omitzero"`
}

// nodes is what is known of all backends. The zero value knows of none.
type nodes struct {
	mu        sync.Mutex
	byName    map[string]*Node
	strangers map[string]error // names under which another node, or another memory, answers than before
}

// lookAtBackends asks every backend, now and on a timer, until ctx ends. Each is asked by itself:
// one that hangs makes no other look away.
func (m *Mint) lookAtBackends(ctx context.Context) {
	var wg sync.WaitGroup
	for _, b := range m.cfg.Backends {
		wg.Go(func() {
			for {
				m.lookAt(ctx, b)
				select {
				case <-ctx.Done():
					return
				case <-time.After(m.cfg.BackendInterval):
				}
			}
		})
	}
	wg.Wait()
}

// lookAt asks one backend for a sign of life and what it holds, as far as it can tell.
func (m *Mint) lookAt(ctx context.Context, b Backend) {
	if !looksAt(b) {
		return
	}
	pinger, pings := firstAs[lightning.Pinger](b)
	balancer, balances := firstAs[lightning.Balancer](b)
	askCtx, cancel := context.WithTimeout(ctx, backendTimeout)
	defer cancel()
	var err error
	if pings {
		err = pinger.Ping(askCtx)
	}
	if err == nil {
		err = m.sameBackend(askCtx, b)
	}
	held := map[cashu.Unit]cashu.Amount{}
	for _, unit := range m.unitsOf(b) {
		if !balances || err != nil {
			break
		}
		held[unit], err = balancer.Balance(askCtx, unit)
	}
	if ctx.Err() != nil {
		return
	}
	m.heard(b.Name, err)
	m.nodes.hold(b.Name, held, err)
}

// looksAt tells whether there is anything that a backend can be asked for by itself.
func looksAt(b Backend) bool {
	_, pings := firstAs[lightning.Pinger](b)
	_, balances := firstAs[lightning.Balancer](b)
	_, identified := firstAs[lightning.Identified](b)
	_, remembers := firstAs[lightning.Remembering](b)
	return pings || balances || identified || remembers
}

// firstAs finds what a backend can, in either of its halves.
func firstAs[T any](b Backend) (t T, ok bool) {
	if t, ok = b.Receiver.(T); !ok {
		t, ok = b.Payer.(T)
	}
	return t, ok
}

// unitsOf lists the units that a backend serves, in either direction.
func (m *Mint) unitsOf(b Backend) []cashu.Unit {
	units := slices.Clone(b.Units)
	if len(units) == 0 && b.Receiver != nil {
		for _, s := range b.Receiver.Settings() {
			units = append(units, s.Unit)
		}
	}
	if len(b.Units) == 0 && b.Payer != nil {
		for _, s := range b.Payer.PaySettings() {
			units = append(units, s.Unit)
		}
	}
	slices.Sort(units)
	return slices.DeleteFunc(slices.Compact(units), func(u cashu.Unit) bool { return u == unitAuth })
}

// answered notes what came of a request's question to a backend. Where the mint looks
// by itself, it does not count: strangers choose what is asked.
func (m *Mint) answered(name string, err error) {
	for _, b := range m.cfg.Backends {
		if b.Name == name && !looksAt(b) {
			m.heard(name, err)
		}
	}
}

// heard notes what came of asking a backend, and says so when it changes.
func (m *Mint) heard(name string, err error) {
	if errors.Is(err, lightning.ErrClosed) || errors.Is(err, context.Canceled) {
		return // by ourselves
	}
	if refusal(err) {
		err = nil // it has answered
	}
	switch m.nodes.note(name, err, m.now()) {
	case nodeLeft:
		m.log.Error("a payment backend is away: quotes that need it are refused, and payments under way stay pending", "backend", name, "error", err)
	case nodeBack:
		m.log.Info("a payment backend is back", "backend", name)
	}
}

// refusal tells an answer about the request from a failure of the backend.
func refusal(err error) bool {
	for _, answer := range []error{
		lightning.ErrRefused, lightning.ErrAmountless, lightning.ErrOtherAmount, lightning.ErrRequestExpired, lightning.ErrUnknownRequest,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

type nodeChange uint8

const (
	nodeSame nodeChange = iota
	nodeLeft
	nodeBack
)

func (n *nodes) note(name string, err error, now time.Time) nodeChange {
	n.mu.Lock()
	defer n.mu.Unlock()
	node := n.of(name)
	was, first := node.Away, node.Since.IsZero()
	node.Away, node.Reason = err != nil, ""
	if err != nil {
		node.Reason = err.Error()
	}
	if first || was != node.Away {
		node.Since = now
	}
	switch {
	case node.Away && !was:
		return nodeLeft
	case was && !node.Away:
		return nodeBack
	}
	return nodeSame
}

func (n *nodes) hold(name string, held map[cashu.Unit]cashu.Amount, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	node := n.of(name)
	node.Balances = held
	if err != nil {
		node.Balances = nil // what it held before says nothing
	}
}

func (n *nodes) of(name string) *Node {
	if n.byName == nil {
		n.byName = map[string]*Node{}
	}
	if n.byName[name] == nil {
		n.byName[name] = &Node{Name: name}
	}
	return n.byName[name]
}

// away lists the names of those that do not answer.
func (n *nodes) away() (names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, node := range n.byName {
		if node.Away {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// list copies what is known of the named ones.
func (n *nodes) list(backends []Backend) (list []Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range backends {
		list = append(list, *n.of(b.Name))
	}
	return list
}
