package lnd

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"mintmark/mint/lightning"
)

// A mint comes to a node that has more invoices than are read at a time, settled in
// another order than they were made in. All are delivered, oldest first, and after an
// interruption only the rest, without reading all invoices again.
func TestAllPagesOfInvoicesAreReadAndAfterARestartOnlyTheRest(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	b := open(t, c)
	b.page = 2
	var made []lightning.Invoice
	for range 9 {
		v, err := b.CreateInvoice(t.Context(), request(1000))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, v)
	}
	var want []string
	for _, i := range []int{7, 0, 3, 8, 2} { // the others stay unpaid
		if err := net.C.Pay(made[i].Request, 0); err != nil {
			t.Fatal(err)
		}
		want = append(want, made[i].LookupID)
	}
	var got []string
	take := func(p lightning.Incoming) error {
		if slices.Contains(want, p.LookupID) {
			got = append(got, p.LookupID)
		}
		return nil
	}
	enough := errors.New("enough")
	watch := func(b *Backend, until int) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return b.WatchIncoming(ctx, func(p lightning.Incoming) error {
			if len(got) == until {
				return enough
			}
			err := take(p)
			if len(got) == len(want) {
				cancel()
			}
			return err
		})
	}
	if err := watch(b, 2); !errors.Is(err, enough) {
		t.Errorf("the first watch ended with %v", err)
	}
	if !slices.Equal(got, want[:2]) {
		t.Errorf("delivered before the interruption: %v, want %v", got, want[:2])
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, c)
	defer b.Close()
	b.page = -1 // the node refuses such a page: nothing is read from the beginning
	if err := watch(b, len(want)); !errors.Is(err, context.Canceled) {
		t.Errorf("the second watch ended with %v", err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("delivered in all: %v, want %v", got, want)
	}
}
