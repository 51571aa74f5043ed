package httpapi

import (
	"net/http"

	"mintmark/cashu"
	"mintmark/mint"
)

// swap is POST /v1/swap (NUT-03).
func (a *api) swap(w http.ResponseWriter, r *http.Request) error {
	var req cashu.SwapRequest
	if err := a.read(w, r, &req, a.inputs(), a.outputs()); err != nil {
		return err
	}
	sigs, err := a.mint.Swap(r.Context(), req)
	if err != nil {
		return err
	}
	return answer(w, cashu.SwapResponse{Signatures: sigs})
}

// checkState is POST /v1/checkstate (NUT-07).
func (a *api) checkState(w http.ResponseWriter, r *http.Request) error {
	var req cashu.CheckStateRequest
	if err := a.read(w, r, &req, a.states()); err != nil {
		return err
	}
	records, err := a.mint.CheckState(r.Context(), req.Ys)
	if err != nil {
		return err
	}
	states := make([]cashu.StateEntry, len(records))
	for i, rec := range records {
		states[i] = stateEntry(rec)
	}
	return answer(w, cashu.CheckStateResponse{States: states})
}

func stateEntry(rec mint.ProofRecord) cashu.StateEntry {
	entry := cashu.StateEntry{Y: rec.Y, State: cashu.ProofState(rec.State.String())}
	if rec.Witness != "" {
		entry.Witness = &rec.Witness
	}
	return entry
}

// restore is POST /v1/restore (NUT-09).
func (a *api) restore(w http.ResponseWriter, r *http.Request) error {
	var req cashu.RestoreRequest
	if err := a.read(w, r, &req, a.outputs()); err != nil {
		return err
	}
	outputs, sigs, err := a.mint.Restore(r.Context(), req.Outputs)
	if err != nil {
		return err
	}
	return answer(w, cashu.RestoreResponse{Outputs: outputs, Signatures: sigs})
}
