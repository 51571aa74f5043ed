package httpapi_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// refusal is a request that the mint refuses.
type refusal struct {
	name string
	code cashu.Code
	path string
	// body of the request: a text, or something of the cashu package.
	body any
}

const (
	swapPath      = "/v1/swap"
	mintPath      = "/v1/mint/bolt11"
	mintQuotePath = "/v1/mint/quote/bolt11"
	batchPath     = "/v1/mint/bolt11/batch"
	checkPath     = "/v1/mint/quote/bolt11/check"
	meltPath      = "/v1/melt/bolt11"
	meltQuotePath = "/v1/melt/quote/bolt11"
	statePath     = "/v1/checkstate"
	restorePath   = "/v1/restore"
)

// elsewhere are the codes that this mint does not give, or that no request alone
// can provoke.
var elsewhere = map[cashu.Code]string{
	cashu.CodeMintingDisabled:      "a mint that cannot mint has no method",
	cashu.CodeMeltingDisabled:      "a mint that cannot melt has no method",
	cashu.CodeInternal:             "TestErrorsBecomeTheAnswerThatTheContractSays",
	cashu.CodeRateLimited:          "TestARefusalOfTheGateLeavesNothingBehind",
	cashu.CodeUnavailable:          "TestWithoutItsSignatoryTheMintChangesNothing",
	cashu.CodePaymentFailed:        "TestAPaymentThatFailsIsRefusedAndGivesTheCoinsBack",
	cashu.CodeClearAuthRequired:    "NUT-21",
	cashu.CodeClearAuthFailed:      "NUT-21",
	cashu.CodeBlindAuthRequired:    "NUT-22",
	cashu.CodeBlindAuthFailed:      "NUT-22",
	cashu.CodeBlindAuthMaxExceeded: "NUT-22",
	cashu.CodeBlindAuthRateLimited: "NUT-22",
}

// refusals is the table: every code with the requests that provoke it, now and
// more than an hour later. What they need is made here, before anything is compared.
func (m *realMint) refusals() (now, later []refusal) {
	swap := func(in []cashu.Proof, out []output) cashu.SwapRequest {
		return cashu.SwapRequest{Inputs: in, Outputs: messages(out)}
	}
	melt := func(quote string, in []cashu.Proof, blanks []output) cashu.MeltRequest {
		return cashu.MeltRequest{Quote: quote, Inputs: in, Outputs: messages(blanks)}
	}
	mint := func(quote string, out []output) cashu.MintRequest {
		return cashu.MintRequest{Quote: quote, Outputs: messages(out)}
	}
	batch := func(signatures []*string, out []output, quotes ...string) cashu.BatchMintRequest {
		return cashu.BatchMintRequest{Quotes: quotes, Outputs: messages(out), Signatures: signatures}
	}
	join := func(a, b []cashu.Proof) []cashu.Proof { return append(append([]cashu.Proof(nil), a...), b...) }
	good, more, dollars := m.coins(m.sat, 8), m.coins(m.sat, 8), m.coins(m.usd, 8)
	brief := m.coins(m.brief, 8)
	fresh := func() []output { return m.outputs(m.sat, 8) }

	// What is spent, signed, pending and paid.
	spent, signed := m.coins(m.sat, 8), fresh()
	m.mustPost(swapPath, swap(spent, signed), new(cashu.SwapResponse))
	stuck := `{"pay_invoice_state":"PENDING","check_payment_state":"PENDING","pay_err":false,"check_err":false}`
	slow := m.invoice(4, stuck)
	pendingQuote, pending, blanks := m.meltQuote(slow), m.coins(m.sat, 16), m.outputs(m.sat, 1)
	order := melt(pendingQuote, pending, blanks)
	order.PreferAsync = true
	m.mustPost(meltPath, order, new(cashu.MeltQuoteResponse))
	invoice := m.invoice(4, "")
	paidQuote := m.meltQuote(invoice)
	m.mustPost(meltPath, melt(paidQuote, m.coins(m.sat, 16), nil), new(cashu.MeltQuoteResponse))
	offer := m.meltQuote(m.invoice(4, ""))
	wealth := m.coins(m.sat, 32)

	paid, unpaid, issued := m.quote("sat", 8), m.unpaid("sat", 8), m.quote("sat", 8)
	m.mustPost(mintPath, mint(issued, fresh()), new(cashu.MintResponse))
	late := m.unpaid("sat", 8)
	var locked struct {
		Quote string `json:"quote"`
	}
	m.mustPost(mintQuotePath, fmt.Sprintf(`{"amount":8,"unit":"sat","pubkey":"%v"}`, scalar(m.tb, "owner").Public()), &locked)

	forged := m.coins(m.sat, 8)
	forged[0].C = scalar(m.tb, "forged").Public()
	p2pk := []cashu.Proof{m.locked(fmt.Sprintf(`["P2PK",{"nonce":"1","data":"%v"}]`, scalar(m.tb, "owner").Public()))}
	unknownKind := []cashu.Proof{m.locked(`["P2XX",{"nonce":"1","data":"x"}]`)}
	unknownID := fresh()
	unknownID[0].ID = mustID(m.tb, "0011223344556677")
	oddAmount := m.outputs(m.sat, 8)
	oddAmount[0].Amount = 7
	huge := m.outputs(m.sat, 1<<63, 1<<63)
	rich := m.counterfeit(m.sat, 1<<63, 1<<63)
	long := m.coins(m.sat, 8)
	long[0].Secret = strings.Repeat("x", 1025)
	wordy := m.coins(m.sat, 8)
	wordy[0].Witness = strings.Repeat("x", 4097)
	many := func(n int, element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}

	now = []refusal{
		{"a forged coin", cashu.CodeProofInvalid, swapPath, swap(forged, fresh())},
		{"a locked coin without a signature", cashu.CodeProofInvalid, swapPath, swap(p2pk, fresh())},
		{"a coin with a condition of an unknown kind", cashu.CodeProofInvalid, swapPath, swap(unknownKind, fresh())},
		{"a forged coin to melt", cashu.CodeProofInvalid, meltPath, melt(offer, join(forged, wealth), nil)},
		{"a spent coin", cashu.CodeProofsSpent, swapPath, swap(spent, fresh())},
		{"a spent coin among others", cashu.CodeProofsSpent, swapPath, swap(join(good, spent), m.outputs(m.sat, 16))},
		{"a spent coin to melt", cashu.CodeProofsSpent, meltPath, melt(offer, join(wealth, spent), nil)},
		{"a pending coin", cashu.CodeProofsPending, swapPath, swap(pending, m.outputs(m.sat, 16))},
		{"a pending coin to melt", cashu.CodeProofsPending, meltPath, melt(offer, pending, nil)},
		{"an output that was signed", cashu.CodeOutputsSigned, swapPath, swap(good, signed)},
		{"an output that was signed, to mint", cashu.CodeOutputsSigned, mintPath, mint(paid, signed)},
		{"a blank that was signed", cashu.CodeOutputsSigned, meltPath, melt(offer, wealth, signed)},
		{"an output that is pending", cashu.CodeOutputsPending, swapPath, swap(m.coins(m.sat, 1), blanks)},
		{"a blank that is pending", cashu.CodeOutputsPending, meltPath, melt(offer, wealth, blanks)},
		{"too little in", cashu.CodeUnbalanced, swapPath, swap(good, m.outputs(m.sat, 16))},
		{"too much in", cashu.CodeUnbalanced, swapPath, swap(good, m.outputs(m.sat, 4))},
		{"nothing in", cashu.CodeUnbalanced, swapPath, swap(nil, fresh())},
		{"nothing out", cashu.CodeUnbalanced, swapPath, swap(good, nil)},
		{"no lists at all", cashu.CodeUnbalanced, swapPath, "{}"},
		{"too much to mint", cashu.CodeUnbalanced, mintPath, mint(paid, m.outputs(m.sat, 16))},
		{"too little to mint", cashu.CodeUnbalanced, mintPath, mint(paid, m.outputs(m.sat, 4))},
		{"too little to melt", cashu.CodeUnbalanced, meltPath, melt(offer, m.coins(m.sat, 4), nil)},
		{"nothing to melt", cashu.CodeUnbalanced, meltPath, melt(offer, nil, nil)},
		{"a quote for nothing", cashu.CodeAmountOutOfRange, mintQuotePath, `{"amount":0,"unit":"sat"}`},
		{"a quote for too much", cashu.CodeAmountOutOfRange, mintQuotePath, `{"amount":20001,"unit":"sat"}`},
		{"a quote for all there is", cashu.CodeAmountOutOfRange, mintQuotePath, `{"amount":18446744073709551615,"unit":"sat"}`},
		{"outputs that overflow", cashu.CodeAmountOutOfRange, swapPath, swap(good, huge)},
		{"outputs that overflow, to mint", cashu.CodeAmountOutOfRange, mintPath, mint(paid, huge)},
		{"inputs that overflow", cashu.CodeAmountOutOfRange, swapPath, swap(rich, huge[:1])},
		{"inputs that overflow, to melt", cashu.CodeAmountOutOfRange, meltPath, melt(offer, rich, nil)},
		{"an input twice", cashu.CodeDuplicateInputs, swapPath, swap(join(good, good), m.outputs(m.sat, 16))},
		{"an input twice, with another witness", cashu.CodeDuplicateInputs, swapPath,
			swap(join(good, []cashu.Proof{witnessed(good[0])}), m.outputs(m.sat, 16))},
		{"an input twice, to melt", cashu.CodeDuplicateInputs, meltPath, melt(offer, join(good, good), nil)},
		{"an output twice", cashu.CodeDuplicateOutputs, swapPath, swap(m.coins(m.sat, 16), twice(fresh()[0]))},
		{"an output twice, once in capitals", cashu.CodeDuplicateOutputs, swapPath,
			capitals(m.encode(swap(m.coins(m.sat, 16), twice(fresh()[0]))))},
		{"an output twice, to mint", cashu.CodeDuplicateOutputs, mintPath, mint(m.quote("sat", 16), twice(fresh()[0]))},
		{"a blank twice", cashu.CodeDuplicateOutputs, meltPath, melt(offer, wealth, twice(fresh()[0]))},
		{"inputs of two units", cashu.CodeMultipleUnits, swapPath, swap(join(good, dollars), m.outputs(m.sat, 16))},
		{"outputs of two units", cashu.CodeMultipleUnits, swapPath, swap(m.coins(m.sat, 16), append(fresh(), m.outputs(m.usd, 8)...))},
		{"inputs of two units, to melt", cashu.CodeMultipleUnits, meltPath, melt(offer, join(wealth, dollars), nil)},
		{"another unit out than in", cashu.CodeUnitMismatch, swapPath, swap(good, m.outputs(m.usd, 8))},
		{"another unit than the quote's", cashu.CodeUnitMismatch, mintPath, mint(paid, m.outputs(m.usd, 8))},
		{"another unit than the offer's", cashu.CodeUnitMismatch, meltPath, melt(offer, dollars, nil)},
		{"blanks of another unit", cashu.CodeUnitMismatch, meltPath, melt(offer, wealth, m.outputs(m.usd, 1))},
		{"an invoice without amount", cashu.CodeAmountlessInvoice, meltQuotePath, fmt.Sprintf(`{"request":%q,"unit":"sat"}`, m.invoice(0, ""))},
		{"an amount that is not the invoice's", cashu.CodeInvoiceAmount, meltQuotePath,
			fmt.Sprintf(`{"request":%q,"unit":"sat","options":{"amountless":{"amount_msat":5000}}}`, m.invoice(4, ""))},
		{"a unit that nobody has", cashu.CodeUnitUnsupported, mintQuotePath, `{"amount":8,"unit":"eur"}`},
		{"a unit that nobody has, to melt", cashu.CodeUnitUnsupported, meltQuotePath, fmt.Sprintf(`{"request":%q,"unit":"eur"}`, m.invoice(4, ""))},
		{"too many inputs", cashu.CodeTooManyInputs, swapPath, `{"inputs":` + many(1001, "{}") + `,"outputs":[]}`},
		{"too many inputs, to melt", cashu.CodeTooManyInputs, meltPath, `{"quote":"q","inputs":` + many(1001, "{}") + `}`},
		{"too many states", cashu.CodeTooManyInputs, statePath, `{"Ys":` + many(1001, `""`) + `}`},
		{"too many outputs", cashu.CodeTooManyOutputs, swapPath, `{"inputs":[],"outputs":` + many(1001, "{}") + `}`},
		{"too many outputs, to mint", cashu.CodeTooManyOutputs, mintPath, `{"quote":"q","outputs":` + many(1001, "{}") + `}`},
		{"too many outputs, to restore", cashu.CodeTooManyOutputs, restorePath, `{"outputs":` + many(1001, "{}") + `}`},
		{"an input of an unknown keyset", cashu.CodeKeysetUnknown, swapPath, swap([]cashu.Proof{renamed(good[0], unknownID[0].ID)}, fresh())},
		{"an output of an unknown keyset", cashu.CodeKeysetUnknown, swapPath, swap(good, unknownID)},
		{"a short keyset id, which is for tokens", cashu.CodeKeysetUnknown, swapPath,
			strings.Replace(m.encode(swap(good, fresh())), m.sat.ID.String(), m.sat.ID.String()[:16], 1)},
		{"an amount that the keyset has no key for", cashu.CodeKeysetUnknown, swapPath, swap(m.coins(m.sat, 4, 2, 1), oddAmount)},
		{"a retired keyset", cashu.CodeKeysetInactive, swapPath, swap(good, m.outputs(m.old, 8))},
		{"a retired keyset, to mint", cashu.CodeKeysetInactive, mintPath, mint(paid, m.outputs(m.old, 8))},
		{"blanks of a retired keyset", cashu.CodeKeysetInactive, meltPath, melt(offer, wealth, m.outputs(m.old, 1))},
		{"an unpaid quote", cashu.CodeQuoteUnpaid, mintPath, mint(unpaid, fresh())},
		{"an issued quote", cashu.CodeQuoteIssued, mintPath, mint(issued, fresh())},
		{"an offer that is being paid", cashu.CodeQuotePending, meltPath, melt(pendingQuote, wealth, nil)},
		{"an invoice that is being paid", cashu.CodeQuotePending, meltQuotePath, fmt.Sprintf(`{"request":%q,"unit":"sat"}`, slow)},
		{"a paid offer", cashu.CodeInvoicePaid, meltPath, melt(paidQuote, wealth, nil)},
		{"a paid invoice", cashu.CodeInvoicePaid, meltQuotePath, fmt.Sprintf(`{"request":%q,"unit":"sat"}`, invoice)},
		{"a locked quote without a signature", cashu.CodeQuoteSignature, mintPath, mint(locked.Quote, fresh())},
		{"a locked quote with another's signature", cashu.CodeQuoteSignature, mintPath, m.signed(locked.Quote, "thief", fresh())},
		{"a public key that is none", cashu.CodeQuotePubkey, mintQuotePath, `{"amount":8,"unit":"sat","pubkey":"02` + strings.Repeat("ff", 32) + `"}`},
		{"a public key of 65 bytes", cashu.CodeQuotePubkey, mintQuotePath, `{"amount":8,"unit":"sat","pubkey":"` + uncompressed + `"}`},
		{"an unknown quote", cashu.CodeUnknownQuote, mintPath, mint("0192d3c0-7e8a-7c3d-8e9f-1a2b3c4d5e6f", fresh())},
		{"a quote that cannot be", cashu.CodeUnknownQuote, mintPath, mint("'; --", fresh())},
		{"an unknown offer", cashu.CodeUnknownQuote, meltPath, melt(paid, wealth, nil)},
		{"a quote of the other kind", cashu.CodeUnknownQuote, mintPath, mint(offer, fresh())},
		{"an unknown method", cashu.CodeUnknownMethod, "/v1/mint/bolt99", mint(paid, fresh())},
		{"an unknown method, for a quote", cashu.CodeUnknownMethod, "/v1/mint/quote/bolt99", `{"amount":8,"unit":"sat"}`},
		{"an unknown method, to melt", cashu.CodeUnknownMethod, "/v1/melt/bolt99", melt(offer, wealth, nil)},
		{"a quote twice", cashu.CodeDuplicateQuotes, batchPath, batch(nil, m.outputs(m.sat, 16), paid, paid)},
		{"a quote twice, to look at", cashu.CodeDuplicateQuotes, checkPath, cashu.QuoteCheckRequest{Quotes: []string{paid, paid}}},
		{"too many quotes", cashu.CodeTooManyQuotes, batchPath, `{"quotes":` + many(101, `"q"`) + `}`},
		{"too many quotes, to look at", cashu.CodeTooManyQuotes, checkPath, `{"quotes":` + many(101, `"q"`) + `}`},
		{"a batch of no quotes", cashu.CodeMalformed, batchPath, `{"quotes":[],"outputs":[]}`},
		{"a batch with an unknown quote", cashu.CodeUnknownQuote, batchPath, batch(nil, fresh(), paid, "0192d3c0-7e8a-7c3d-8e9f-1a2b3c4d5e6f")},
		{"an unknown quote among others, to look at", cashu.CodeUnknownQuote, checkPath, cashu.QuoteCheckRequest{Quotes: []string{paid, "bogus"}}},
		{"a batch of an unknown method", cashu.CodeUnknownMethod, "/v1/mint/bolt99/batch", batch(nil, fresh(), paid)},
		{"a batch with an unpaid quote", cashu.CodeQuoteUnpaid, batchPath, batch(nil, m.outputs(m.sat, 16), paid, unpaid)},
		{"a batch with an issued quote", cashu.CodeQuoteIssued, batchPath, batch(nil, m.outputs(m.sat, 16), issued, paid)},
		{"a batch of two units", cashu.CodeMultipleUnits, batchPath, batch(nil, m.outputs(m.sat, 16), paid, m.quote("usd", 8))},
		{"a batch into another unit", cashu.CodeUnitMismatch, batchPath, batch(nil, m.outputs(m.usd, 8), paid)},
		{"a batch into less", cashu.CodeUnbalanced, batchPath, batch(nil, fresh(), paid, m.quote("sat", 8))},
		{"a batch into more", cashu.CodeUnbalanced, batchPath, batch(nil, m.outputs(m.sat, 16), paid)},
		{"a batch of other amounts", cashu.CodeUnbalanced, batchPath, cashu.BatchMintRequest{Quotes: []string{paid}, Amounts: []cashu.Amount{4}, Outputs: messages(m.outputs(m.sat, 4))}},
		{"a batch of nothing of a quote", cashu.CodeAmountOutOfRange, batchPath, cashu.BatchMintRequest{Quotes: []string{paid}, Amounts: []cashu.Amount{0}, Outputs: messages(fresh())}},
		{"a batch with a locked quote and no signature", cashu.CodeQuoteSignature, batchPath, batch(nil, m.outputs(m.sat, 16), paid, locked.Quote)},
		{"a batch with fewer signatures than quotes", cashu.CodeQuoteSignature, batchPath, batch([]*string{nil}, m.outputs(m.sat, 16), paid, locked.Quote)},
		{"a batch with the signatures in the wrong order", cashu.CodeQuoteSignature, batchPath, m.misordered(paid, locked.Quote)},
		{"a secret that is too long", cashu.CodeTooLarge, swapPath, swap(long, fresh())},
		{"a witness that is too long", cashu.CodeTooLarge, swapPath, swap(wordy, fresh())},
		{"a description that is too long", cashu.CodeTooLarge, mintQuotePath, `{"amount":8,"unit":"sat","description":"` + strings.Repeat("x", 640) + `"}`},
		{"a body that is too long", cashu.CodeTooLarge, swapPath, `{"x":"` + strings.Repeat("x", 2<<20) + `"}`},
		{"a coin that was never issued", cashu.CodeOverRedeemed, swapPath, swap(m.counterfeit(m.old, 8), fresh())},
		{"something that is no invoice", cashu.CodeMalformed, meltQuotePath, `{"request":"hello","unit":"sat"}`},
		{"a Y that is no point", cashu.CodeMalformed, statePath, `{"Ys":["` + strings.Repeat("0", 66) + `"]}`},
		{"a Y of 65 bytes", cashu.CodeMalformed, statePath, `{"Ys":["` + uncompressed + `"]}`},
		{"an output of 65 bytes, to restore", cashu.CodeMalformed, restorePath, `{"outputs":[{"amount":1,"id":"` + m.sat.ID.String() + `","B_":"` + uncompressed + `"}]}`},
	}
	now = append(now, m.damaged(swapPath, m.encode(swap(good, fresh())))...)
	now = append(now, m.damaged(mintPath, m.encode(mint(paid, fresh())))...)
	now = append(now, m.damaged(batchPath, m.encode(batch(nil, fresh(), paid)))...)
	now = append(now, m.damaged(meltPath, m.encode(melt(offer, wealth, m.outputs(m.sat, 1))))...)
	return now, []refusal{
		{"a quote that ended unpaid", cashu.CodeQuoteExpired, mintPath, mint(late, fresh())},
		{"an offer that has ended", cashu.CodeQuoteExpired, meltPath, melt(offer, wealth, nil)},
		{"a coin of an expired keyset", cashu.CodeKeysetExpired, swapPath, swap(brief, fresh())},
		{"an output of an expired keyset", cashu.CodeKeysetExpired, swapPath, swap(more, m.outputs(m.brief, 8))},
		{"an output of an expired keyset, to mint", cashu.CodeKeysetExpired, mintPath, mint(paid, m.outputs(m.brief, 8))},
	}
}

func TestEveryCodeIsGivenForWhatItMeansAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	now, later := m.refusals()
	given := map[cashu.Code]bool{}
	for i, r := range append(now, later...) {
		if i == len(now) {
			m.clock.Add(3601) // the quotes have ended, and one keyset
		}
		given[r.code] = true
		before, signed := m.rows(t), m.keys.signed.Load()
		w := post(m.handler, r.path, m.encode(r.body))
		var got cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %q", r.name, w.Body)
		}
		if w.Code != 400 || got.Code != r.code || got.Detail == "" {
			t.Errorf("%s: %d %s, want 400 and code %d", r.name, w.Code, w.Body, r.code)
		}
		// What a keyset has redeemed is counted in the last commit of a swap. The
		// signature that was made by then stays within the mint.
		if m.keys.signed.Load() != signed && r.code != cashu.CodeOverRedeemed {
			t.Errorf("%s: something was signed", r.name)
		}
		if after := m.rows(t); after != before {
			t.Errorf("%s: the database has changed from\n%s\nto\n%s", r.name, before, after)
		}
	}
	for name, code := range allCodes(t) {
		if given[code] == (elsewhere[code] != "") {
			t.Errorf("%s (%d) is in the table: %v, and elsewhere: %q", name, code, given[code], elsewhere[code])
		}
	}
	if n := strings.Count(m.rows(t), "\n"); n < 100 {
		t.Errorf("only %d rows are compared", n)
	}
}

// allCodes reads them from the source, so that a new one is not forgotten here.
func allCodes(t *testing.T) map[string]cashu.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../cashu/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]cashu.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		if v, ok := spec.Values[0].(*ast.BasicLit); ok {
			n, err := strconv.Atoi(v.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[spec.Names[0].Name] = cashu.Code(n)
		}
		return true
	})
	if len(codes) < 40 {
		t.Fatalf("there are %d codes", len(codes))
	}
	return codes
}

func mustID(tb testing.TB, s string) cashu.KeysetID {
	tb.Helper()
	id, err := cashu.ParseKeysetID(s)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// uncompressed is the generator as 65 bytes.
const uncompressed = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
	"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"

func witnessed(p cashu.Proof) cashu.Proof {
	p.Witness = `{"signatures":[]}`
	return p
}

func renamed(p cashu.Proof, id cashu.KeysetID) cashu.Proof {
	p.ID = id
	return p
}

func twice(o output) []output { return []output{o, o} }

// capitals writes the hex of the last B_ in upper case.
func capitals(body string) string {
	i := strings.LastIndex(body, `"B_":"`) + len(`"B_":"`)
	return body[:i] + strings.ToUpper(body[i:i+2*bdhke.PointSize]) + body[i+2*bdhke.PointSize:]
}

// locked is a coin of 8 with this secret.
func (m *realMint) locked(secret string) cashu.Proof {
	m.tb.Helper()
	o := m.outputs(m.sat, 8)[0]
	b, err := bdhke.Blind([]byte(secret), o.r)
	if err != nil {
		m.tb.Fatal(err)
	}
	o.B, o.secret = b, secret
	var resp cashu.MintResponse
	m.mustPost(mintPath, cashu.MintRequest{Quote: m.quote("sat", 8), Outputs: []cashu.BlindedMessage{o.BlindedMessage}}, &resp)
	return m.open([]output{o}, resp.Signatures)[0]
}

func (m *realMint) signed(quote, who string, out []output) cashu.MintRequest {
	m.tb.Helper()
	sig, err := cashu.SignQuote(scalar(m.tb, who), quote, messages(out), false)
	if err != nil {
		m.tb.Fatal(err)
	}
	return cashu.MintRequest{Quote: quote, Outputs: messages(out), Signature: sig}
}

// misordered is a batch in which the good signature of the second quote stands in
// the place of the first, which is not locked.
func (m *realMint) misordered(open, locked string) cashu.BatchMintRequest {
	m.tb.Helper()
	out := m.outputs(m.sat, 16)
	sig := m.signed(locked, "owner", out).Signature
	return cashu.BatchMintRequest{Quotes: []string{open, locked}, Outputs: messages(out), Signatures: []*string{&sig, nil}}
}

// damaged are the ways to break a good body, each of which is refused although the
// rest of the request would be good.
func (m *realMint) damaged(path, good string) (list []refusal) {
	m.tb.Helper()
	refused := func(code cashu.Code, name, old, new string) {
		if strings.Contains(good, old) {
			list = append(list, refusal{name + " at " + path, code, path, strings.Replace(good, old, new, 1)})
		}
	}
	change := func(name, old, new string) { refused(cashu.CodeMalformed, name, old, new) }
	change("nothing", good, "")
	change("a list", good, "["+good+"]")
	change("two bodies", good, good+good)
	change("half a body", good, good[:len(good)/2])
	change("a name twice", `{`, `{"outputs":[],`)
	change("a name twice inside", `"amount":`, `"amount":1,"amount":`)
	change("invalid UTF-8", `"amount"`, "\"x\":\"\xff\",\"amount\"")
	change("half a surrogate", `"secret":"`, `"secret":"\ud800`)
	change("an amount that is a string", `"amount":8`, `"amount":"8"`)
	change("an amount that is negative", `"amount":8`, `"amount":-8`)
	change("an amount that is a fraction", `"amount":8`, `"amount":8.0`)
	change("an amount that is too large", `"amount":8`, `"amount":18446744073709551616`)
	change("no amount", `"amount":8`, `"x":8`)
	change("a B_ of 65 bytes", `"B_":"`, `"B_":"`+uncompressed+`","y":"`)
	refused(cashu.CodeProofInvalid, "a C of 65 bytes", `"C":"`, `"C":"`+uncompressed+`","y":"`)
	change("a B_ that is no point", `"B_":"`, `"B_":"02`+strings.Repeat("ff", 32)+`","y":"`)
	change("a B_ that is nothing", `"B_":"`, `"B_":"","y":"`)
	change("a B_ that is infinity", `"B_":"`, `"B_":"00`+strings.Repeat("00", 32)+`","y":"`)
	refused(cashu.CodeKeysetUnknown, "an id that is no id", `"id":"`, `"id":"zz`)
	change("no secret", `"secret"`, `"x"`)
	change("no quote", `"quote"`, `"x"`)
	change("no quotes", `"quotes"`, `"x"`)
	return list
}
