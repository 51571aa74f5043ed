package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
)

// openQuote makes a mint quote that is locked to "owner" and asks for this much.
func (m *realMint) openQuote(method string, amount cashu.Amount) (q cashu.MintQuoteResponse) {
	m.tb.Helper()
	body := fmt.Sprintf(`{"unit":"sat","amount":%d,"pubkey":"%v"}`, amount, scalar(m.tb, "owner").Public())
	if amount == 0 {
		body = strings.Replace(body, `"amount":0`, `"amount":null`, 1)
	}
	m.mustPost("/v1/mint/quote/"+method, body, &q)
	return q
}

// deposit pays a quote as a customer does, a second later: so long does the mint not
// ask again.
func (m *realMint) deposit(q cashu.MintQuoteResponse, amount cashu.Amount) {
	m.tb.Helper()
	m.clock.Add(1)
	row, err := m.store.MintQuote(m.tb.Context(), q.Method, q.Quote)
	if err == nil {
		err = m.backend.Deposit(m.tb.Context(), row.LookupID, amount)
	}
	if err != nil {
		m.tb.Fatal(err)
	}
}

// wantQuote looks at a quote: what was paid, what was issued, its state.
func (m *realMint) wantQuote(q cashu.MintQuoteResponse, paid, issued cashu.Amount, state cashu.MintQuoteState) {
	m.tb.Helper()
	var got cashu.MintQuoteResponse
	w := get(m.handler, "/v1/mint/quote/"+q.Method+"/"+q.Quote)
	if err := cashu.Decode(w.Body.Bytes(), &got); err != nil || got.AmountPaid != paid || got.AmountIssued != issued || got.State != state {
		m.tb.Errorf("the quote is %s, want %d paid, %d issued, %s", w.Body, paid, issued, state)
	}
}

// wantRefused puts a request that must be refused and leave nothing behind.
func (m *realMint) wantRefused(name string, code cashu.Code, path string, body any) {
	m.tb.Helper()
	before := m.rows(m.tb)
	w := post(m.handler, path, m.encode(body))
	var got cashu.ErrorResponse
	if err := cashu.Decode(w.Body.Bytes(), &got); err != nil || w.Code != 400 || got.Code != code {
		m.tb.Errorf("%s: %d %s, want code %d", name, w.Code, w.Body, code)
	}
	if m.rows(m.tb) != before {
		m.tb.Errorf("%s: the database has changed", name)
	}
}

func TestAnOfferIsPaidAndIssuedAgainAndAgain(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "bolt12")
	const path = "/v1/mint/bolt12"
	m.wantRefused("a quote without a key", cashu.CodeQuotePubkey, "/v1/mint/quote/bolt12", `{"unit":"sat","amount":8}`)
	q := m.openQuote("bolt12", 0)
	if q.Amount != nil || !strings.HasPrefix(q.Request, "lno1") || q.Pubkey != scalar(t, "owner").Public() || q.Expiry == nil || *q.Expiry != m.clock.Load()+30*24*3600 {
		t.Errorf("the quote is %+v", q)
	}
	m.wantRefused("unpaid", cashu.CodeQuoteUnpaid, path, m.signed(q.Quote, "owner", m.outputs(m.sat, 1)))
	m.deposit(q, 5)
	m.wantQuote(q, 5, 0, cashu.MintQuotePaid)
	first := m.signed(q.Quote, "owner", m.outputs(m.sat, 4))
	answer := m.mustPost(path, first, new(cashu.MintResponse))
	m.wantQuote(q, 5, 4, cashu.MintQuotePaid)
	m.wantRefused("more than is left", cashu.CodeUnbalanced, path, m.signed(q.Quote, "owner", m.outputs(m.sat, 2)))
	m.wantRefused("without a signature", cashu.CodeQuoteSignature, path, cashu.MintRequest{Quote: q.Quote, Outputs: messages(m.outputs(m.sat, 1))})
	m.mustPost(path, m.signed(q.Quote, "owner", m.outputs(m.sat, 1)), new(cashu.MintResponse))
	m.wantQuote(q, 5, 5, cashu.MintQuoteIssued)
	m.wantRefused("nothing left", cashu.CodeQuoteIssued, path, m.signed(q.Quote, "owner", m.outputs(m.sat, 1)))
	m.deposit(q, 5) // the same amount again is another payment
	m.deposit(q, 3)
	m.wantQuote(q, 13, 5, cashu.MintQuotePaid)
	m.mustPost(path, m.signed(q.Quote, "owner", m.outputs(m.sat, 8)), new(cashu.MintResponse))
	m.wantQuote(q, 13, 13, cashu.MintQuoteIssued)
	if again := m.mustPost(path, first, new(cashu.MintResponse)); again != answer {
		t.Errorf("the first part again is %s, and was %s", again, answer)
	}
	m.wantRefused("under another method", cashu.CodeUnknownQuote, mintPath, m.signed(q.Quote, "owner", m.outputs(m.sat, 1)))

	// What it asks for is no bound: the payer decides, and the owner of the key.
	asking := m.openQuote("bolt12", 8)
	m.deposit(asking, 0)
	m.deposit(asking, 4)
	if asking.Amount == nil || *asking.Amount != 8 {
		t.Errorf("the quote is %+v", asking)
	}
	m.wantQuote(asking, 12, 0, cashu.MintQuotePaid)
	m.mustPost(path, m.signed(asking.Quote, "owner", m.outputs(m.sat, 2)), new(cashu.MintResponse))

	// What is paid after the end does not count, what was paid before is never lost.
	m.clock.Add(31 * 24 * 3600)
	row, err := m.store.MintQuote(t.Context(), "bolt12", asking.Quote)
	if err != nil || m.backend.Deposit(t.Context(), row.LookupID, 1) == nil {
		t.Errorf("an offer was paid after its end, %v", err)
	}
	m.mustPost(path, m.signed(asking.Quote, "owner", m.outputs(m.sat, 8, 2)), new(cashu.MintResponse))
}

func TestPartsOfSeveralOffersAreIssuedAtOnce(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "bolt12")
	const path = "/v1/mint/bolt12/batch"
	a, b := m.openQuote("bolt12", 0), m.openQuote("bolt12", 0)
	m.deposit(a, 10)
	m.deposit(b, 10)
	batch := func(out []output, amounts ...cashu.Amount) cashu.BatchMintRequest {
		req := cashu.BatchMintRequest{Quotes: []string{a.Quote, b.Quote}, Amounts: amounts, Outputs: messages(out)}
		for _, id := range req.Quotes {
			sig := m.signed(id, "owner", out).Signature
			req.Signatures = append(req.Signatures, &sig)
		}
		return req
	}
	m.wantQuote(a, 10, 0, cashu.MintQuotePaid) // takes the payments in
	m.wantQuote(b, 10, 0, cashu.MintQuotePaid)
	m.wantRefused("without amounts", cashu.CodeMalformed, path, batch(m.outputs(m.sat, 8)))
	m.wantRefused("more than one has", cashu.CodeUnbalanced, path, batch(m.outputs(m.sat, 8, 4), 11, 1))
	m.wantRefused("more than they say", cashu.CodeUnbalanced, path, batch(m.outputs(m.sat, 8, 2), 5, 4))
	mixed := batch(m.outputs(m.sat, 8), 4, 4)
	mixed.Quotes[0] = m.quote("sat", 4)
	m.wantRefused("a quote of another method", cashu.CodeUnknownQuote, path, mixed)
	m.mustPost(path, batch(m.outputs(m.sat, 8), 5, 3), new(cashu.MintResponse))
	m.wantQuote(a, 10, 5, cashu.MintQuotePaid)
	m.wantQuote(b, 10, 3, cashu.MintQuotePaid)
	// Outputs of less than was said: the last quote keeps the rest.
	m.mustPost(path, batch(m.outputs(m.sat, 8), 5, 7), new(cashu.MintResponse))
	m.wantQuote(a, 10, 10, cashu.MintQuoteIssued)
	m.wantQuote(b, 10, 6, cashu.MintQuotePaid)
}

func TestAnOfferIsMelted(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "bolt12")
	const quotes, path = "/v1/melt/quote/bolt12", "/v1/melt/bolt12"
	open, asking := m.openQuote("bolt12", 0), m.openQuote("bolt12", 8)
	ask := func(request, options string) string {
		return fmt.Sprintf(`{"request":%q,"unit":"sat","options":%s}`, request, options)
	}
	m.wantRefused("nobody says how much", cashu.CodeAmountlessInvoice, quotes, ask(open.Request, "null"))
	m.wantRefused("another amount", cashu.CodeInvoiceAmount, quotes, ask(asking.Request, `{"amountless":{"amount_msat":9000}}`))
	m.wantRefused("a part", cashu.CodeMalformed, quotes, ask(asking.Request, `{"mpp":{"amount":1000}}`))
	m.wantRefused("an invoice", cashu.CodeMalformed, quotes, ask(m.invoice(4, ""), "null"))
	m.wantRefused("half an offer", cashu.CodeMalformed, quotes, ask(open.Request[:40], "null"))
	for i, body := range []string{ask(open.Request, `{"amountless":{"amount_msat":3500}}`), ask(asking.Request, `{"amountless":{"amount_msat":8000}}`), ask(asking.Request, "{}")} {
		var offer, paid cashu.MeltQuoteResponse
		m.mustPost(quotes, body, &offer)
		if want := []cashu.Amount{4, 8, 8}[i]; offer.Amount != want || offer.State != cashu.MeltQuoteUnpaid || offer.Method != "bolt12" {
			t.Errorf("the offer is %+v, want an amount of %d", offer, want)
		}
		melt := cashu.MeltRequest{Quote: offer.Quote, Inputs: m.coins(m.sat, 16), Outputs: messages(m.outputs(m.sat, 1, 1, 1, 1))}
		answer := m.mustPost(path, melt, &paid)
		if paid.State != cashu.MeltQuotePaid || paid.PaymentPreimage == nil || len(paid.Change) == 0 {
			t.Errorf("the answer is %s", answer)
		}
		if again := m.mustPost(path, melt, &paid); again != answer {
			t.Errorf("the same melt again is %s, and was %s", again, answer)
		}
	}
	m.wantQuote(open, 4, 0, cashu.MintQuotePaid)
	m.wantQuote(asking, 16, 0, cashu.MintQuotePaid)
}

func TestAnAddressIsPaidOnTheChain(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "onchain")
	m.wantRefused("a quote without a key", cashu.CodeQuotePubkey, "/v1/mint/quote/onchain", `{"unit":"sat"}`)
	q := m.openQuote("onchain", 0)
	if q.Amount != nil || !strings.HasPrefix(q.Request, "bcrt1q") {
		t.Errorf("the quote is %+v", q)
	}
	m.deposit(q, 5)
	m.wantQuote(q, 0, 0, cashu.MintQuoteUnpaid) // seen, and not confirmed
	m.clock.Add(1)
	m.wantQuote(q, 5, 0, cashu.MintQuotePaid)
	m.mustPost("/v1/mint/onchain", m.signed(q.Quote, "owner", m.outputs(m.sat, 4)), new(cashu.MintResponse))
	m.deposit(q, 1)
	m.clock.Add(1)
	m.mustPost("/v1/mint/onchain", m.signed(q.Quote, "owner", m.outputs(m.sat, 2)), new(cashu.MintResponse))
	m.wantQuote(q, 6, 6, cashu.MintQuoteIssued)
	// What somebody sees before the end counts when it is confirmed after it.
	m.clock.Store(*q.Expiry - 2)
	m.deposit(q, 7)
	m.clock.Add(3)
	m.wantQuote(q, 13, 6, cashu.MintQuotePaid)
}

func TestAMeltOnTheChainIsAnsweredBeforeItIsPaidAndLetsChooseTheFee(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "onchain")
	const quotes, path = "/v1/melt/quote/onchain", "/v1/melt/onchain"
	q := m.openQuote("onchain", 0)
	m.wantRefused("no amount", cashu.CodeAmountOutOfRange, quotes, fmt.Sprintf(`{"request":%q,"unit":"sat"}`, q.Request))
	m.wantRefused("no address", cashu.CodeMalformed, quotes, `{"request":"bcrt1qqqq","unit":"sat","amount":8}`)
	m.wantRefused("all there is", cashu.CodeMalformed, quotes, fmt.Sprintf(`{"request":%q,"unit":"sat","amount":18446744073709551615}`, q.Request))
	var offer, now cashu.OnchainMeltResponse
	text := m.mustPost(quotes, fmt.Sprintf(`{"request":%q,"unit":"sat","amount":8}`, q.Request), &offer)
	want := []cashu.FeeOption{{FeeIndex: 0, FeeReserve: 8, EstimatedBlocks: 6}, {FeeIndex: 1, FeeReserve: 16, EstimatedBlocks: 3}, {FeeIndex: 2, FeeReserve: 32, EstimatedBlocks: 1}}
	if !slices.Equal(offer.FeeOptions, want) || offer.Amount != 8 || offer.State != cashu.MeltQuoteUnpaid || offer.Expiry == 0 ||
		!strings.Contains(text, `"selected_fee_index":null`) || !strings.Contains(text, `"outpoint":null`) {
		t.Errorf("the offer is %s", text)
	}
	one, nine, zero := uint64(1), uint64(9), uint64(0)
	melt := func(index *uint64, in []cashu.Proof) cashu.MeltRequest {
		return cashu.MeltRequest{Quote: offer.Quote, Inputs: in, Outputs: messages(m.outputs(m.sat, 1, 1, 1, 1)), FeeIndex: index}
	}
	coins := m.coins(m.sat, 16, 8, 4)
	m.wantRefused("no choice", cashu.CodeMalformed, path, melt(nil, coins))
	m.wantRefused("a choice that is none", cashu.CodeMalformed, path, melt(&nine, coins))
	m.wantRefused("too little for this choice", cashu.CodeUnbalanced, path, melt(&one, coins[:1]))
	order := melt(&one, coins)
	text = m.mustPost(path, order, &now)
	if now.State != cashu.MeltQuotePending || now.SelectedFeeIndex == nil || *now.SelectedFeeIndex != 1 {
		t.Errorf("the answer is %s", text)
	}
	w := post(m.handler, path, m.encode(melt(&zero, m.coins(m.sat, 16))))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "20005") {
		t.Errorf("with another choice: %d %s", w.Code, w.Body)
	}
	for deadline := time.Now().Add(20 * time.Second); now.State != cashu.MeltQuotePaid; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the payment is still %s", text)
		}
		w := get(m.handler, "/v1/melt/quote/onchain/"+offer.Quote)
		if text = w.Body.String(); cashu.Decode(w.Body.Bytes(), &now) != nil {
			t.Fatal(text)
		}
	}
	// Of a reserve of 16, 12 were spent: 28 - 8 - 12 are left.
	var change cashu.Amount
	for _, sig := range now.Change {
		change += sig.Amount
	}
	if now.Outpoint == nil || len(*now.Outpoint) != 64+len(":0") || *now.SelectedFeeIndex != 1 || change != 8 {
		t.Errorf("paid is %s", text)
	}
	if again := m.mustPost(path, order, &now); again != text {
		t.Errorf("the same melt again is %s, and was %s", again, text)
	}
	m.clock.Add(1)
	m.wantQuote(q, 8, 0, cashu.MintQuotePaid)
}

func TestACustomMethodGoesThroughTheSameRoutes(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "gift-card_2")
	var q cashu.MintQuoteResponse
	m.mustPost("/v1/mint/quote/gift-card_2", `{"amount":8,"unit":"sat","something":{"else":1}}`, &q)
	if !strings.HasPrefix(q.Request, "gift-card_2:") || q.Method != "gift-card_2" || q.Amount == nil || *q.Amount != 8 {
		t.Errorf("the quote is %+v", q)
	}
	m.wantRefused("unpaid", cashu.CodeQuoteUnpaid, "/v1/mint/gift-card_2", cashu.MintRequest{Quote: q.Quote, Outputs: messages(m.outputs(m.sat, 8))})
	m.wantRefused("another method", cashu.CodeUnknownMethod, "/v1/mint/quote/gift-card_3", `{"amount":8,"unit":"sat"}`)
	m.wantRefused("too much", cashu.CodeAmountOutOfRange, "/v1/mint/quote/gift-card_2", `{"amount":20001,"unit":"sat"}`)
	m.wantRefused("another unit", cashu.CodeUnitUnsupported, "/v1/mint/quote/gift-card_2", `{"amount":8,"unit":"eur"}`)
	m.deposit(q, 0)
	m.mustPost("/v1/mint/gift-card_2", cashu.MintRequest{Quote: q.Quote, Outputs: messages(m.outputs(m.sat, 4))}, new(cashu.MintResponse))
	m.wantQuote(q, 8, 4, cashu.MintQuotePaid)

	var offer, paid cashu.MeltQuoteResponse
	m.wantRefused("nobody says how much", cashu.CodeAmountlessInvoice, "/v1/melt/quote/gift-card_2", fmt.Sprintf(`{"request":%q,"unit":"sat"}`, q.Request))
	m.mustPost("/v1/melt/quote/gift-card_2", fmt.Sprintf(`{"request":%q,"unit":"sat","amount":5}`, q.Request), &offer)
	m.mustPost("/v1/melt/gift-card_2", cashu.MeltRequest{Quote: offer.Quote, Inputs: m.coins(m.sat, 16)}, &paid)
	if offer.Amount != 5 || paid.State != cashu.MeltQuotePaid {
		t.Errorf("offered %+v, paid %+v", offer, paid)
	}
	m.clock.Add(1)
	m.wantQuote(q, 13, 4, cashu.MintQuotePaid)
}

func TestInfoTellsWhatEachMethodCanDo(t *testing.T) {
	t.Parallel()
	m := newRealMint(t, "bolt11", "bolt12", "onchain", "gift-card_2")
	text := get(m.handler, "/v1/info").Body.String()
	for _, want := range []string{
		`{"method":"bolt12","unit":"sat","min_amount":1,"max_amount":20000,"options":{"description":true}}`,
		`{"method":"bolt12","unit":"usd","min_amount":1,"max_amount":20000,"options":{"amountless":true}}`,
		`{"method":"onchain","unit":"sat","min_amount":1,"max_amount":20000,"options":{"confirmations":1}}`,
		`{"method":"onchain","unit":"sat","min_amount":1,"max_amount":20000}`,
		`{"method":"gift-card_2","unit":"sat","min_amount":1,"max_amount":20000,"options":{"description":true}}`,
		`"29":{"max_batch_size":100,"methods":["bolt11","bolt12","gift-card_2","onchain"]}`,
		`{"method":"onchain","unit":"sat","commands":["onchain_mint_quote","onchain_melt_quote","proof_state"]}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
