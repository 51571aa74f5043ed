package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"mintmark/mint"
)

// asideCases: what is set aside, and what an operator decides, stays.
func asideCases() []testCase {
	aside := func(n int) mint.SetAside {
		return mint.SetAside{
			Backend: "node", Method: "bolt11", LookupID: fmt.Sprint("lookup ", n), PaymentID: "p\x00\xff", Unit: "sat", Amount: math.MaxUint64,
			Why: "it overflows", At: start,
		}
	}
	list := func(k *kit, limit int) []mint.SetAside {
		k.Helper()
		got, err := k.store.PaymentsAside(k.ctx, limit)
		if err != nil {
			k.Fatal(err)
		}
		return got
	}
	change := func(k *kit, do func(mint.Tx, context.Context, mint.SetAside) (bool, error), p mint.SetAside) (did bool) {
		k.Helper()
		k.update(func(tx mint.Tx) (err error) {
			did, err = do(tx, k.ctx, p)
			return err
		})
		return did
	}
	set := func(k *kit, p mint.SetAside) bool { return change(k, mint.Tx.SetPaymentAside, p) }
	return []testCase{
		{"a payment is set aside once, as it was", func(k *kit) {
			if got := list(k, 9); len(got) != 0 {
				k.Errorf("at first: %+v", got)
			}
			again := aside(1)
			again.Why, again.Amount, again.At = "another reason", 1, start.Add(time.Hour)
			if !set(k, aside(2)) || !set(k, aside(1)) || set(k, again) {
				k.Error("it was not set aside once")
			}
			if got := list(k, 9); !slices.Equal(got, []mint.SetAside{aside(1), aside(2)}) {
				k.Errorf("got %+v", got)
			}
			if got := list(k, 1); !slices.Equal(got, []mint.SetAside{aside(1)}) {
				k.Errorf("one of them: %+v", got)
			}
		}},
		{"a payment that was set aside is taken back once", func(k *kit) {
			set(k, aside(1))
			set(k, aside(2))
			for _, want := range []bool{true, false} {
				if was := change(k, mint.Tx.TakePaymentBack, aside(1)); was != want {
					k.Errorf("taken back: %v", was)
				}
			}
			if got := list(k, 9); !slices.Equal(got, []mint.SetAside{aside(2)}) {
				k.Errorf("left are %+v", got)
			}
		}},
		{"what is settled is closed for ever, and stays by its name", func(k *kit) {
			settled, other := aside(1), aside(2)
			settled.Settled, settled.Why, settled.Own = start.Add(time.Hour), "given back", true
			set(k, aside(1))
			set(k, other)
			for _, want := range []bool{true, false} {
				if was := change(k, mint.Tx.MarkAside, settled); was != want {
					k.Errorf("marked: %v", was)
				}
			}
			if set(k, aside(1)) || change(k, mint.Tx.TakePaymentBack, aside(1)) {
				k.Error("what is settled was set aside again, or taken back")
			}
			if got, err := k.store.PaymentAside(k.ctx, aside(1)); err != nil || got != settled {
				k.Errorf("by its name: %+v, %v", got, err)
			}
			if got, err := k.store.PaymentAside(k.ctx, other); err != nil || got != other {
				k.Errorf("the other one: %+v, %v", got, err)
			}
			if got := list(k, 9); !slices.Equal(got, []mint.SetAside{other}) {
				k.Errorf("open are %+v", got)
			}
		}},
		{"why a payment is set aside can be said anew", func(k *kit) {
			anew := aside(1)
			anew.Why, anew.Own = "it is of nobody", true
			if change(k, mint.Tx.MarkAside, anew) {
				k.Error("what is not there was marked")
			}
			set(k, aside(1))
			if !change(k, mint.Tx.MarkAside, anew) {
				k.Error("it was not marked")
			}
			if got := list(k, 9); !slices.Equal(got, []mint.SetAside{anew}) {
				k.Errorf("got %+v", got)
			}
		}},
		{"a payment is found by all of its name", func(k *kit) {
			set(k, aside(1))
			for _, of := range []func(*mint.SetAside){
				func(p *mint.SetAside) { p.Backend = "other" },
				func(p *mint.SetAside) { p.Method = "bolt12" },
				func(p *mint.SetAside) { p.LookupID = "lookup" },
				func(p *mint.SetAside) { p.PaymentID = "" },
			} {
				p := aside(1)
				of(&p)
				if got, err := k.store.PaymentAside(k.ctx, p); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("%+v is %+v, %v", p, got, err)
				}
				if change(k, mint.Tx.TakePaymentBack, p) || change(k, mint.Tx.MarkAside, p) {
					k.Errorf("%+v was changed", p)
				}
				if !set(k, p) {
					k.Errorf("%+v was not set aside", p)
				}
			}
		}},
		{"those that are open are counted and listed for each backend", func(k *kit) {
			count := func() map[string]int {
				got, err := k.store.CountAside(k.ctx)
				if err != nil {
					k.Fatal(err)
				}
				return got
			}
			if got := count(); len(got) != 0 {
				k.Errorf("at first: %v", got)
			}
			other := aside(9)
			other.Backend = "other"
			for _, p := range []mint.SetAside{other, aside(3), aside(2), aside(1)} {
				set(k, p)
			}
			if got := count(); !maps.Equal(got, map[string]int{"node": 3, "other": 1}) {
				k.Errorf("counted: %v", got)
			}
			if got := list(k, 2); !slices.Equal(got, []mint.SetAside{aside(1), aside(2), other}) {
				k.Errorf("two of each: %+v", got)
			}
			other.Settled = start
			change(k, mint.Tx.MarkAside, other)
			change(k, mint.Tx.TakePaymentBack, aside(2))
			if got := count(); !maps.Equal(got, map[string]int{"node": 2}) {
				k.Errorf("in the end: %v", got)
			}
		}},
		{"what an operator decided stays, the latest first", func(k *kit) {
			first := mint.OperatorDecision{At: start.Add(time.Hour), About: "an operation", Decision: "release", Why: "the payee says so", Evidence: `{"a":1}`}
			second := mint.OperatorDecision{At: start, About: "an operation", Decision: "keep"}
			for _, d := range []mint.OperatorDecision{first, second} {
				k.update(func(tx mint.Tx) error { return tx.AddDecision(k.ctx, d) })
			}
			k.refuse(errRollback, func(tx mint.Tx) error {
				if err := tx.AddDecision(k.ctx, first); err != nil {
					return err
				}
				return errRollback
			})
			for limit, want := range map[int][]mint.OperatorDecision{9: {second, first}, 1: {second}} {
				if got, err := k.store.Decisions(k.ctx, limit); err != nil || !slices.Equal(got, want) {
					k.Errorf("got %+v, %v", got, err)
				}
			}
		}},
	}
}
