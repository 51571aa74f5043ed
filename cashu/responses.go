package cashu

import "mintmark/bdhke"

// SwapResponse answers a swap: one signature for each output, in order (NUT-03).
type SwapResponse struct {
	Signatures []BlindSignature `json:"signatures"`
}

// MintResponse answers a mint request likewise (NUT-04).
type MintResponse struct {
	Signatures []BlindSignature `json:"signatures"`
}

// KeysResponse answers GET /v1/keys and /v1/keys/{id} (NUT-01).
type KeysResponse struct {
	Keysets []KeysetKeys `json:"keysets"`
}

// KeysetKeys is a keyset with its keys.
type KeysetKeys struct {
	ID          KeysetID `json:"id"`
	Unit        Unit     `json:"unit"`
	Active      bool     `json:"active"`
	InputFeePPK uint64   `json:"input_fee_ppk"`
	FinalExpiry uint64   `json:"final_expiry,omitzero"`
	Keys        Keys     `json:"keys"`
}

// KeysetsResponse answers GET /v1/keysets (NUT-02).
type KeysetsResponse struct {
	Keysets []KeysetInfo `json:"keysets"`
}

// KeysetInfo is a keyset without its keys.
type KeysetInfo struct {
	ID          KeysetID `json:"id"`
	Unit        Unit     `json:"unit"`
	Active      bool     `json:"active"`
	InputFeePPK uint64   `json:"input_fee_ppk"`
	FinalExpiry uint64   `json:"final_expiry,omitzero"`
}

// MintQuoteState is the state of a mint quote (NUT-23).
type MintQuoteState string

// The states of a mint quote.
const (
	MintQuoteUnpaid MintQuoteState = "UNPAID"
	MintQuotePaid   MintQuoteState = "PAID"
	MintQuoteIssued MintQuoteState = "ISSUED"
)

// MintQuoteResponse answers the mint quote routes (NUT-04, NUT-20, NUT-23, NUT-25,
// NUT-30).
type MintQuoteResponse struct {
	Quote        string         `json:"quote"`
	Request      string         `json:"request"`
	Unit         Unit           `json:"unit"`
	Amount       *Amount        `json:"amount"` // null: the payer decides
	Method       string         `json:"method"`
	State        MintQuoteState `json:"state"`
	Expiry       *int64         `json:"expiry"` // unix seconds; null: never
	Pubkey       bdhke.Point    `json:"pubkey,omitzero"`
	AmountPaid   Amount         `json:"amount_paid"`
	AmountIssued Amount         `json:"amount_issued"`
	UpdatedAt    int64          `json:"updated_at"` // unix seconds
}

// ProofState is the state of a Y on the wire (NUT-07).
type ProofState string

// The states of a proof.
const (
	ProofUnspent ProofState = "UNSPENT"
	ProofPending ProofState = "PENDING"
	ProofSpent   ProofState = "SPENT"
)

// StateEntry is the state of one Y.
type StateEntry struct {
	Y       bdhke.Point `json:"Y"`
	State   ProofState  `json:"state"`
	Witness *string     `json:"witness"` // null: none
}

// CheckStateResponse answers POST /v1/checkstate in the order asked (NUT-07).
type CheckStateResponse struct {
	States []StateEntry `json:"states"`
}

// RestoreResponse answers POST /v1/restore: pairs of what was signed (NUT-09).
type RestoreResponse struct {
	Outputs    []BlindedMessage `json:"outputs"`
	Signatures []BlindSignature `json:"signatures"`
}

// ErrorResponse is the body of a refusal.
type ErrorResponse struct {
	Detail string `json:"detail"`
	Code   Code   `json:"code"`
}

// MintInfo answers GET /v1/info (NUT-06). What is empty is left out.
type MintInfo struct {
	Name            string         `json:"name,omitzero"`
	Pubkey          bdhke.Point    `json:"pubkey,omitzero"`
	Version         string         `json:"version,omitzero"` // "Name/1.2.3": exactly one slash
	Description     string         `json:"description,omitzero"`
	DescriptionLong string         `json:"description_long,omitzero"`
	Contact         []MintContact  `json:"contact,omitzero"`
	MOTD            string         `json:"motd,omitzero"`
	IconURL         string         `json:"icon_url,omitzero"`
	URLs            []string       `json:"urls,omitzero"`
	Time            int64          `json:"time,omitzero"` // unix seconds
	TOSURL          string         `json:"tos_url,omitzero"`
	Nuts            map[string]any `json:"nuts,omitzero"`             // by number, e.g. "4": MethodsInfo
	MaxArrayLength  int            `json:"max_array_length,omitzero"` // of inputs, outputs and Ys
}

// MintContact is a way to reach the operator.
type MintContact struct {
	Method string `json:"method"`
	Info   string `json:"info"`
}

// SupportedInfo is the settings of NUTs that are either there or not.
type SupportedInfo struct {
	Supported bool `json:"supported"`
}

// SubscriptionsInfo is the settings of NUT-17.
type SubscriptionsInfo struct {
	Supported []SubscribableInfo `json:"supported"`
}

// SubscribableInfo is what can be subscribed for one method and unit.
type SubscribableInfo struct {
	Method   string   `json:"method"`
	Unit     Unit     `json:"unit"`
	Commands []string `json:"commands"`
}

// MethodsInfo is the settings of NUT-04 and NUT-05.
type MethodsInfo struct {
	Methods  []MethodInfo `json:"methods"`
	Disabled bool         `json:"disabled"`
}

// MethodInfo is one payment method and unit. Limits that are 0 are left out:
// some wallets fail on null.
type MethodInfo struct {
	Method    string         `json:"method"`
	Unit      Unit           `json:"unit"`
	MinAmount Amount         `json:"min_amount,omitzero"`
	MaxAmount Amount         `json:"max_amount,omitzero"`
	Options   *MethodOptions `json:"options,omitzero"`
}

// MethodOptions is what a method can do besides: Description (NUT-23, NUT-25) and
// Confirmations (NUT-30) when minting, Amountless (NUT-23, NUT-25) when melting. nil
// is left out.
type MethodOptions struct {
	Description   *bool   `json:"description,omitzero"`
	Confirmations *uint32 `json:"confirmations,omitzero"`
	Amountless    *bool   `json:"amountless,omitzero"`
}
