package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/signatory"
)

// Signer is what the mint asks of a signatory: to verify proofs and to sign
// blinded messages. Both are all or nothing. Refusals are *cashu.Error; an error
// that wraps signatory.ErrUnavailable means that no answer could be had.
type Signer interface {
	BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	VerifyProofs(ctx context.Context, proofs []cashu.Proof) error
}

// KeysetSource is where keysets come from. Keysets asks once; SubscribeKeysets
// delivers the whole snapshot at once and again at every change, until it fails.
type KeysetSource interface {
	Keysets(ctx context.Context) (signatory.Snapshot, error)
	SubscribeKeysets(ctx context.Context, fn func(signatory.Snapshot) error) error
}

func (m *Mint) followKeysets(ctx context.Context) {
	err := signatory.Follow(ctx, signatory.FollowConfig{
		Signatory: m.cfg.Source,
		Logger:    m.log,
		Down:      func(error, time.Duration) { m.connected.Store(false) },
	}, func(s signatory.Snapshot) error {
		if err := m.keysets.Apply(ctx, s); err != nil {
			// Whoever sends this is not our signatory, or has lost its mind.
			// Ending the stream makes it count as away until a snapshot is
			// right again, and says so at every attempt.
			m.log.Error("the signatory is not trusted, operations stop", "error", err)
			return err
		}
		if a := m.cfg.Auth; a != nil && a.blind() && !hasAuthKeyset(m.Keysets()) {
			m.log.Error("the signatory has no active keyset of the unit auth: nobody can get the blind authentication tokens " +
				"that requests need; make one with: signatory keysets rotate --unit auth --amounts 1")
		}
		if units := m.unsignable(); len(units) > 0 {
			m.log.Error("the signatory has no active keyset of units that payment backends take in: nothing can be minted in them; "+
				"make one with: signatory keysets rotate --unit UNIT --max-order 32", "units", units)
		}
		m.connected.Store(true)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		m.log.Error("following the signatory's keysets ended", "error", err)
	}
}

// signerError translates what a Signer answers into what a wallet may see.
func signerError(err error) error {
	var refusal *cashu.Error
	switch {
	case errors.Is(err, cashu.ErrKeysetUnknown):
		// We asked about keysets and amounts of our own view only: it has lost
		// one that it had. Nothing is wrong with the request.
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory misses a keyset, nothing was changed"), hidden{err})
	case errors.As(err, &refusal):
		return err
	}
	if errors.Is(err, signatory.ErrUnavailable) {
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory is not available, nothing was changed"), err)
	}
	return fmt.Errorf("asking the signatory: %w", err)
}

// hidden keeps the text of an error and ends the search for codes in it.
type hidden struct{ cause error }

func (h hidden) Error() string { return h.cause.Error() }

// signatoryUp asks the signatory for a sign of life, and for keysets that do not
// contradict those that we know, before anything is asked of it. The standing
// subscription already is both.
func (m *Mint) signatoryUp(ctx context.Context) error {
	if m.connected.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, err := m.cfg.Source.Keysets(ctx)
	if err != nil {
		return signerError(err)
	}
	if err := m.keysets.Apply(ctx, s); err != nil {
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory cannot be trusted, nothing was changed"), err)
	}
	return nil
}
