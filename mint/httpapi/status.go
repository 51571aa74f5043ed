package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"mintmark/cashu"
)

// info is GET /v1/info (NUT-06).
func (a *api) info(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, a.mint.Info())
}

// healthResponse is the body of GET /health.
type healthResponse struct {
	// Status is "ok", "degraded" (reads work, or an operator should look) or
	// "down".
	Status    string `json:"status"`
	Live      bool   `json:"live"`      // the process answers
	Ready     bool   `json:"ready"`     // reads can be served
	Signatory bool   `json:"signatory"` // swaps and minting can be served
	Database  bool   `json:"database"`
	Writable  bool   `json:"writable"` // the database takes writes
	Stuck     int64  `json:"stuck"`    // operations that recovery cannot decide
	Payments  bool   `json:"payments"` // every payment backend answers
}

// health is GET /health: 200 while reads can be served, else 503. The signatory's
// absence does not make it 503, or a balancer would take away the reads too.
func (a *api) health(w http.ResponseWriter, r *http.Request) error {
	h := a.mint.Health(r.Context())
	resp := healthResponse{
		Status: "ok", Live: true, Ready: h.Ready && h.Database,
		Signatory: h.Signatory, Database: h.Database, Writable: h.Database && !h.NoWrites, Stuck: h.Stuck, Payments: len(h.Away) == 0,
	}
	status := http.StatusOK
	switch {
	case !resp.Ready:
		resp.Status, status = "down", http.StatusServiceUnavailable
	case !h.Signatory || h.NoWrites || h.Stuck > 0 || !resp.Payments || h.Short:
		resp.Status = "degraded"
	}
	body, err := cashu.Encode(resp)
	if err != nil {
		return fmt.Errorf("encoding the health: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeBody(w, status, "application/json", body)
	return nil
}

// live is GET /health/live: 200 as long as the process answers at all.
func (a *api) live(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, struct {
		Live bool `json:"live"`
	}{true})
}

// page is GET /: what a person sees who opens the mint's address in a browser.
func (a *api) page(w http.ResponseWriter, _ *http.Request) error {
	info := a.mint.Info()
	var text strings.Builder
	line := func(s string) {
		if s != "" {
			text.WriteString(s + "\n\n")
		}
	}
	line(info.Name)
	line(info.MOTD)
	line(info.Description)
	line("This is a Cashu mint. Give the address of this page to a Cashu wallet to use it.\nWhat the mint can do: /v1/info. How it is doing: /health.")
	line(info.Version)
	writeBody(w, http.StatusOK, "text/plain; charset=utf-8", []byte(text.String()))
	return nil
}
