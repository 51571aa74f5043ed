package httpapi

import (
	"net/http"
	"strings"

	"mintmark/cashu"
	"mintmark/mint"
)

// createMeltQuote is POST /v1/melt/quote/{method} (NUT-05, NUT-23).
func (a *api) createMeltQuote(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.MeltQuoteRequest
	if err := a.readUpTo(maxSmallBody, w, r, &req); err != nil {
		return err
	}
	q, err := a.mint.CreateMeltQuote(r.Context(), method, req)
	if err != nil {
		return err
	}
	return answer(w, meltAnswer(mint.Melted{MeltQuote: q}))
}

// meltQuote is GET /v1/melt/quote/{method}/{id} (NUT-05, NUT-08).
func (a *api) meltQuote(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !isName(id, 64) {
		return cashu.ErrUnknownQuote
	}
	q, err := a.mint.MeltQuote(r.Context(), method, id)
	if err != nil {
		return err
	}
	return answer(w, meltAnswer(q))
}

// melt is POST /v1/melt/{method} (NUT-05, NUT-08). Whoever does not want to wait
// for the payment says so in the body, or, as wallets did before, in a header.
func (a *api) melt(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.MeltRequest
	if err := a.read(w, r, &req, a.inputs(), a.outputs()); err != nil {
		return err
	}
	if !isName(req.Quote, 64) {
		return cashu.ErrUnknownQuote
	}
	req.PreferAsync = req.PreferAsync || prefersAsync(r)
	q, err := a.mint.Melt(r.Context(), method, req)
	if err != nil {
		return err
	}
	return answer(w, meltAnswer(q))
}

// prefersAsync reads the header Prefer (RFC 7240).
func prefersAsync(r *http.Request) bool {
	for _, value := range r.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(preference, ";")
			if strings.EqualFold(strings.TrimSpace(name), "respond-async") {
				return true
			}
		}
	}
	return false
}

// meltAnswer is a quote as its NUT has it: with one fee reserve, or with several to
// choose from (NUT-30).
func meltAnswer(q mint.Melted) any {
	if len(q.Options) == 0 {
		return meltResponse(q)
	}
	resp := cashu.OnchainMeltResponse{
		Quote: q.ID, Request: q.Request, Unit: q.Unit, Amount: q.Amount, Method: q.Method,
		State: cashu.MeltQuoteState(q.State.String()), Expiry: q.Expiry.Unix(), Change: q.Signatures,
	}
	for _, o := range q.Options {
		resp.FeeOptions = append(resp.FeeOptions, cashu.FeeOption{FeeIndex: o.Index, FeeReserve: o.Reserve, EstimatedBlocks: o.Blocks})
	}
	if q.State != mint.MeltUnpaid {
		resp.SelectedFeeIndex = &q.FeeIndex
		if q.Proof != "" {
			resp.Outpoint = &q.Proof
		}
	}
	return resp
}

func meltResponse(q mint.Melted) cashu.MeltQuoteResponse {
	resp := cashu.MeltQuoteResponse{
		Quote: q.ID, Request: q.Request, Unit: q.Unit, Amount: q.Amount, Method: q.Method, FeeReserve: q.FeeReserve,
		State: cashu.MeltQuoteState(q.State.String()), Expiry: q.Expiry.Unix(), Change: q.Signatures,
	}
	if q.State == mint.MeltPaid && q.Proof != "" {
		resp.PaymentPreimage = &q.Proof
	}
	return resp
}
