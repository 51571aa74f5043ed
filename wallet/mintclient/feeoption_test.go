package mintclient

import "testing"

func TestTheCheapestFeeIsTheSmallestReserveThenTheQuickest(t *testing.T) {
	t.Parallel()
	q := MeltQuote{FeeOptions: []FeeOption{{0, 30, 1}, {4, 9, 6}, {2, 9, 3}, {3, 10, 1}}}
	if fee, choice := q.Cheapest(); !choice || fee.FeeIndex != 2 {
		t.Errorf("it is %+v", fee)
	}
	if _, choice := (MeltQuote{}).Cheapest(); choice {
		t.Error("there is nothing to choose from")
	}
}
