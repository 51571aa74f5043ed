package paymentrequest

import (
	"fmt"
	"log/slog"

	"mintmark/cashu"
	"mintmark/cashu/token"
)

// Payload is the payment itself, as it is posted or sent (NUT-18).
type Payload struct {
	ID    string       `json:"id,omitzero"`
	Memo  string       `json:"memo,omitzero"`
	Mint  string       `json:"mint"`
	Unit  cashu.Unit   `json:"unit"`
	Coins []token.Coin `json:"proofs"`
}

// Format shows what everybody may see, under every verb.
func (p Payload) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "payment of %d coins of %s [redacted]", len(p.Coins), p.Mint)
}

// LogValue shows the same.
func (p Payload) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }
