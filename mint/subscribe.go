package mint

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint/events"
)

// OpenInbox makes the place where the events of one connection arrive. The caller
// closes it.
func (m *Mint) OpenInbox() *events.Inbox { return m.events.Open() }

// EventStats counts who waits for events and what they got.
func (m *Mint) EventStats() events.Stats { return m.events.Stats() }

// Subscribe puts note into the inbox, then the state of everything that the
// filters name, then every change of it (NUT-17). Refusals are *cashu.Error and
// leave nothing in the inbox. A change of an unpaid quote may only be known to its
// backend: while it is subscribed it is asked, as often as by MintQuote at most.
func (m *Mint) Subscribe(ctx context.Context, in *events.Inbox, kind string, filters []string, note any) (*events.Subscription, error) {
	topics, err := m.topics(kind, filters)
	if err != nil {
		return nil, err
	}
	sub, err := in.Subscribe(ctx, topics, note)
	switch {
	case errors.Is(err, events.ErrUnknown):
		return nil, cashu.ErrUnknownQuote
	case errors.Is(err, events.ErrFull):
		return nil, cashu.Errorf(cashu.CodeUnavailable, "too much is subscribed at this mint, try again later")
	case err != nil:
		return nil, err
	}
	if kind != kindProofState {
		select {
		case m.askSoon <- struct{}{}:
		default: // it was told already
		}
	}
	return sub, nil
}

// topics turns filters into topics.
func (m *Mint) topics(kind string, filters []string) ([]events.Topic, error) {
	switch {
	case !slices.Contains(m.eventKinds(), kind):
		return nil, cashu.Errorf(cashu.CodeMalformed, "kind is not supported")
	case len(filters) == 0:
		return nil, cashu.Errorf(cashu.CodeMalformed, "filters are missing")
	case len(filters) > m.cfg.Limits.MaxStates:
		return nil, cashu.Errorf(cashu.CodeTooManyInputs, "%d filters are more than the %d allowed", len(filters), m.cfg.Limits.MaxStates)
	}
	topics := make([]events.Topic, len(filters))
	for i, filter := range filters {
		if kind == kindProofState {
			y, err := bdhke.ParsePointHex(filter)
			if err != nil {
				return nil, cashu.Errorf(cashu.CodeMalformed, "filter %d is not a Y", i)
			}
			topics[i] = proofTopic(y)
			continue
		}
		if len(filter) == 0 || len(filter) > 64 {
			return nil, cashu.ErrUnknownQuote
		}
		topics[i] = events.Topic{Kind: kind, ID: filter}
	}
	return topics, nil
}

// eventKinds is everything that can be subscribed.
func (m *Mint) eventKinds() []string {
	var kinds []string
	for _, s := range m.subscribable() {
		kinds = append(kinds, s.Commands...)
	}
	return kinds
}

// subscribable lists the kinds for each method and unit that is wired (NUT-06).
func (m *Mint) subscribable() []cashu.SubscribableInfo {
	var list []cashu.SubscribableInfo
	commands := map[methodUnit][]string{}
	for _, r := range m.receivers() {
		commands[r.key()] = append(commands[r.key()], r.settings.Method+mintQuoteKind)
	}
	for _, p := range m.payers() {
		commands[p.key()] = append(commands[p.key()], p.settings.Method+meltQuoteKind)
	}
	for key, kinds := range commands {
		list = append(list, cashu.SubscribableInfo{Method: key.method, Unit: key.unit, Commands: append(kinds, kindProofState)})
	}
	slices.SortFunc(list, func(a, b cashu.SubscribableInfo) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Unit, b.Unit))
	})
	return list
}

const (
	// askTick is how often it is looked which subscribed quotes are due.
	askTick = time.Second
	// shortestAskTick is for intervals so short that looking would be all there is.
	shortestAskTick = 10 * time.Millisecond
	// askers is how many questions to backends go on at once.
	askers = 4
)

// askForSubscribed asks the backends about quotes that somebody waits for until
// ctx ends: unpaid ones to be minted, and pending ones to be melted.
func (m *Mint) askForSubscribed(ctx context.Context) {
	asked := map[events.Topic]time.Time{}
	tick := time.NewTicker(max(shortestAskTick, min(askTick, m.cfg.PollInterval)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.askSoon:
		case <-tick.C:
		}
		due := m.dueQuotes(asked)
		work := make(chan func(context.Context))
		var wg sync.WaitGroup
		for range min(askers, len(due)) {
			wg.Go(func() {
				for ask := range work {
					ask(ctx)
				}
			})
		}
		for _, ask := range due {
			work <- ask
		}
		close(work)
		wg.Wait()
	}
}

// dueQuotes are the subscribed quotes to ask about now. asked is when that was
// done last, and forgets those that nobody waits for any more.
func (m *Mint) dueQuotes(asked map[events.Topic]time.Time) (due []func(context.Context)) {
	now, present := m.now(), map[events.Topic]time.Time{}
	add := func(t events.Topic, ask func(context.Context)) {
		last, before := asked[t]
		if before && now.Sub(last) < m.cfg.PollInterval && !now.Before(last) {
			present[t] = last
			return
		}
		present[t] = now
		due = append(due, ask)
	}
	for _, method := range m.methods() {
		m.events.Each(method+mintQuoteKind, func(id string, told events.State) {
			news, ok := told.(MintQuoteNews)
			if !ok || !m.awaitsPayment(news.MintQuote) {
				return
			}
			// What is paid at the last moment is seen a little later.
			if news.State() == QuoteUnpaid && rulesOf(method).whole && !news.Expiry.IsZero() && now.After(news.Expiry.Add(2*m.cfg.PollInterval)) {
				return
			}
			add(mintQuoteTopic(method, id), func(ctx context.Context) { m.askAbout(ctx, news.MintQuote) })
		})
		m.events.Each(method+meltQuoteKind, func(id string, told events.State) {
			news, ok := told.(MeltQuoteNews)
			if ok && (news.MeltQuote.State == MeltPending || news.MeltQuote.State == MeltSettled) {
				add(meltQuoteTopic(method, id), func(ctx context.Context) { m.lookAfter(ctx, news.MeltQuote) })
			}
		})
	}
	clear(asked)
	for t, at := range present {
		asked[t] = at
	}
	return due
}

// askAbout asks the backend about one quote, unless somebody has just done so.
// What comes of it is published as every payment is.
func (m *Mint) askAbout(ctx context.Context, q MintQuote) {
	b, err := m.receiverOf(q)
	if err != nil {
		return // it was taken away
	}
	if _, err := m.poll(ctx, b, q); err != nil && ctx.Err() == nil {
		m.sayNotAsked(b, q, err)
	}
}
