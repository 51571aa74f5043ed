package fake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// foreign is an invoice of another node, in msat; 0 = no amount.
func foreign(t *testing.T, msat uint64, description string) string {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Unix(1_500_000_000, 0), Description: description,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	rand.Read(v.PaymentHash[:])
	rand.Read(v.PaymentSecret[:])
	request, err := bolt11.Encode(v, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func quotePayment(t *testing.T, b *Backend, r lightning.PaymentRequest) lightning.PaymentQuote {
	t.Helper()
	if r.Unit == "" {
		r.Unit = cashu.UnitSat
	}
	r.Method = lightning.MethodBolt11
	q, err := b.QuotePayment(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// order is a Payment of what was quoted.
func order(id, request string, q lightning.PaymentQuote) lightning.Payment {
	return lightning.Payment{
		ID: id, Method: lightning.MethodBolt11, Request: request, LookupID: q.LookupID,
		Amount: q.Amount, Unit: cashu.UnitSat, Terms: q.Terms, MaxFee: q.FeeReserve,
	}
}

func send(t *testing.T, b *Backend, p lightning.Payment) lightning.Outgoing {
	t.Helper()
	out, err := b.SendPayment(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkPayment(t *testing.T, b *Backend, id string) lightning.Outgoing {
	t.Helper()
	out, err := b.CheckPayment(t.Context(), lightning.MethodBolt11, id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPaymentTakesItsTimeAndCostsAFeeWithinItsReserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{OutgoingDelay: 3 * time.Second, FeePPM: 20_000, FeeReserveMin: 2})
		request := foreign(t, 1_000_001, "coffee")
		q := quotePayment(t, b, lightning.PaymentRequest{Request: request})
		if q.Amount != 1001 || q.FeeReserve != 20 || len(q.LookupID) != 64 {
			t.Fatalf("quoted %+v", q)
		}
		if got := checkPayment(t, b, "first"); got.State != lightning.PaymentUnknown {
			t.Errorf("before it began it is %v", got.State)
		}
		began := time.Now()
		done := make(chan lightning.Outgoing)
		go func() { done <- send(t, b, order("first", request, q)) }()
		time.Sleep(time.Second)
		if got := checkPayment(t, b, "first"); got.State != lightning.PaymentPending {
			t.Errorf("under way it is %v", got.State)
		}
		want := lightning.Outgoing{State: lightning.PaymentPaid, Spent: 1002, Proof: unknownPreimage}
		if got := <-done; got != want || time.Since(began) != 3*time.Second {
			t.Errorf("after %v it is %+v", time.Since(began), got)
		}
		if got := checkPayment(t, b, "first"); got != want {
			t.Errorf("later it is %+v", got)
		}
		closeNow(t, b)
	})
}

func TestAnAttemptGoesOnWithoutItsCallerAndAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "fake.db")
		config := Config{Path: path, OutgoingDelay: 5 * time.Second, FeeReserveMin: 1}
		b := open(t, config)
		request := foreign(t, 7000, "")
		p := order("a", request, quotePayment(t, b, lightning.PaymentRequest{Request: request}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
			t.Errorf("the caller that leaves is told %+v, %v", out, err)
		}
		closeNow(t, b)
		b = open(t, config)
		if got := checkPayment(t, b, "a"); got.State != lightning.PaymentPending {
			t.Errorf("after a restart it is %v", got.State)
		}
		if got := send(t, b, p); got.State != lightning.PaymentPaid || got.Spent != 8 {
			t.Errorf("asked for again it is %+v", got)
		}
		closeNow(t, b)
		list, err := Ledger(t.Context(), path)
		if err != nil || len(list) != 1 || !list[0].Paid || list[0].Again || list[0].ID != "a" || list[0].Amount != 7 || list[0].Fee != 1 {
			t.Errorf("the ledger has %+v, %v", list, err)
		}
	})
}

func TestNobodyIsPaidTwice(t *testing.T) {
	t.Parallel()
	b := open(t, Config{OutgoingDelay: -1})
	request := foreign(t, 9000, "")
	q := quotePayment(t, b, lightning.PaymentRequest{Request: request})
	states := make([]lightning.PaymentState, 16)
	var group sync.WaitGroup
	for i := range states {
		group.Go(func() {
			out, err := b.SendPayment(t.Context(), order(fmt.Sprintf("attempt %d", i), request, q))
			if err != nil {
				t.Error(err)
			}
			states[i] = out.State
		})
	}
	group.Wait()
	paid := 0
	for i, s := range states {
		switch s {
		case lightning.PaymentPaid:
			paid++
		case lightning.PaymentFailed:
			if got := checkPayment(t, b, fmt.Sprintf("attempt %d", i)); got.State != lightning.PaymentFailed {
				t.Errorf("a failed attempt is %v", got.State)
			}
		default:
			t.Errorf("an attempt is %v", s)
		}
	}
	if paid != 1 {
		t.Errorf("paid %d times", paid)
	}
}

func TestAFailedAttemptStaysFailedAndTheNextOnePays(t *testing.T) {
	t.Parallel()
	b := open(t, Config{OutgoingDelay: -1})
	failing := foreign(t, 9000, failThePayment)
	p := order("a", failing, quotePayment(t, b, lightning.PaymentRequest{Request: failing}))
	for range 2 {
		if got := send(t, b, p); got.State != lightning.PaymentFailed {
			t.Errorf("it is %+v", got)
		}
	}
	p.ID = "b" // the same debt, which is still owed
	if got := send(t, b, p); got.State != lightning.PaymentFailed {
		t.Errorf("it is %+v", got)
	}
}

func TestPartsAddUpToTheInvoiceAndNoFurther(t *testing.T) {
	t.Parallel()
	b := open(t, Config{OutgoingDelay: -1})
	request := foreign(t, 9000, "")
	part := func(msat uint64) lightning.Payment {
		q := quotePayment(t, b, lightning.PaymentRequest{Request: request, PartMsat: msat})
		return order(rand.Text(), request, q)
	}
	first, second, third := part(4000), part(5000), part(1000)
	if first.LookupID == second.LookupID || first.Amount != 4 {
		t.Errorf("parts are %+v and %+v", first, second)
	}
	for i, want := range []lightning.PaymentState{lightning.PaymentPaid, lightning.PaymentPaid, lightning.PaymentFailed} {
		if got := send(t, b, []lightning.Payment{first, second, third}[i]); got.State != want {
			t.Errorf("part %d is %v, want %v", i, got.State, want)
		}
	}
}

func TestAnInvoiceOfThisNodeIsSettledWithItsPreimage(t *testing.T) {
	t.Parallel()
	b := open(t, Config{IncomingDelay: -1, OutgoingDelay: -1})
	v := invoice(t, b, 21)
	p := order("a", v.Request, quotePayment(t, b, lightning.PaymentRequest{Request: v.Request}))
	out := send(t, b, p)
	preimage, err := hex.DecodeString(out.Proof)
	hash := sha256.Sum256(preimage)
	if err != nil || hex.EncodeToString(hash[:]) != v.LookupID || p.LookupID != v.LookupID {
		t.Errorf("the proof %s does not belong to %s", out.Proof, v.LookupID)
	}
	if got := check(t, b, v); len(got) != 1 || got[0].Amount != 21 {
		t.Errorf("the invoice has the payments %+v", got)
	}
	p.ID = "b"
	if got := send(t, b, p); got.State != lightning.PaymentFailed {
		t.Errorf("paid again: %+v", got)
	}
	_, err = b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Unit: "sat", Request: v.Request, PartMsat: 1000})
	if !errors.Is(err, lightning.ErrRefused) {
		t.Errorf("a part of an invoice of this node: %v", err)
	}
}

func TestWhatCannotBePaidIsRefusedWhenQuoted(t *testing.T) {
	t.Parallel()
	b := open(t, Config{MinAmount: 2, MaxAmount: 100})
	deaf := open(t, Config{NoAmountless: true, NoMultiPath: true})
	ten, none := foreign(t, 10_000, ""), foreign(t, 0, "")
	for name, tt := range map[string]struct {
		b    *Backend
		r    lightning.PaymentRequest
		want error
	}{
		"no invoice":                      {b, lightning.PaymentRequest{Request: "lnbc1"}, lightning.ErrRefused},
		"too little":                      {b, lightning.PaymentRequest{Request: foreign(t, 1000, "")}, lightning.ErrRefused},
		"too much":                        {b, lightning.PaymentRequest{Request: foreign(t, 100_001, "")}, lightning.ErrRefused},
		"another unit":                    {b, lightning.PaymentRequest{Request: ten, Unit: "usd"}, lightning.ErrRefused},
		"no amount":                       {b, lightning.PaymentRequest{Request: none}, lightning.ErrAmountless},
		"another amount":                  {b, lightning.PaymentRequest{Request: ten, AmountMsat: 9000}, lightning.ErrOtherAmount},
		"a part above the whole":          {b, lightning.PaymentRequest{Request: ten, PartMsat: 10_001}, lightning.ErrOtherAmount},
		"a part of no amount":             {b, lightning.PaymentRequest{Request: none, PartMsat: 5000}, lightning.ErrAmountless},
		"a part and an amount":            {b, lightning.PaymentRequest{Request: ten, AmountMsat: 10_000, PartMsat: 5000}, lightning.ErrRefused},
		"an amount where it is not given": {deaf, lightning.PaymentRequest{Request: none, AmountMsat: 9000}, lightning.ErrAmountless},
		"a part where they are not known": {deaf, lightning.PaymentRequest{Request: ten, PartMsat: 5000}, lightning.ErrRefused},
	} {
		if tt.r.Unit == "" {
			tt.r.Unit = "sat"
		}
		tt.r.Method = lightning.MethodBolt11
		if q, err := tt.b.QuotePayment(t.Context(), tt.r); !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v, want %v", name, q, err, tt.want)
		}
	}
	if q := quotePayment(t, b, lightning.PaymentRequest{Request: none, AmountMsat: 9001}); q.Amount != 10 {
		t.Errorf("9001 msat are quoted as %d sat", q.Amount)
	}
	if q := quotePayment(t, b, lightning.PaymentRequest{Request: ten, AmountMsat: 10_000}); q.Amount != 10 {
		t.Errorf("the same amount is quoted as %d", q.Amount)
	}
}

// The table of outcomes that the test tools of the ecosystem rely on.
func TestADescriptionSteersThePayment(t *testing.T) {
	t.Parallel()
	b := open(t, Config{OutgoingDelay: -1})
	const failed, paid, pending, unknown = lightning.PaymentFailed, lightning.PaymentPaid, lightning.PaymentPending, lightning.PaymentUnknown
	steer := func(pay, check string, payErr, checkErr bool) string {
		return fmt.Sprintf(`{"pay_invoice_state":%q,"check_payment_state":%q,"pay_err":%t,"check_err":%t,"more":1}`, pay, check, payErr, checkErr)
	}
	for description, want := range map[string]struct {
		pay, check       lightning.PaymentState
		payErr, checkErr bool
	}{
		steer("PAID", "PAID", false, false):     {paid, paid, false, false},
		steer("UNPAID", "FAILED", false, false): {failed, failed, false, false},
		steer("PENDING", "PAID", false, false):  {pending, paid, false, false},
		steer("UNKNOWN", "UNKNOWN", true, true): {0, 0, true, true},
		steer("FAILED", "UNKNOWN", true, false): {0, unknown, true, false},
		steer("NONSENSE", "PAID", true, false):  {paid, paid, false, false},
		`{"pay_invoice_state":"FAILED"}`:        {paid, paid, false, false},
		"fail the payment":                      {failed, failed, false, false},
		"please fail the payment":               {paid, paid, false, false},
	} {
		request := foreign(t, 5000, description)
		p := order(rand.Text(), request, quotePayment(t, b, lightning.PaymentRequest{Request: request}))
		out, err := b.SendPayment(t.Context(), p)
		if out.State != want.pay || (err != nil) != want.payErr {
			t.Errorf("%s: paying gives %v, %v", description, out.State, err)
		}
		out, err = b.CheckPayment(t.Context(), lightning.MethodBolt11, p.ID)
		if out.State != want.check || (err != nil) != want.checkErr {
			t.Errorf("%s: checking gives %v, %v", description, out.State, err)
		}
	}
}

func TestClosingEndsTheWaitForAPayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{Path: sqldb.Memory, OutgoingDelay: time.Hour})
		request := foreign(t, 5000, "")
		p := order("a", request, quotePayment(t, b, lightning.PaymentRequest{Request: request}))
		ended := make(chan error)
		go func() {
			_, err := b.SendPayment(t.Context(), p)
			ended <- err
		}()
		synctest.Wait()
		closeNow(t, b)
		if err := <-ended; !errors.Is(err, lightning.ErrClosed) {
			t.Errorf("waiting ended with %v", err)
		}
	})
}

func TestADescriptionSaysHowLongAPaymentTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{OutgoingDelay: time.Second, FeeReserveMin: 2})
		for description, want := range map[string]time.Duration{
			"take 90s": 90 * time.Second, "take away": time.Second, "take -1s": time.Second, "tea": time.Second,
		} {
			request := foreign(t, 1000, description)
			began := time.Now()
			send(t, b, order(description, request, quotePayment(t, b, lightning.PaymentRequest{Request: request})))
			if took := time.Since(began); took != want {
				t.Errorf("%q: it took %v, want %v", description, took, want)
			}
		}
		closeNow(t, b)
	})
}

// The mint's clock was ahead when the payment began, and is set right again.
func TestAClockThatIsSetBackDoesNotKeepAPaymentPending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ahead := 2 * time.Hour
		b := open(t, Config{OutgoingDelay: time.Minute, Clock: func() time.Time { return time.Now().Add(ahead) }})
		request := foreign(t, 5000, "")
		p := order("a", request, quotePayment(t, b, lightning.PaymentRequest{Request: request}))
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if out, err := b.SendPayment(hurried, p); err != nil || out.State != lightning.PaymentPending {
			t.Fatalf("paying gives %v, %v", out.State, err)
		}
		ahead = 0
		if out, err := b.CheckPayment(t.Context(), lightning.MethodBolt11, p.ID); err != nil || out.State != lightning.PaymentPaid {
			t.Errorf("checking gives %v, %v", out.State, err)
		}
	})
}
