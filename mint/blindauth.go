package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
)

// Blind authentication tokens are no money, and take none of its ways. Signing
// them needs no saga: the signatory is deterministic, so whoever lost the answer
// asks again and gets the same one, and nothing is owed for a token. What has to
// be remembered is which were used. docs/adr/0012-authentication.md has the
// reasons.

// errAuthKeyset is what users are told when the operator has forgotten something.
var errAuthKeyset = cashu.Errorf(cashu.CodeUnavailable, "the mint has no keyset for authentication tokens yet")

// IssueAuthTokens signs blind authentication tokens for a user (NUT-22). The
// signatures are in the order of the outputs and have their DLEQ proofs.
func (m *Mint) IssueAuthTokens(ctx context.Context, user string, outputs []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	a := m.cfg.Auth
	if a == nil || !a.blind() {
		return nil, cashu.Errorf(cashu.CodeUnitUnsupported, "the mint has no blind authentication")
	}
	if len(outputs) > a.MaxTokens {
		return nil, cashu.Errorf(cashu.CodeBlindAuthMaxExceeded, "%d tokens are more than the %d allowed", len(outputs), a.MaxTokens)
	}
	view := m.Keysets()
	out, err := checkOutputs(view, m.cfg.Limits, m.now(), outputs)
	switch {
	case err != nil:
		return nil, err
	case out.unit != unitAuth:
		return nil, cashu.Errorf(cashu.CodeUnitUnsupported, "outputs are %s, not tokens for authentication", out.unit)
	case out.stale != nil && !hasAuthKeyset(view):
		return nil, errAuthKeyset
	case out.stale != nil:
		return nil, out.stale
	case out.sum != cashu.Amount(len(outputs)):
		return nil, cashu.Errorf(cashu.CodeAmountOutOfRange, "every token has the amount 1")
	}
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	giveBack, err := m.users.take(user, len(outputs), m.now())
	if err != nil {
		return nil, err
	}
	sigs, err := m.sign(ctx, outputs)
	if err != nil {
		giveBack()
		return nil, err
	}
	for _, s := range sigs {
		if s.DLEQ == nil {
			return nil, errors.New("the signatory signed an authentication token without DLEQ")
		}
	}
	return sigs, nil
}

// UseAuthToken takes a blind authentication token for one request. It is used
// from then on, whatever becomes of the request, unless giveBack is called, which
// is for requests that the mint turned away without having done anything.
func (m *Mint) UseAuthToken(ctx context.Context, token cashu.BlindAuthToken) (giveBack func(), err error) {
	refuse := func(why string) (func(), error) {
		return nil, cashu.Errorf(cashu.CodeBlindAuthFailed, "blind authentication failed: %s", why)
	}
	ks, ok := m.Keysets().Get(token.ID)
	if !ok || ks.Unit != unitAuth {
		return refuse("the token's keyset is not one for authentication")
	}
	if _, ok := ks.Keys.Get(1); !ok {
		return refuse("the token's keyset has no key for it")
	}
	if ks.ExpiredForInputs(m.now()) {
		return refuse("the token's keyset has expired")
	}
	if len(token.Secret) > m.cfg.Limits.MaxSecret {
		return refuse("the token's secret is too long")
	}
	proof := token.Proof()
	y, err := proof.Y()
	if err != nil {
		return refuse("the token is not valid")
	}
	ctx, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := m.signatoryUp(ctx); err != nil {
		return nil, err
	}
	if err := m.cfg.Signer.VerifyProofs(ctx, []cashu.Proof{proof}); errors.Is(err, cashu.ErrProofInvalid) {
		return refuse("the token is not valid")
	} else if err != nil {
		return nil, signerError(err)
	}
	// Not durable by itself: whatever the request commits makes it so, and a
	// request that commits nothing can be answered again after a power cut.
	err = m.store.Update(ctx, Deferred, func(tx Tx) error { return tx.UseAuthToken(ctx, token.ID, y) })
	switch {
	case errors.Is(err, ErrProofKnown):
		return refuse("the token was used before")
	case err != nil:
		return nil, fmt.Errorf("using an authentication token: %w", err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.OperationTimeout)
		defer cancel()
		err := m.store.Update(ctx, Deferred, func(tx Tx) error { return tx.ReturnAuthToken(ctx, token.ID, y) })
		if err != nil {
			m.log.Warn("an authentication token could not be given back", "error", err)
		}
	}, nil
}

// hasAuthKeyset tells whether tokens can be signed.
func hasAuthKeyset(v *KeysetView) bool {
	for _, ks := range v.All() {
		if _, ok := ks.Keys.Get(1); ok && ks.Unit == unitAuth && ks.Active {
			return true
		}
	}
	return false
}
