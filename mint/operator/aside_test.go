package operator_test

import (
	"strings"
	"testing"
	"time"

	"mintmark/mint"
)

// Money that is given back and can be minted is paid twice.
func TestWhatItsQuoteHasIsNotSettled(t *testing.T) {
	t.Parallel()
	store, operators := both(t)
	now := time.Unix(1_800_000_000, 0)
	for name, op := range operators {
		q := mint.MintQuote{ID: name, Method: "bolt11", Unit: "sat", LookupID: "lookup of " + name, Backend: "node", Created: now, Updated: now}
		in := mint.SetAside{Backend: "node", Method: q.Method, LookupID: q.LookupID, PaymentID: "payment of " + name, Unit: q.Unit, Amount: 8, At: now}
		amount, backend, unpaid := in, in, in
		amount.Amount, backend.Backend, unpaid.PaymentID = 9, "another", "another of "+name
		before, err := op.Decisions(t.Context(), 99)
		if err != nil {
			t.Fatal(err)
		}
		err = store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
			if err := tx.AddMintQuote(t.Context(), q); err != nil {
				return err
			}
			_, err := tx.AddPayment(t.Context(), q.ID, in.PaymentID, in.Amount, now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		settle := func(p mint.SetAside) error {
			err := store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
				_, err := tx.SetPaymentAside(t.Context(), p)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = op.SettleAside(t.Context(), p, "given back")
			if list, e := op.Aside(t.Context()); e != nil || (len(list) == 0) != (err == nil) {
				t.Errorf("%s: open is %+v, %v, after %v", name, list, e, err)
			}
			e := store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
				_, err := tx.TakePaymentBack(t.Context(), p)
				return err
			})
			if e != nil {
				t.Fatal(e)
			}
			return err
		}
		if err := settle(in); err == nil || !strings.Contains(err.Error(), "it is in its quote") {
			t.Errorf("%s: what the quote has: %v", name, err)
		}
		if list, err := op.Decisions(t.Context(), 99); err != nil || len(list) != len(before) {
			t.Errorf("%s: decided is %+v, %v", name, list, err)
		}
		for what, p := range map[string]mint.SetAside{"backend": backend, "payment": unpaid} {
			if err := settle(p); err != nil {
				t.Errorf("%s: of another %s: %v", name, what, err)
			}
		}
		if err := settle(amount); err != nil {
			t.Errorf("%s: another amount: %v", name, err)
		}
	}
}
