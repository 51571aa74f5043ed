package lightningtest

import (
	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// balanceCases are about lightning.Balancer.
func balanceCases() []testCase {
	return []testCase{
		{name: "a balance is there and is less after a payment", run: (*scene).balanceFalls,
			needs: func(w World) bool { return w.Alone }},
		{name: "a balance in a unit that is not there is an error", run: (*scene).balanceUnit},
	}
}

func (s *scene) balance() cashu.Amount {
	s.Helper()
	b, can := s.b.(lightning.Balancer)
	if !can {
		s.Fatal("this backend cannot tell its balance")
	}
	amount, err := b.Balance(s.Context(), s.Unit)
	if err != nil {
		s.Fatalf("balance: %v", err)
	}
	return amount
}

func (s *scene) balanceFalls() {
	before := s.balance()
	p := s.owe(1_000_000, Takes)
	out := s.send(p)
	s.wantPaid(p, out)
	if after := s.balance(); after > before || before-after > out.Spent {
		s.Errorf("after a payment that cost %d the balance of %d is %d", out.Spent, before, after)
	}
}

func (s *scene) balanceUnit() {
	b, can := s.b.(lightning.Balancer)
	if !can {
		s.Log("this backend cannot tell its balance")
		return
	}
	if amount, err := b.Balance(s.Context(), "shells"); err == nil {
		s.Errorf("it holds %d shells", amount)
	}
}
