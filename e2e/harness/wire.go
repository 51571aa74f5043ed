package harness

import "mintmark/bdhke"

// The wire bodies of the NUTs, written down again on purpose: a mint that
// misspells a field in its own types must not be read by a wallet that uses the
// same types.

// Keyset is an entry of /v1/keysets, with keys from /v1/keys/{id}.
type Keyset struct {
	ID          string                 `json:"id"`
	Unit        string                 `json:"unit"`
	Active      bool                   `json:"active"`
	InputFeePPK uint64                 `json:"input_fee_ppk"`
	Keys        map[uint64]bdhke.Point `json:"keys"`
}

// Message is a blinded message.
type Message struct {
	Amount uint64      `json:"amount"`
	ID     string      `json:"id"`
	B      bdhke.Point `json:"B_"`
}

// Signature is a blind signature.
type Signature struct {
	Amount uint64      `json:"amount"`
	ID     string      `json:"id"`
	C      bdhke.Point `json:"C_"`
	DLEQ   *struct {
		E string `json:"e"`
		S string `json:"s"`
	} `json:"dleq"`
}

// Proof is a coin.
type Proof struct {
	Amount  uint64      `json:"amount"`
	ID      string      `json:"id"`
	Secret  string      `json:"secret"`
	C       bdhke.Point `json:"C"`
	Witness any         `json:"witness,omitempty"` // JSON text, or what a test puts in its place
}

// Quote is a mint quote over bolt11.
type Quote struct {
	Quote        string `json:"quote"`
	Request      string `json:"request"`
	Unit         string `json:"unit"`
	Amount       uint64 `json:"amount"`
	Method       string `json:"method"`
	State        string `json:"state"`
	AmountPaid   uint64 `json:"amount_paid"`
	AmountIssued uint64 `json:"amount_issued"`
}

// SwapRequest is the body of /v1/swap.
type SwapRequest struct {
	Inputs  []Proof   `json:"inputs"`
	Outputs []Message `json:"outputs"`
}

// MintRequest is the body of /v1/mint/{method}.
type MintRequest struct {
	Quote     string    `json:"quote"`
	Outputs   []Message `json:"outputs"`
	Signature string    `json:"signature,omitempty"` // NUT-20
}

// Signatures is the answer to both.
type Signatures struct {
	Signatures []Signature `json:"signatures"`
}
