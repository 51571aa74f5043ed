package wallet

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// planAnew gives an operation, whose request was not carried out and never will
// be, other outputs, where those were the reason: their keyset was rotated away, or
// a wallet of the same seed has used their counters (NUT-13). It does so once. What
// the other wallet got is adopted first, so that its counters are passed over.
// False: the operation ends as ruled.
func (r *run) planAnew(ctx context.Context, m Mint, c *mintclient.Client, cause error, rule ruling) (bool, error) {
	p, ok := r.request()
	collided := errors.Is(cause, cashu.ErrOutputsSigned)
	if !ok || rule == ruleUndo && !collided && !errors.Is(cause, cashu.ErrKeysetInactive) {
		return false, nil
	}
	if collided || rule == ruleLost {
		if err := r.adoptSigned(ctx, m, c, *p.outputs); err != nil {
			return false, err
		}
	}
	if rule != ruleUndo || r.anew || signsAll(p.witnessed) {
		return false, nil
	}
	fresh, err := r.w.RefreshMint(ctx, r.s.MintURL)
	if err != nil {
		return false, nil
	}
	keyset, err := fresh.active(r.s.Unit, r.w.now())
	if err != nil || !collided && keyset.ID == (*p.outputs)[0].KeysetID {
		return false, nil
	}
	wants, locked, ok := wantedAgain(keyset, *p.outputs)
	if !ok {
		return false, nil
	}
	r.anew = true
	before, attempts := p.keep(), r.s.Data.Common().Attempts
	r.s.Data.Common().Attempts = nil
	err = r.plannedStep(ctx, p.planned, "planned anew: "+reasonOf(cause), func(tx Tx) error {
		if err := tx.MoveCoins(ctx, p.inputs, r.s.ID, []CoinState{CoinReserved, CoinPending}, CoinReserved); err != nil {
			return err
		}
		planned, counters, err := r.w.plan(ctx, tx, keyset.ID, wants)
		if err != nil {
			return err
		}
		planned = append(planned, locked...)
		slices.SortStableFunc(planned, func(a, b Planned) int { return cmp.Compare(a.Amount, b.Amount) })
		*p.outputs, *p.counters, *p.messages = planned, counters, messages(planned)
		if p.sign == nil {
			return nil
		}
		return p.sign(ctx, tx)
	})
	if err != nil {
		before()
		r.s.Data.Common().Attempts = attempts
		if errors.Is(err, ErrGap) || errors.Is(err, ErrTooMany) {
			return false, nil
		}
		return false, err
	}
	crashpoint.Here(crashPoint(r.s.Kind, "replanned"))
	return true, nil
}

// request is the part of an operation's data that planAnew changes.
type request struct {
	planned   State // to which the operation goes back
	inputs    []bdhke.Point
	witnessed []token.Coin // inputs whose witnesses may cover the outputs
	outputs   *[]Planned
	counters  *Counters
	messages  *[]cashu.BlindedMessage
	sign      func(ctx context.Context, tx Tx) error
}

// keep returns what puts everything back as it is.
func (p request) keep() func() {
	outputs, counters, messages := *p.outputs, *p.counters, *p.messages
	return func() { *p.outputs, *p.counters, *p.messages = outputs, counters, messages }
}

func (r *run) request() (p request, ok bool) {
	switch d := r.s.Data.(type) {
	case *SwapData:
		p = request{planned: SwapProofsReserved, inputs: d.InputYs, outputs: &d.Outputs, counters: &d.Counters, messages: &d.BlindedMessages}
	case *ReceiveData:
		p = request{planned: ReceiveProofsPending, witnessed: d.Inputs, outputs: &d.Outputs, counters: &d.Counters, messages: &d.BlindedMessages}
	case *MintData:
		p = request{planned: IssueSecretsPrepared, outputs: &d.Outputs, counters: &d.Counters, messages: &d.BlindedMessages}
		p.sign = func(ctx context.Context, tx Tx) error {
			parts, err := d.parts()
			if err != nil {
				return err
			}
			quotes := make([]Quote, len(parts))
			for i, part := range parts {
				if quotes[i], err = tx.Quote(ctx, QuoteMint, r.s.MintURL, part.quote); err != nil {
					return err
				}
			}
			d.Signatures, err = r.w.quoteSignatures(quotes, d.BlindedMessages, false)
			return err
		}
	case *MeltData:
		p = request{planned: MeltProofsReserved, inputs: d.FinalProofYs, outputs: &d.Change, counters: &d.Counters, messages: &d.ChangeBlindedMessages}
		p.sign = func(context.Context, Tx) error {
			d.ChangeKeyset = d.Change[0].KeysetID
			return nil
		}
	default:
		return p, false
	}
	return p, len(*p.outputs) > 0
}

// signsAll tells whether a coin's signatures cover the outputs too, which then
// cannot be changed.
func signsAll(coins []token.Coin) bool {
	for _, coin := range coins {
		if c, err := conditions.Parse(coin.Secret); err == nil && c != nil && c.SigAll() {
			return true
		}
	}
	return false
}

// wantedAgain is what outputs are worth, by role, in coins of another keyset. Those
// that are locked keep their secrets, which nobody has signed. False: the keyset
// has no coins for it.
func wantedAgain(k cashu.Keyset, outputs []Planned) (wants []want, locked []Planned, ok bool) {
	sums := map[Role]cashu.Amount{}
	for _, o := range outputs {
		_, known := k.Keys.Get(o.Amount)
		switch {
		case o.Counter == nil && !known:
			return nil, nil, false
		case o.Counter == nil:
			o.KeysetID = k.ID
			locked = append(locked, o)
		case o.Amount == 0: // blank
			wants = append(wants, want{})
		default:
			sum, err := sums[o.Role].Add(o.Amount)
			if err != nil {
				return nil, nil, false
			}
			sums[o.Role] = sum
		}
	}
	for _, role := range []Role{"", RoleKeep, RoleSend} {
		parts, err := split(k, sums[role], role, nil)
		if err != nil {
			return nil, nil, false
		}
		wants = append(wants, parts...)
	}
	return wants, locked, true
}

// adoptMost is how many counters one operation passes over: a mint that says it has
// signed with all of them does not have it do so for ever.
const adoptMost = 10 * restoreBatch

// adoptSigned takes the coins that a wallet of the same seed got with the counters
// of these outputs and with those after them, and passes the counters over.
func (r *run) adoptSigned(ctx context.Context, m Mint, c *mintclient.Client, outputs []Planned) error {
	var from *Planned
	for i, o := range outputs {
		if o.Counter != nil && (from == nil || *o.Counter < *from.Counter) {
			from = &outputs[i]
		}
	}
	if from == nil {
		return nil
	}
	keyset, ok := m.Keyset(from.KeysetID)
	if !ok {
		return nil
	}
	found := newRestored()
	size := m.batchSize()
	end := min(*from.Counter+adoptMost, maxRestore)
	for start := *from.Counter; start < end; start += size {
		b := r.w.restoreBatch(ctx, m, c, keyset, start, size, r.s.ID)
		if b.err != nil || b.found == 0 {
			return b.err
		}
		if err := r.w.adoptBatch(ctx, keyset, b, &found, nothingElse); err != nil {
			return err
		}
	}
	return nil
}
