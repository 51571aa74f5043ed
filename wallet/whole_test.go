package wallet_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/wallet"
)

// A payment in parts that is asked for again under its name is answered from all of its
// parts: not from the first one, which has the name and may be the only one that is paid.
func TestAPaymentInPartsIsAnsweredFromAllOfThem(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 200, 150, usual)
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: w.outside(300, "")})
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("lost on the way, or not")
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" && "http://"+r.URL.Host == w.second.url {
			return lost
		}
		return nil
	}, nil)
	if _, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Poll: time.Millisecond, Wait: time.Second, Key: "rent"}); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	again := func() error {
		was, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Key: "rent"})
		if was.Amount != 300 {
			t.Errorf("again, it is a payment of %d", was.Amount)
		}
		_, oneErr := x.Melt(t.Context(), w.url, plan.Parts[0].Quote.ID, wallet.MeltOptions{Key: "rent"})
		if err == nil || oneErr == nil || err.Error() != oneErr.Error() {
			t.Errorf("again: %v; as a payment of one mint: %v", err, oneErr)
		}
		return err
	}
	if err := again(); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("while a part is in doubt: %v", err)
	}
	w.line.cut(nil, nil)
	w.later(time.Until(time.Unix(plan.Parts[1].Quote.Expiry, 0)) + time.Hour)
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := again(); !errors.Is(err, wallet.ErrPartlyPaid) {
		t.Errorf("when a part has failed: %v", err)
	}
	if err := errors.Join(w.audit(store), w.paidOnce(store)); err != nil {
		t.Error(err)
	}
}

// The whole of a payment is under way while a part is, and paid when all are.
func TestTheWholeOfAPayment(t *testing.T) {
	t.Parallel()
	group := uuid.New()
	for _, tc := range []struct {
		parts []string
		want  string
	}{
		{[]string{"completed"}, "completed"},
		{[]string{"completed", "completed"}, "completed"},
		{[]string{"completed", "pending", "failed"}, "pending"},
		{[]string{"failed", "completed"}, "in parts"},
		{[]string{"failed", "abandoned"}, "abandoned"},
		{[]string{"completed", "abandoned"}, "abandoned"},
		{[]string{"pending", "abandoned"}, "pending"},
		{[]string{"abandoned", "abandoned"}, "abandoned"},
	} {
		var list []wallet.Transaction
		for _, status := range tc.parts {
			list = append(list, wallet.Transaction{Group: group, Amount: 5, Fee: 1, Status: status}, wallet.Transaction{Amount: 9})
		}
		n := uint64(len(tc.parts))
		whole, err := wallet.Whole(wallet.PartsOf(list[0], list))
		if err != nil || whole.Status != tc.want || uint64(whole.Amount) != 5*n || uint64(whole.Fee) != n {
			t.Errorf("%v: %+v, %v", tc.parts, whole, err)
		}
	}
	if _, err := wallet.Whole([]wallet.Transaction{{Amount: 1 << 63}, {Amount: 1 << 63}}); err == nil {
		t.Error("more than there can be was added up")
	}
}
