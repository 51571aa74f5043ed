package main

import (
	"context"

	"mintmark/cashu"
)

// filter tells whether something of a mint and a unit was asked for: --mint and
// --unit narrow every list.
func (s *session) filter(ctx context.Context) (func(mintURL string, unit cashu.Unit) bool, error) {
	unit, err := s.unitOf()
	if err != nil {
		return nil, err
	}
	mint := ""
	if s.mint != "" {
		if mint, err = s.findMint(ctx, s.mint); err != nil {
			return nil, err
		}
	}
	return func(m string, u cashu.Unit) bool { return (mint == "" || m == mint) && (unit == "" || u == unit) }, nil
}

// narrow keeps what of a list was asked for.
func narrow[T any](ctx context.Context, s *session, list []T, of func(T) (string, cashu.Unit)) ([]T, error) {
	asked, err := s.filter(ctx)
	if err != nil {
		return nil, err
	}
	kept := []T{}
	for _, each := range list {
		if asked(of(each)) {
			kept = append(kept, each)
		}
	}
	return kept, nil
}
