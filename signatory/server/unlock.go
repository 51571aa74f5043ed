package server

import (
	"context"
	"errors"
)

// prepareUnlock says what comes between an opened keystore and the first call that
// it answers: what a start does too.
func (s *Server) prepareUnlock(signing *signing, answers *service) {
	if s.vault == nil {
		return
	}
	s.vault.enter = func(ctx context.Context) error {
		if err := s.selfTestOf(ctx, s.vault); err != nil {
			return err
		}
		if err := errors.Join(signing.budgets.refresh(ctx), signing.frozen.reload(ctx)); err != nil {
			return err
		}
		answers.forget()
		return s.recordRights(ctx, signing.journal, s.force.Load())
	}
}

// selfTest does nothing while there is no key to test.
func (s *Server) selfTest(ctx context.Context) error {
	if s.vault.locked() {
		return nil
	}
	return s.selfTestOf(ctx, s.cfg.Keystore)
}

func (s *Server) selfTestOf(ctx context.Context, ks Keystore) error {
	if s.cfg.OutputCheck == checkNothing {
		return nil
	}
	return selfTest(ctx, ks, s.cfg.Clock())
}
