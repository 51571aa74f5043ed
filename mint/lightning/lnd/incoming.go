package lnd

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

const maxExpiry = 365 * 24 * time.Hour

// invoice is an invoice of the node.
type invoice struct {
	Hash        string `json:"r_hash"` // base64
	State       string `json:"state"`
	PaidMsat    number `json:"amt_paid_msat"`
	SettleDate  number `json:"settle_date"`
	SettleIndex number `json:"settle_index"`
	AddIndex    number `json:"add_index"`
}

func (v invoice) hash() ([]byte, error) {
	hash, err := base64.StdEncoding.DecodeString(v.Hash)
	if err == nil && len(hash) != 32 {
		err = errors.New("a payment hash of another length")
	}
	return hash, err
}

const (
	stateSettled  = "SETTLED"
	stateCanceled = "CANCELED"
)

// incoming is a settled invoice as the mint knows payments; false: it is none, or less
// than the unit counts.
func (b *Backend) incoming(v invoice) (lightning.Incoming, bool) {
	hash, err := v.hash()
	amount := b.roundDown(uint64(v.PaidMsat))
	if err != nil || v.State != stateSettled || amount == 0 || v.PaidMsat > maxMsat {
		return lightning.Incoming{}, false
	}
	id := hex.EncodeToString(hash)
	return lightning.Incoming{
		Method: lightning.MethodBolt11, LookupID: id, PaymentID: id, Amount: amount, Unit: b.cfg.Unit,
		At: time.Unix(int64(v.SettleDate), 0).UTC(),
	}, true
}

// CreateInvoice implements lightning.Receiver.
func (b *Backend) CreateInvoice(ctx context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	const doing = "create invoice"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.Invoice{}, wrap(doing, err)
	}
	defer leave()
	v, err := b.createInvoice(ctx, r)
	return v, wrap(doing, err)
}

func (b *Backend) createInvoice(ctx context.Context, r lightning.InvoiceRequest) (v lightning.Invoice, err error) {
	msat, fits := b.msat(r.Amount)
	expiry := bolt11.DefaultExpiry
	if !r.Expiry.IsZero() {
		expiry = min(r.Expiry.Sub(b.cfg.Clock()).Truncate(time.Second), maxExpiry)
	}
	switch {
	case r.Method != "" && r.Method != lightning.MethodBolt11 || r.Unit != b.cfg.Unit:
		return v, refuse("method or unit is not supported")
	case r.Amount == 0:
		return v, refuse("amount is missing")
	case !fits || r.Amount < b.cfg.MinAmount || b.cfg.MaxAmount != 0 && r.Amount > b.cfg.MaxAmount:
		return v, refuse("amount is out of range")
	case len(r.Description) > bolt11.MaxDescription || !utf8.ValidString(r.Description):
		return v, refuse("description is too long or not UTF-8")
	case expiry <= 0:
		return v, refuse("it would be expired already")
	}
	ctx, cancel := quickly(ctx)
	defer cancel()
	var made struct {
		Request string `json:"payment_request"`
	}
	err = b.client.call(ctx, http.MethodPost, "/v1/invoices", map[string]any{
		"memo": r.Description, "value_msat": number(msat), "expiry": number(expiry / time.Second), "private": b.cfg.Private,
	}, &made)
	if err != nil {
		return v, err
	}
	terms, err := bolt11.Decode(made.Request)
	switch {
	case err != nil:
		return v, fmt.Errorf("the node's invoice: %w", err)
	case terms.Network != b.cfg.Network:
		return v, fmt.Errorf("the node's invoice is for network %s and not for %s", terms.Network, b.cfg.Network)
	case terms.AmountMsat != msat:
		return v, fmt.Errorf("the node's invoice is for %d msat and not for %d", terms.AmountMsat, msat)
	}
	return lightning.Invoice{Request: made.Request, LookupID: hex.EncodeToString(terms.PaymentHash[:]), Expiry: terms.ExpiresAt()}, nil
}

// parseHash reads a LookupID of an invoice.
func parseHash(lookupID string) (hash [32]byte, ok bool) {
	raw, err := hex.DecodeString(lookupID)
	if err != nil || len(raw) != len(hash) || hex.EncodeToString(raw) != lookupID {
		return hash, false
	}
	return [32]byte(raw), true
}

func (b *Backend) lookup(ctx context.Context, hash [32]byte) (v invoice, err error) {
	ctx, cancel := quickly(ctx)
	defer cancel()
	err = b.client.call(ctx, http.MethodGet, "/v1/invoice/"+hex.EncodeToString(hash[:]), nil, &v)
	if is(err, codeNotFound) {
		err = lightning.ErrUnknownRequest
	}
	return v, err
}

// CheckIncoming implements lightning.Receiver.
func (b *Backend) CheckIncoming(ctx context.Context, method, lookupID string) ([]lightning.Incoming, error) {
	const doing = "check invoice"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return nil, wrap(doing, err)
	}
	defer leave()
	hash, ok := parseHash(lookupID)
	if !ok || method != lightning.MethodBolt11 {
		return nil, wrap(doing, lightning.ErrUnknownRequest)
	}
	v, err := b.lookup(ctx, hash)
	if err != nil {
		return nil, wrap(doing, err)
	}
	p, paid := b.incoming(v)
	if !paid {
		return nil, nil
	}
	return []lightning.Incoming{p}, nil
}

// CancelInvoice implements lightning.Canceller.
func (b *Backend) CancelInvoice(ctx context.Context, method, lookupID string) error {
	const doing = "cancel invoice"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return wrap(doing, err)
	}
	defer leave()
	hash, ok := parseHash(lookupID)
	if !ok || method != lightning.MethodBolt11 {
		return wrap(doing, lightning.ErrUnknownRequest)
	}
	quick, cancel := quickly(ctx)
	defer cancel()
	err = b.client.call(quick, http.MethodPost, "/v2/invoices/cancel", map[string]any{"payment_hash": hash[:]}, nil)
	if err == nil {
		return nil
	}
	// It may have been cancelled before, or a payment was quicker and stays.
	if v, lookupErr := b.lookup(ctx, hash); lookupErr == nil && (v.State == stateCanceled || v.State == stateSettled) {
		return nil
	}
	return wrap(doing, err)
}

// Balance implements lightning.Balancer: what is on this side of the channels.
func (b *Backend) Balance(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	const doing = "balance"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return 0, wrap(doing, err)
	}
	defer leave()
	if unit != b.cfg.Unit {
		return 0, wrap(doing, refuse("unit is not supported"))
	}
	v, err := b.balances(ctx)
	return b.roundDown(uint64(v.Local.Msat)), wrap(doing, err)
}

// balances are the two sides of the channels.
type balances struct {
	Local  struct{ Msat number } `json:"local_balance"`
	Remote struct{ Msat number } `json:"remote_balance"`
}

func (b *Backend) balances(ctx context.Context) (v balances, err error) {
	ctx, cancel := quickly(ctx)
	defer cancel()
	err = b.client.call(ctx, http.MethodGet, "/v1/balance/channels", nil, &v)
	return v, err
}
