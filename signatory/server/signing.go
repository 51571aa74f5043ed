package server

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/signatory/internal/budget"
)

// signing is everything that stands between a request to sign and the keys, and
// between a signature and the client.
type signing struct {
	keystore Keystore
	budgets  *budgets
	frozen   *frozen
	journal  *journal
	check    OutputCheck
}

// sign signs for a client, within its budget, unless that is frozen.
func (s *signing) sign(ctx context.Context, who *Client, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	var uses []budget.Spend
	if who.Budgets != nil || s.frozen.any() {
		var err error
		if uses, err = spends(messages, s.keystore.Keysets().Keysets); err != nil {
			return nil, err
		}
	}
	if err := s.frozen.refuse(uses); err != nil {
		return nil, err
	}
	refund, err := s.budgets.take(ctx, who, uses)
	if over, ok := errors.AsType[*budget.Exceeded](err); ok {
		s.journal.raise(ctx, alarm{keystore.AuditBudget, who.Name, string(over.Unit) + " " + over.Window}, over.Error())
		return nil, cashu.Errorf(cashu.CodeRateLimited, "%s", over.Error())
	}
	if err != nil {
		return nil, err
	}
	signatures, err := s.keystore.Sign(ctx, messages)
	if err == nil {
		err = s.release(messages, signatures)
	}
	if errors.Is(err, errBadOutput) {
		s.journal.raise(ctx, alarm{keystore.AuditRefuse, who.Name, "output"}, err.Error())
	}
	if err != nil {
		refund()
		return nil, err
	}
	return signatures, nil
}

// release is asked when the signatures are made and have not left: what does not
// verify, and what was frozen meanwhile, stays here.
func (s *signing) release(messages []cashu.BlindedMessage, signatures []cashu.BlindSignature) error {
	keysets := s.keystore.Keysets().Keysets
	if err := checkOutput(s.check, keysets, messages, signatures); err != nil {
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
