package httpapi

import (
	"net/http"

	"mintmark/cashu"
	"mintmark/mint"
)

// createMintQuote is POST /v1/mint/quote/{method} (NUT-04, NUT-23).
func (a *api) createMintQuote(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.MintQuoteRequest
	if err := a.readUpTo(maxSmallBody, w, r, &req); err != nil {
		return err
	}
	q, err := a.mint.CreateMintQuote(r.Context(), method, req)
	if err != nil {
		return err
	}
	return answer(w, quoteResponse(q))
}

// mintQuote is GET /v1/mint/quote/{method}/{id} (NUT-04).
func (a *api) mintQuote(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !isName(id, 64) {
		return cashu.ErrUnknownQuote
	}
	q, err := a.mint.MintQuote(r.Context(), method, id)
	if err != nil {
		return err
	}
	return answer(w, quoteResponse(q))
}

// issue is POST /v1/mint/{method} (NUT-04).
func (a *api) issue(w http.ResponseWriter, r *http.Request) error {
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.MintRequest
	if err := a.read(w, r, &req, a.outputs()); err != nil {
		return err
	}
	if !isName(req.Quote, 64) {
		return cashu.ErrUnknownQuote
	}
	sigs, err := a.mint.Issue(r.Context(), method, req)
	if err != nil {
		return err
	}
	return answer(w, cashu.MintResponse{Signatures: sigs})
}

func quoteResponse(q mint.MintQuote) cashu.MintQuoteResponse {
	resp := cashu.MintQuoteResponse{
		Quote: q.ID, Request: q.Request, Unit: q.Unit, Method: q.Method,
		State: cashu.MintQuoteState(q.State()), Pubkey: q.Pubkey,
		AmountPaid: q.AmountPaid, AmountIssued: q.AmountIssued, UpdatedAt: q.Updated.Unix(),
	}
	if q.Amount != 0 {
		resp.Amount = &q.Amount
	}
	if !q.Expiry.IsZero() {
		expiry := q.Expiry.Unix()
		resp.Expiry = &expiry
	}
	return resp
}

// methodOf is the payment method in the path.
func methodOf(r *http.Request) (string, error) {
	method := r.PathValue("method")
	if !isName(method, 32) {
		return "", cashu.ErrUnknownMethod
	}
	return method, nil
}

// isName tells whether s can be a quote id or a method at all, so that nothing
// else ever reaches a database: at most max letters, digits, hyphens and
// underscores.
func isName(s string, max int) bool {
	if s == "" || len(s) > max {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
