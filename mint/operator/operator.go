// Package operator is what the one who runs a mint can see and decide: what the
// mint owes, which operations are unfinished and why, and the settings that live
// in the database. It works on the mint's store, directly or through the unix
// socket of a running mintd.
//
// It trusts whoever reaches it: the database file, or the socket, which only the
// mint's own user can open. It must never touch a key, and never decide about a
// saga that somebody still works on.
package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/mint"
)

// Operator is what can be asked and decided. All amounts are in the unit of
// their keyset.
type Operator interface {
	// Sagas lists all unfinished operations with the evidence about each.
	Sagas(ctx context.Context) ([]Saga, error)
	// Evidence is what can be seen of an unfinished operation. Of a melt whose payment is
	// open its backend is asked, if a mint runs. ErrNotStuck when there is none of this id.
	Evidence(ctx context.Context, operation uuid.UUID) (Evidence, error)
	// Resolve ends an operation that recovery cannot decide: an impossible one,
	// or a melt of whose payment the backend has not said for ten minutes what
	// became of it. It refuses others with ErrNotStuck. The decision is kept, with why and
	// the evidence that it was made on; ErrChanged if the operation is not so any more, or the
	// backend of a melt says something else.
	Resolve(ctx context.Context, shown Evidence, d Decision, why string) error
	// Decisions are the latest that operators have made, those first, limit at most.
	Decisions(ctx context.Context, limit int) ([]mint.OperatorDecision, error)
	// Liabilities is what every keyset issued, redeemed and still owes. With
	// recount it is added up from all rows, to be compared with the totals.
	Liabilities(ctx context.Context, recount bool) ([]Liability, error)
	// AllowOverRedeem lets a keyset redeem more than it issued, or no more.
	AllowOverRedeem(ctx context.Context, id cashu.KeysetID, allow bool) error
	// Setting reads a setting from the database; mint.ErrNoMintInfo and the
	// like when it is not there, mint.ErrUnknownConfig for an unknown name.
	Setting(ctx context.Context, name string) (string, error)
	// Settings are all that are kept in the database, by name.
	Settings(ctx context.Context) (map[string]string, error)
	// Set checks a setting and keeps it in the database. Running mints take it over
	// within seconds.
	Set(ctx context.Context, name, value string) error
	// Say keeps terms in the database, beside those that it does not contradict.
	Say(ctx context.Context, said mint.Terms) error
	// AcceptMemory lets a payment backend remember its payments in another place than
	// before; mint.ErrMeltsOpen while that could make one of them twice.
	AcceptMemory(ctx context.Context, backend, why string) error
	// Aside lists payments that a backend reported and that could not be taken in.
	Aside(ctx context.Context) ([]mint.SetAside, error)
	// SettleAside notes that somebody deals with one, so that the mint never takes it in, and
	// keeps the decision and why; mint.ErrNotFound if it is not there, or settled,
	// mint.ErrInQuote if the quote has it. Until this succeeds it may be taken in.
	SettleAside(ctx context.Context, p mint.SetAside, why string) error
	// Payments is what a running mint thinks of its payment backends, and on what
	// terms it deals; ErrNotRunning without one.
	Payments(ctx context.Context) (mint.Payments, error)
}

// ErrNotRunning: there is no running mint that could be asked.
var ErrNotRunning = errors.New("no mint is running that could be asked")

// Mint is the running mint.
type Mint interface {
	Payments(ctx context.Context) mint.Payments
	MeltEvidence(ctx context.Context, op mint.Operation) ([]string, error)
}

// ErrNotStuck: the operation is gone, or needs nobody's decision.
var ErrNotStuck = errors.New("the operation needs no decision")

// ErrChanged: the operation is not what was shown.
var ErrChanged = errors.New("the operation has changed since it was shown; look again")

// Saga is an unfinished operation and what the database holds of it.
type Saga struct {
	Operation       uuid.UUID `json:"operation"`
	Kind            string    `json:"kind"`
	State           string    `json:"state"`
	Quote           bool      `json:"quote"` // it belongs to a quote, whose id is a secret
	Created         time.Time `json:"created"`
	Owner           string    `json:"owner"`
	LeaseUntil      time.Time `json:"lease_until"`
	Inputs          int       `json:"inputs"`
	ProofsPending   int       `json:"proofs_pending"`
	Outputs         int       `json:"outputs"`
	OutputsUnsigned int       `json:"outputs_unsigned"`
	// Verdict is what recovery will do when nobody works on it any more:
	// "undo" or "drop"; of a melt, "ask" the backend what became of the payment,
	// or "finish" what was paid; or "impossible", which waits for a decision.
	Verdict string `json:"verdict"`
}

// Liability is one keyset's line.
type Liability struct {
	Keyset      cashu.KeysetID `json:"keyset"`
	Unit        cashu.Unit     `json:"unit,omitzero"`
	Active      bool           `json:"active"`
	Issued      cashu.Amount   `json:"issued"`
	Redeemed    cashu.Amount   `json:"redeemed"`
	Outstanding cashu.Amount   `json:"outstanding"` // 0 when more was redeemed than issued
	Overdrawn   cashu.Amount   `json:"overdrawn"`   // redeemed beyond issued; an alarm
}

// Local works on a store.
type Local struct {
	Store mint.Store
	Mint  Mint             // nil: none runs
	Clock func() time.Time // nil = time.Now
}

var _ Operator = (*Local)(nil)

// Sagas lists all unfinished operations with the evidence about each.
func (l *Local) Sagas(ctx context.Context) ([]Saga, error) {
	rows, err := l.Store.Sagas(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sagas: %w", err)
	}
	list := make([]Saga, 0, len(rows))
	for _, row := range rows {
		facts, err := l.Store.Facts(ctx, row.Ref)
		if err != nil {
			return nil, fmt.Errorf("looking at a saga: %w", err)
		}
		verdict, err := verdictOn(ctx, l.Store, row.Operation, facts)
		if err != nil {
			return nil, err
		}
		list = append(list, report(row, facts, verdict))
	}
	return list, nil
}

// verdictOn says what recovery makes of an operation. For a melt its quote is one
// more fact.
func verdictOn(ctx context.Context, r mint.Reads, op mint.Operation, f mint.OperationFacts) (string, error) {
	if op.Kind != mint.OperationMelt {
		return mint.Verdict(op, f), nil
	}
	q, err := r.MeltQuote(ctx, op.QuoteID)
	if err != nil && !errors.Is(err, mint.ErrNotFound) {
		return "", fmt.Errorf("looking at a melt: %w", err)
	}
	return mint.MeltVerdict(op, f, q), nil
}

func report(s mint.Saga, f mint.OperationFacts, verdict string) Saga {
	return Saga{
		Operation: s.ID, Kind: s.Kind.String(), State: s.State.String(), Quote: s.QuoteID != "" || len(s.Batch) > 0,
		Created: s.Created, Owner: s.Owner, LeaseUntil: s.LeaseUntil,
		Inputs: s.Inputs, ProofsPending: f.ProofsPending,
		Outputs: s.Outputs, OutputsUnsigned: f.OutputsUnsigned,
		Verdict: verdict,
	}
}

// Liabilities is what every keyset issued, redeemed and still owes.
func (l *Local) Liabilities(ctx context.Context, recount bool) ([]Liability, error) {
	read := l.Store.Totals
	if recount {
		read = l.Store.Recount
	}
	totals, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading totals: %w", err)
	}
	snapshot, err := l.Store.Keysets(ctx)
	if err != nil && !errors.Is(err, mint.ErrNotFound) {
		return nil, fmt.Errorf("reading keysets: %w", err)
	}
	lines := map[cashu.KeysetID]Liability{}
	for _, ks := range snapshot.Keysets {
		lines[ks.ID] = Liability{Keyset: ks.ID, Unit: ks.Unit, Active: ks.Active}
	}
	for _, t := range totals {
		line := lines[t.KeysetID]
		line.Keyset, line.Issued, line.Redeemed = t.KeysetID, t.Issued, t.Redeemed
		line.Outstanding, line.Overdrawn = difference(t.Issued, t.Redeemed), difference(t.Redeemed, t.Issued)
		lines[t.KeysetID] = line
	}
	list := make([]Liability, 0, len(lines))
	for _, line := range lines {
		list = append(list, line)
	}
	slices.SortFunc(list, func(a, b Liability) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Keyset.String(), b.Keyset.String()))
	})
	return list, nil
}

// difference is a - b, or 0.
func difference(a, b cashu.Amount) cashu.Amount {
	if a < b {
		return 0
	}
	return a - b
}

// AllowOverRedeem lets a keyset redeem more than it issued, or no more.
func (l *Local) AllowOverRedeem(ctx context.Context, id cashu.KeysetID, allow bool) error {
	return mint.AllowOverRedeem(ctx, l.Store, id, allow)
}

// Setting reads a setting from the database.
func (l *Local) Setting(ctx context.Context, name string) (string, error) {
	key, err := mint.ParseConfigKey(name)
	if err != nil {
		return "", err
	}
	value, err := l.Store.Config(ctx, key)
	if errors.Is(err, mint.ErrNotFound) {
		return "", mint.MissingConfig(key)
	}
	return value, err
}

// Settings are all that are kept in the database, by name.
func (l *Local) Settings(ctx context.Context) (map[string]string, error) {
	kept := map[string]string{}
	for _, key := range mint.ConfigKeys() {
		value, err := l.Store.Config(ctx, key)
		switch {
		case errors.Is(err, mint.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			kept[string(key)] = value
		}
	}
	return kept, nil
}

// Set checks a setting and keeps it in the database.
func (l *Local) Set(ctx context.Context, name, value string) error {
	key, err := mint.ParseConfigKey(name)
	if err != nil {
		return err
	}
	return mint.SetConfig(ctx, l.Store, key, value)
}

// Say keeps terms in the database.
func (l *Local) Say(ctx context.Context, said mint.Terms) error {
	return mint.ChangeTerms(ctx, l.Store, said)
}

// AcceptMemory lets a payment backend remember its payments in another place.
func (l *Local) AcceptMemory(ctx context.Context, backend, why string) error {
	if err := checkReason(why); err != nil {
		return err
	}
	return mint.AcceptMemory(ctx, l.Store, backend, l.now(), why)
}

// Payments is what the running mint thinks of its payment backends.
func (l *Local) Payments(ctx context.Context) (mint.Payments, error) {
	if l.Mint == nil {
		return mint.Payments{}, ErrNotRunning
	}
	return l.Mint.Payments(ctx), nil
}
