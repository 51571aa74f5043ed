package server

import (
	"context"
	"errors"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/signatory"
	"mintmark/signatory/internal/budget"
	"mintmark/signatory/internal/sample"
)

// signing is everything that stands between a request to sign and the keys, and
// between a signature and the client.
type signing struct {
	keystore Keystore
	budgets  *budgets
	frozen   *frozen
	journal  *journal
	check    OutputCheck
	sampler  sample.Sampler
	tally    *tally // nil: nobody counts
}

// bill is what a call uses, sorted by what has to allow it.
type bill struct {
	uses   []budget.Spend // of active keysets
	change []budget.Spend // of retired ones
	grace  map[cashu.KeysetID]time.Duration
}

// sign signs for a client, within its budget, unless that is frozen.
func (s *signing) sign(ctx context.Context, who *Client, purpose signatory.Purpose, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	var b bill
	if who.Budgets != nil || purpose != "" || s.frozen.any() {
		var err error
		if b, err = s.bill(ctx, who, purpose, messages); err != nil {
			return nil, err
		}
	}
	refund, err := s.pay(ctx, who, b)
	if err != nil {
		return nil, err
	}
	signatures, err := s.make(ctx, messages, b)
	if err == nil {
		err = s.release(messages, signatures)
	}
	if errors.Is(err, errBadOutput) {
		s.journal.raise(ctx, alarm{keystore.AuditRefuse, who.Name, "output"}, err.Error())
	}
	if err == nil {
		err = s.recordChange(ctx, who, b.change)
	}
	if err != nil {
		refund()
		return nil, err
	}
	s.count(who, messages)
	return signatures, nil
}

func (s *signing) count(who *Client, messages []cashu.BlindedMessage) {
	if s.tally == nil {
		return
	}
	if all, err := spends(messages, s.keystore.Keysets().Keysets); err == nil {
		s.tally.add(who.Name, all)
	}
}

func (s *signing) make(ctx context.Context, messages []cashu.BlindedMessage, b bill) ([]cashu.BlindSignature, error) {
	if b.grace == nil {
		return s.keystore.Sign(ctx, messages)
	}
	return s.keystore.SignRetired(ctx, messages, b.grace)
}

// bill adds up what a call would use, and refuses what is frozen, or retired
// without an exception for this client and purpose.
func (s *signing) bill(ctx context.Context, who *Client, purpose signatory.Purpose, messages []cashu.BlindedMessage) (b bill, err error) {
	keysets := s.keystore.Keysets().Keysets
	all, err := spends(messages, keysets)
	if err == nil {
		err = s.frozen.refuse(all)
	}
	if err != nil {
		return b, err
	}
	for _, use := range all {
		if purpose != signatory.MeltChange || isActive(use.Keyset, keysets) {
			b.uses = append(b.uses, use)
			continue
		}
		policy, ok := who.change(use.Unit)
		if !ok {
			s.journal.raise(ctx, alarm{keystore.AuditRefuse, who.Name, string(purpose) + " " + string(use.Unit)},
				"it may not have a retired keyset sign: there is no melt_change in the clients file")
			return b, cashu.Errorf(cashu.CodeKeysetInactive, "keyset %s is inactive, and change is not signed with it for this client", use.Keyset)
		}
		if b.grace == nil {
			b.grace = map[cashu.KeysetID]time.Duration{}
		}
		b.grace[use.Keyset] = policy.Grace
		b.change = append(b.change, use)
	}
	return b, nil
}

func isActive(id cashu.KeysetID, keysets []cashu.Keyset) bool {
	for i := range keysets {
		if keysets[i].ID == id {
			return keysets[i].Active
		}
	}
	return false
}

// pay takes what is on the bill out of the budgets: all of it or nothing.
func (s *signing) pay(ctx context.Context, who *Client, b bill) (refund func(), err error) {
	refundUses, err := s.budgets.take(ctx, who.Name, who.Budgets, b.uses)
	if err != nil {
		return nil, s.exceeded(ctx, who, "", err)
	}
	refundChange, err := s.budgets.take(ctx, who.changeAccount(), who.changeLimits(), b.change)
	if err != nil {
		refundUses()
		return nil, s.exceeded(ctx, who, " "+string(signatory.MeltChange), err)
	}
	return func() {
		refundUses()
		refundChange()
	}, nil
}

// exceeded turns a budget that is used up into an alarm and a refusal.
func (s *signing) exceeded(ctx context.Context, who *Client, purpose string, err error) error {
	if over, ok := errors.AsType[*budget.Exceeded](err); ok {
		s.journal.raise(ctx, alarm{keystore.AuditBudget, who.Name, string(over.Unit) + " " + over.Window + purpose}, over.Error())
		return cashu.Errorf(cashu.CodeRateLimited, "%s", over.Error())
	}
	return err
}

// recordChange writes down every use of a retired keyset before its signatures
// leave. There are few: they are paid for out of a small budget.
func (s *signing) recordChange(ctx context.Context, who *Client, change []budget.Spend) error {
	for _, use := range change {
		err := s.journal.record(ctx, keystore.AuditChange, who.Name, map[string]any{
			"keyset": use.Keyset, "unit": use.Unit, "value": use.Value, "signatures": use.Count,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// release is asked when the signatures are made and have not left: what does not
// verify, and what was frozen meanwhile, stays here.
func (s *signing) release(messages []cashu.BlindedMessage, signatures []cashu.BlindSignature) error {
	keysets := s.keystore.Keysets().Keysets
	if err := checkOutput(s.check, &s.sampler, keysets, messages, signatures); err != nil {
		return err
	}
	if !s.frozen.any() {
		return nil
	}
	uses, err := spends(messages, keysets)
	if err != nil {
		return err
	}
	return s.frozen.refuse(uses)
}
