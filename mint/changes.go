package mint

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mintmark/bdhke"
	"mintmark/mint/events"
)

// What wallets can subscribe to (NUT-17), as topics of the hub: the state of a
// proof under its Y, and a quote under its id.

const (
	kindProofState = "proof_state"
	mintQuoteKind  = "_mint_quote" // after the method
	meltQuoteKind  = "_melt_quote"
)

// ProofNews is the state of a proof, as subscribers get it.
type ProofNews struct{ ProofRecord }

var _ events.State = ProofNews{}

// Compare knows that nothing follows SPENT. A proof that is no longer pending may
// by now be pending again, by another operation.
func (n ProofNews) Compare(told events.State) events.Order {
	before, ok := told.(ProofNews)
	switch {
	case !ok:
		return events.Unclear
	case n.State == before.State:
		return events.Same
	case before.State == ProofSpent:
		return events.Older
	case n.State == ProofUnspent:
		return events.Unclear
	}
	return events.Newer
}

// MintQuoteNews is a mint quote, as subscribers get it.
type MintQuoteNews struct{ MintQuote }

var _ events.State = MintQuoteNews{}

// Compare goes by the time of the last visible change, which always grows.
func (n MintQuoteNews) Compare(told events.State) events.Order {
	before, ok := told.(MintQuoteNews)
	switch {
	case !ok:
		return events.Unclear
	case n.Updated.Equal(before.Updated):
		return events.Same
	case n.Updated.Before(before.Updated):
		return events.Older
	}
	return events.Newer
}

// MeltQuoteNews is a melt quote with its change, as subscribers get it.
type MeltQuoteNews struct{ Melted }

var _ events.State = MeltQuoteNews{}

// Compare is that of MintQuoteNews.
func (n MeltQuoteNews) Compare(told events.State) events.Order {
	before, ok := told.(MeltQuoteNews)
	switch {
	case !ok:
		return events.Unclear
	case n.Updated.Equal(before.Updated):
		return events.Same
	case n.Updated.Before(before.Updated):
		return events.Older
	}
	return events.Newer
}

func proofTopic(y bdhke.Point) events.Topic {
	b := y.Bytes()
	return events.Topic{Kind: kindProofState, ID: string(b[:])}
}

func mintQuoteTopic(method, id string) events.Topic {
	return events.Topic{Kind: method + mintQuoteKind, ID: id}
}

func meltQuoteTopic(method, id string) events.Topic {
	return events.Topic{Kind: method + meltQuoteKind, ID: id}
}

// publishProofs tells that these proofs have this state now. The commit that made
// it so has returned. Unspent means that it was undone, or may have been.
func (m *Mint) publishProofs(proofs []SpentProof, state ProofState) {
	if !m.events.Wanted() {
		return
	}
	changes := make([]events.Change, len(proofs))
	for i := range proofs {
		changes[i].Topic = proofTopic(proofs[i].Y)
		if state != ProofUnspent {
			changes[i].State = ProofNews{ProofRecord{SpentProof: proofs[i], State: state}}
		}
	}
	m.events.Publish(changes...)
}

// mintQuoteAfter reads a mint quote as the transaction leaves it, if somebody here
// waits for it; else it has no ID.
func (m *Mint) mintQuoteAfter(ctx context.Context, tx Tx, method, id string) (MintQuote, error) {
	if !m.events.Subscribed(mintQuoteTopic(method, id)) {
		return MintQuote{}, nil
	}
	return tx.MintQuote(ctx, method, id)
}

// publishMintQuote tells that a mint quote has changed, or may have. now is what
// mintQuoteAfter has read; without an ID the hub reads it when it has to.
func (m *Mint) publishMintQuote(method, id string, now MintQuote) {
	if !m.events.Wanted() {
		return
	}
	change := events.Change{Topic: mintQuoteTopic(method, id)}
	if now.ID != "" {
		change.State = MintQuoteNews{now}
	}
	m.events.Publish(change)
}

// publishMelt tells that a melt quote has changed, or may have, and its inputs
// with it. The quote is read by the hub when it has to, with its change.
func (m *Mint) publishMelt(method, id string, inputs []SpentProof, state ProofState) {
	m.publishProofs(inputs, state)
	if m.events.Wanted() {
		m.events.Publish(events.Change{Topic: meltQuoteTopic(method, id)})
	}
}

// publishMeltPending tells of a melt that begins. now is the quote as the commit
// has left it; without an ID nobody here waits for it.
func (m *Mint) publishMeltPending(q, now MeltQuote, inputs []SpentProof) {
	m.publishProofs(inputs, ProofPending)
	if !m.events.Wanted() {
		return
	}
	change := events.Change{Topic: meltQuoteTopic(q.Method, q.ID)}
	if now.ID != "" {
		change.State = MeltQuoteNews{Melted{MeltQuote: now}}
	}
	m.events.Publish(change)
}

// readTopics is how the hub reads states.
func (m *Mint) readTopics(ctx context.Context, topics []events.Topic) ([]events.State, error) {
	states := make([]events.State, len(topics))
	var ys []bdhke.Point
	var places []int
	for i, t := range topics {
		if t.Kind == kindProofState {
			y, err := bdhke.ParsePoint([]byte(t.ID))
			if err != nil {
				return nil, fmt.Errorf("reading a subscribed proof: %w", err)
			}
			ys, places = append(ys, y), append(places, i)
			continue
		}
		state, err := m.readQuote(ctx, t)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("reading a subscribed quote: %w", err)
		}
		states[i] = state
	}
	if len(ys) == 0 {
		return states, nil
	}
	records, err := m.store.Proofs(ctx, ys)
	if err != nil {
		return nil, fmt.Errorf("reading subscribed proofs: %w", err)
	}
	for i, r := range records {
		states[places[i]] = ProofNews{r}
	}
	return states, nil
}

// readQuote reads the quote of a topic; nil and ErrNotFound when there is none.
func (m *Mint) readQuote(ctx context.Context, t events.Topic) (events.State, error) {
	if method, ok := strings.CutSuffix(t.Kind, mintQuoteKind); ok {
		q, err := m.store.MintQuote(ctx, method, t.ID)
		if err != nil {
			return nil, err
		}
		return MintQuoteNews{q}, nil
	}
	if method, ok := strings.CutSuffix(t.Kind, meltQuoteKind); ok {
		q, err := m.store.MeltQuote(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		if q.Method != method {
			return nil, ErrNotFound
		}
		melted, err := m.withChange(ctx, q)
		if err != nil {
			return nil, err
		}
		return MeltQuoteNews{melted}, nil
	}
	return nil, ErrNotFound
}
