package server

import (
	"context"
	"errors"

	"mintmark/cashu"
)

// upToDate does something, and when a keyset is not known or not active, looks for
// what other signatories on the same database have changed, and does it once more:
// a mint that has learned of a new keyset from one of them may ask another, which
// has not.
func (s *service) upToDate(ctx context.Context, do func() error) error {
	epoch := s.keystore.Keysets().Epoch
	err := do()
	if !errors.Is(err, cashu.ErrKeysetUnknown) && !errors.Is(err, cashu.ErrKeysetInactive) {
		return err
	}
	if again := s.keystore.Refresh(ctx); again != nil || s.keystore.Keysets().Epoch == epoch {
		return err
	}
	return do()
}
