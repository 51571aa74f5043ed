package httpapi

import (
	"net/http"

	"mintmark/cashu"
)

// checkMintQuotes is POST /v1/mint/quote/{method}/check (NUT-29).
func (a *api) checkMintQuotes(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("id") != "check" {
		return wrongVerb([]string{http.MethodGet})(w, r)
	}
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.QuoteCheckRequest
	if err := a.readUpTo(maxSmallBody, w, r, &req, a.quotes()); err != nil {
		return err
	}
	if err := areQuotes(req.Quotes); err != nil {
		return err
	}
	quotes, err := a.mint.MintQuotes(r.Context(), method, req.Quotes)
	if err != nil {
		return err
	}
	list := make([]cashu.MintQuoteResponse, len(quotes))
	for i, q := range quotes {
		list[i] = quoteResponse(q)
	}
	return answer(w, list)
}

// issueBatch is POST /v1/mint/{method}/batch (NUT-29).
func (a *api) issueBatch(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("batch") != "batch" {
		return notFound(w, r)
	}
	if r.Method != http.MethodPost {
		return wrongVerb([]string{http.MethodPost})(w, r)
	}
	method, err := methodOf(r)
	if err != nil {
		return err
	}
	var req cashu.BatchMintRequest
	if err := a.read(w, r, &req, a.quotes(), a.outputs()); err != nil {
		return err
	}
	if err := areQuotes(req.Quotes); err != nil {
		return err
	}
	sigs, err := a.mint.IssueBatch(r.Context(), method, req)
	if err != nil {
		return err
	}
	return answer(w, cashu.MintResponse{Signatures: sigs})
}

func areQuotes(ids []string) error {
	for _, id := range ids {
		if !isName(id, 64) {
			return cashu.ErrUnknownQuote
		}
	}
	return nil
}
