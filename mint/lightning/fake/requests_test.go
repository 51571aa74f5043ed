package fake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/mint/lightning"
)

var allMethods = []string{lightning.MethodBolt11, lightning.MethodBolt12, lightning.MethodOnchain, "gift-card_2"}

func request(t *testing.T, b *Backend, r lightning.InvoiceRequest) lightning.Invoice {
	t.Helper()
	r.Unit = "sat"
	v, err := b.CreateInvoice(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRequestsOfEveryMethodArePaidWhenTheDelayIsOverAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := Config{Path: filepath.Join(t.TempDir(), "fake.db"), Methods: allMethods, IncomingDelay: 5 * time.Second, OpenAmount: 77, Confirmations: 3, BlockTime: 10 * time.Second}
		b := open(t, c)
		offer := request(t, b, lightning.InvoiceRequest{Method: "bolt12", Amount: 5, Description: "tea"})
		address := request(t, b, lightning.InvoiceRequest{Method: "onchain"})
		request(t, b, lightning.InvoiceRequest{Method: "gift-card_2"})
		invoice(t, b, 9)
		time.Sleep(5 * time.Second)
		closeNow(t, b)
		b = open(t, c)
		if got := check(t, b, offer); len(got) != 1 || got[0].Amount != 5 || got[0].LookupID != offer.LookupID {
			t.Errorf("the offer got %+v", got)
		}
		if got := check(t, b, address); len(got) != 0 {
			t.Errorf("the address got something without a confirmation: %+v", got)
		}
		if err := b.Deposit(t.Context(), offer.LookupID, 6); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if got := check(t, b, address); len(got) != 1 || got[0].Amount != 77 {
			t.Errorf("the address got %+v", got)
		}
		var order []string
		ctx, stop := context.WithCancel(t.Context())
		err := b.WatchIncoming(ctx, func(p lightning.Incoming) error {
			if order = append(order, p.LookupID); len(order) == 5 {
				stop()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || len(order) != 5 || order[4] != address.LookupID {
			t.Errorf("delivered %v, %v; want the offer, the custom request, the invoice, the offer again, and the address", order, err)
		}
		ctx, stop = context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_ = b.WatchIncoming(ctx, func(p lightning.Incoming) error {
			t.Errorf("delivered again: %+v", p)
			return nil
		})
		closeNow(t, b)
	})
}

func TestACoinBelowTheMinimumNeverCountsAloneOrWithOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{Methods: allMethods, MinAmount: 10, IncomingDelay: -1})
		v := request(t, b, lightning.InvoiceRequest{Method: "onchain", Expiry: time.Now().Add(time.Minute)})
		for range 2 {
			if err := b.Deposit(t.Context(), v.LookupID, 9); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Deposit(t.Context(), v.LookupID, 10); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := check(t, b, v); len(got) != 1 || got[0].Amount != 10 {
			t.Errorf("counted %+v", got)
		}
		time.Sleep(time.Minute)
		if err := b.Deposit(t.Context(), v.LookupID, 10); !errors.Is(err, ErrExpired) {
			t.Errorf("after the end: %v", err)
		}
		closeNow(t, b)
	})
}

func TestOffersAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, o := range []offer{{}, {msat: 1}, {msat: 1 << 40, description: "tea & ☕", expires: time.Unix(1_900_000_000, 0)}, {description: strings.Repeat("x", 1000)}} {
		text, err := newOffer(o.msat, o.description, o.expires)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{text, strings.ToUpper(text), text[:20] + "+" + text[20:]} {
			got, err := readOffer(form)
			if err != nil || got.msat != o.msat || got.description != o.description || !got.expires.Equal(o.expires) || len(got.id) != 64 {
				t.Errorf("%q is %+v, %v", form, got, err)
			}
		}
		if again, _ := newOffer(o.msat, o.description, o.expires); again == text {
			t.Error("two offers are the same")
		}
		for n := range len(text) {
			if got, err := readOffer(text[:n]); err == nil {
				t.Errorf("%d characters of an offer are read as %+v", n, got)
			}
		}
	}
	if _, err := readOffer("LNO1" + "pczxku2lqq"); err == nil {
		t.Error("mixed case is read")
	}
}

// An offer of BOLT 12's own test vectors: it has a description and an issuer id.
func TestAnOfferOfTheSpecificationIsRead(t *testing.T) {
	t.Parallel()
	const text = "lno1pgx9getnwss8vetrw3hhyuckyypwa3eyt44h6txtxquqh7lz5djge4afgfjn7k4rgrkuag0jsd5xvxg"
	o, err := readOffer(text)
	if err != nil || o.description != "Test vectors" || o.msat != 0 {
		t.Errorf("it is %+v, %v", o, err)
	}
}

func FuzzReadOffer(f *testing.F) {
	text, err := newOffer(5000, "tea", time.Unix(1_900_000_000, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("lno1")
	f.Fuzz(func(t *testing.T, s string) {
		if o, err := readOffer(s); err == nil && len(o.id) != 64 {
			t.Fatalf("%q is %+v", s, o)
		}
	})
}

func TestAddressesAreKnownByTheirForm(t *testing.T) {
	t.Parallel()
	own, err := newAddress()
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{
		own, strings.ToUpper(own),
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",                     // BIP 173
		"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", // BIP 173
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", // BIP 350
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",                             // the first one
	} {
		if err := checkAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "hello", own[:len(own)-1], own[:len(own)-1] + "b", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", // BIP 350: the older checksum
		"bc1", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
	} {
		if checkAddress(bad) == nil {
			t.Errorf("%s is taken for an address", bad)
		}
	}
}

func TestADescriptionSteersThePaymentOfAnOffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "fake.db")
		b := open(t, Config{Path: path, Methods: allMethods, IncomingDelay: -1})
		text, err := newOffer(5000, failThePayment, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		r := lightning.PaymentRequest{Method: "bolt12", Request: text, Unit: "sat"}
		q, err := b.QuotePayment(t.Context(), r)
		if err != nil || q.LookupID != "" || q.Amount != 5 {
			t.Fatalf("quoted %+v, %v", q, err)
		}
		p := lightning.Payment{ID: "a", Method: "bolt12", Request: text, Amount: q.Amount, Unit: "sat", Terms: q.Terms, MaxFee: q.FeeReserve}
		if out := send(t, b, p); out.State != lightning.PaymentFailed {
			t.Errorf("got %+v", out)
		}
		closeNow(t, b)
		debt := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		list, err := Ledger(t.Context(), path)
		if err != nil || len(list) != 1 || list[0].Debt != debt || list[0].Paid || list[0].Open || list[0].Msat != 0 {
			t.Errorf("of a payment that failed the ledger has %+v, %v", list, err)
		}
	})
}

func TestATransactionIsSeenBeforeItIsConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{Methods: allMethods, IncomingDelay: -1, Confirmations: 6, BlockTime: 10 * time.Minute})
		v := request(t, b, lightning.InvoiceRequest{Method: "onchain"})
		q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "onchain", Request: v.Request, Unit: "sat", Amount: 50})
		if err != nil || len(q.Options) != 3 {
			t.Fatalf("quoted %+v, %v", q, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		order := lightning.Payment{ID: "a", Method: "onchain", Request: v.Request, Amount: 50, Unit: "sat", Terms: q.Terms, MaxFee: 8}
		early, err := b.SendPayment(ctx, order)
		if err != nil || early.State != lightning.PaymentPending || !strings.HasSuffix(early.Proof, ":0") {
			t.Errorf("after a minute: %+v, %v", early, err)
		}
		late := send(t, b, order)
		if late.State != lightning.PaymentPaid || late.Proof != early.Proof || late.Spent != 56 {
			t.Errorf("in the end: %+v", late)
		}
		if got := check(t, b, v); len(got) != 1 || got[0].Amount != 50 {
			t.Errorf("the address got %+v", got)
		}
		closeNow(t, b)
	})
}
