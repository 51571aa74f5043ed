package wallet

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
)

// OperationData is what a saga needs to be finished or undone by a process that
// knows nothing else. Its stored form is {"kind":…,"data":…}. Fields beyond those
// of the reference model are optional, so that rows of either load in both.
//
// Every type of data prints its kind and nothing else: it holds bearer secrets.
type OperationData interface {
	Kind() Kind
	// QuoteID is the quote that is issued or melted; empty for other kinds.
	QuoteID() string
	// Common is what all kinds record besides.
	Common() *CommonData
}

// CommonData rides along with the data of every kind.
type CommonData struct {
	// Parent is the saga that this one works for; its own end comes first.
	Parent uuid.UUID `json:"parent,omitzero"`
	// Instance is the process that works on the saga, or last did.
	Instance string `json:"instance,omitzero"`
	// IdempotencyKey is the caller's name of the call: a call repeated under
	// it finds this saga in place of starting another.
	IdempotencyKey string `json:"idempotency_key,omitzero"`
	// IdempotencyArgs is what that call asks for, in its own words.
	IdempotencyArgs string `json:"idempotency_args,omitzero"`
	// Attempts are the requests that may have left for the mint, oldest first.
	Attempts []Attempt `json:"attempts,omitzero"`
}

// Attempt is one request of the saga and how it ended as far as is known.
type Attempt struct {
	At      int64   `json:"at"` // unix seconds
	Outcome Outcome `json:"outcome"`
}

// Outcome is how certain the end of an attempt is. The strings are stored: append
// only.
type Outcome string

const (
	OutcomeUnknown Outcome = "unknown" // no answer, or one that proves nothing
	OutcomeRefused Outcome = "refused" // the mint refused, with a code that is final
	OutcomeBegun   Outcome = "begun"   // the mint answered that it is at it
)

// Planned is one output exactly as it is, or will be, in a request. Secret and
// Blinding are kept only where they cannot be derived from seed and Counter.
type Planned struct {
	Amount   cashu.Amount   `json:"amount"`
	KeysetID cashu.KeysetID `json:"keyset_id"`
	B        bdhke.Point    `json:"b_"`
	Counter  *uint32        `json:"counter,omitzero"`
	Secret   Secret         `json:"secret,omitzero"`
	Blinding Secret         `json:"r,omitzero"`      // hex of the scalar
	Role     Role           `json:"role,omitzero"`   // empty: keep
	E        bdhke.Point    `json:"p2pk_e,omitzero"` // what the receiver of blinded keys needs (NUT-28)
}

// Role says whose an output will be. The strings are stored: append only.
type Role string

const (
	RoleKeep Role = "keep"
	RoleSend Role = "send"
)

// Secret is text that is as good as money. It is stored as it is and printed as
// [redacted] under every verb.
type Secret string

// Format prints [redacted].
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue prints [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Counters is the range of a keyset's counters that an operation has taken: from
// the first to before the last. Both are nil when it took none.
type Counters struct {
	Start *uint32 `json:"counter_start,omitzero"`
	End   *uint32 `json:"counter_end,omitzero"`
}

// SendData is the data of a send.
type SendData struct {
	Amount cashu.Amount `json:"amount"`
	Memo   string       `json:"memo,omitzero"`
	Counters
	Token  Secret       `json:"token,omitzero"`
	Proofs []token.Coin `json:"proofs,omitzero"` // the token's own
	Fee    cashu.Amount `json:"fee,omitzero"`
	Locked bool         `json:"locked,omitzero"` // to somebody else's key
	// ClaimedYs are coins of the token that the receiver has taken already.
	ClaimedYs []bdhke.Point `json:"claimed_ys,omitzero"`
	CommonData
}

// ReceiveData is the data of a receive.
type ReceiveData struct {
	Token Secret `json:"token,omitzero"`
	Counters
	Amount          cashu.Amount           `json:"amount,omitzero"`
	BlindedMessages []cashu.BlindedMessage `json:"blinded_messages,omitzero"`
	Outputs         []Planned              `json:"outputs,omitzero"`
	// Inputs are the coins exactly as the mint is shown them, witnesses
	// included, once a request may have left.
	Inputs  []token.Coin  `json:"inputs,omitzero"`
	InputYs []bdhke.Point `json:"input_ys,omitzero"`
	Memo    string        `json:"memo,omitzero"`
	CommonData
}

// SwapData is the data of a swap.
type SwapData struct {
	InputAmount  cashu.Amount `json:"input_amount"`
	OutputAmount cashu.Amount `json:"output_amount"`
	Counters
	BlindedMessages []cashu.BlindedMessage `json:"blinded_messages,omitzero"`
	Outputs         []Planned              `json:"outputs,omitzero"`
	Inputs          []token.Coin           `json:"inputs,omitzero"` // as in ReceiveData
	InputYs         []bdhke.Point          `json:"input_ys,omitzero"`
	// Foreign: the coins are in a request of another wallet of the seed. Nothing is
	// sent.
	Foreign bool `json:"foreign,omitzero"`
	CommonData
}

// MintData is the data of an issue. A batch (NUT-29) has several quotes, the
// first of which is Quote.
type MintData struct {
	Quote    string       `json:"quote_id"`
	QuoteIDs []string     `json:"quote_ids,omitzero"`
	IsBatch  bool         `json:"is_batch,omitzero"`
	Amount   cashu.Amount `json:"amount"`
	Counters
	BlindedMessages []cashu.BlindedMessage `json:"blinded_messages,omitzero"`
	Outputs         []Planned              `json:"outputs,omitzero"`
	Method          string                 `json:"method,omitzero"`
	QuoteAmounts    []cashu.Amount         `json:"quote_amounts,omitzero"`
	Signatures      []string               `json:"signatures,omitzero"` // NUT-20, one for each quote
	// IssuedBefore is what had been issued on the quote before, and
	// QuotesIssuedBefore on each quote of a batch.
	IssuedBefore       cashu.Amount   `json:"issued_before,omitzero"`
	QuotesIssuedBefore []cashu.Amount `json:"quotes_issued_before,omitzero"`
	CommonData
}

// MeltData is the data of a melt.
type MeltData struct {
	Quote      string       `json:"quote_id"`
	Amount     cashu.Amount `json:"amount"`
	FeeReserve cashu.Amount `json:"fee_reserve"`
	Counters
	ChangeAmount          cashu.Amount           `json:"change_amount,omitzero"`
	ChangeBlindedMessages []cashu.BlindedMessage `json:"change_blinded_messages,omitzero"`
	Metadata              map[string]string      `json:"metadata,omitzero"`
	FinalProofYs          []bdhke.Point          `json:"final_proof_ys,omitzero"`
	Inputs                []token.Coin           `json:"inputs,omitzero"`
	Change                []Planned              `json:"change,omitzero"`
	ChangeKeyset          cashu.KeysetID         `json:"keyset_id,omitzero"`
	QuoteExpiry           int64                  `json:"quote_expiry,omitzero"`
	FeeIndex              *uint32                `json:"fee_index,omitzero"`
	Method                string                 `json:"method,omitzero"`
	CommonData
}

var (
	_ OperationData = (*SendData)(nil)
	_ OperationData = (*ReceiveData)(nil)
	_ OperationData = (*SwapData)(nil)
	_ OperationData = (*MintData)(nil)
	_ OperationData = (*MeltData)(nil)
)

func (*SendData) Kind() Kind    { return KindSend }
func (*ReceiveData) Kind() Kind { return KindReceive }
func (*SwapData) Kind() Kind    { return KindSwap }
func (*MintData) Kind() Kind    { return KindMint }
func (*MeltData) Kind() Kind    { return KindMelt }

func (*SendData) QuoteID() string    { return "" }
func (*ReceiveData) QuoteID() string { return "" }
func (*SwapData) QuoteID() string    { return "" }
func (d *MintData) QuoteID() string  { return d.Quote }
func (d *MeltData) QuoteID() string  { return d.Quote }

// Common gives the part that all kinds have, for changing it in place.
func (d *CommonData) Common() *CommonData { return d }

func (d *SendData) Format(f fmt.State, _ rune)    { formatData(f, d) }
func (d *ReceiveData) Format(f fmt.State, _ rune) { formatData(f, d) }
func (d *SwapData) Format(f fmt.State, _ rune)    { formatData(f, d) }
func (d *MintData) Format(f fmt.State, _ rune)    { formatData(f, d) }
func (d *MeltData) Format(f fmt.State, _ rune)    { formatData(f, d) }

func (d *SendData) LogValue() slog.Value    { return logData(d) }
func (d *ReceiveData) LogValue() slog.Value { return logData(d) }
func (d *SwapData) LogValue() slog.Value    { return logData(d) }
func (d *MintData) LogValue() slog.Value    { return logData(d) }
func (d *MeltData) LogValue() slog.Value    { return logData(d) }

func formatData(f fmt.State, d OperationData) { fmt.Fprintf(f, "%s data [redacted]", string(d.Kind())) }
func logData(d OperationData) slog.Value      { return slog.StringValue(fmt.Sprint(d)) }

// storedData is the tagged form on disk.
type storedData struct {
	Kind Kind           `json:"kind"`
	Data jsontext.Value `json:"data"`
}

// EncodeData writes the stored form of a saga's data.
func EncodeData(d OperationData) ([]byte, error) {
	inner, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encoding the data of a %s: %w", d.Kind(), err)
	}
	return json.Marshal(storedData{d.Kind(), inner})
}

// DecodeData reads the stored form. Unknown kinds are an error; unknown fields
// are not, and are lost when the row is written again. The error does not quote
// the data.
func DecodeData(data []byte) (OperationData, error) {
	var stored storedData
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, fmt.Errorf("the data of a saga cannot be read")
	}
	kind, err := ParseKind(string(stored.Kind))
	if err != nil {
		return nil, err
	}
	d := map[Kind]OperationData{
		KindSend: new(SendData), KindReceive: new(ReceiveData), KindSwap: new(SwapData),
		KindMint: new(MintData), KindMelt: new(MeltData),
	}[kind]
	if err := json.Unmarshal(stored.Data, d); err != nil {
		return nil, fmt.Errorf("the data of a %s cannot be read", kind)
	}
	return d, nil
}
