package fake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

const (
	maxExpiry    = 365 * 24 * time.Hour
	minFinalCLTV = 144
)

// CreateInvoice implements lightning.Receiver. The invoice can be read by every
// wallet; its preimage is real and stays in the node's database.
func (b *Backend) CreateInvoice(ctx context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	const doing = "create invoice"
	now := b.now()
	if r.Method == "" {
		r.Method = lightning.MethodBolt11
	}
	if err := b.mayReceive(r); err != nil {
		return lightning.Invoice{}, wrap(doing, err)
	}
	if r.Method != lightning.MethodBolt11 {
		v, err := b.createRequest(ctx, r)
		return v, wrap(doing, err)
	}
	terms, err := b.terms(r, now)
	if err != nil {
		return lightning.Invoice{}, wrap(doing, err)
	}
	row := invoiceRow{preimage: make([]byte, 32), unit: r.Unit, amount: r.Amount, created: now, expires: terms.ExpiresAt()}
	rand.Read(row.preimage)
	rand.Read(terms.PaymentSecret[:])
	terms.PaymentHash = sha256.Sum256(row.preimage)
	row.hash = terms.PaymentHash[:]
	if row.amount == 0 {
		if row.amount, err = b.chooseAmount(); err != nil {
			return lightning.Invoice{}, wrap(doing, err)
		}
	}
	if b.cfg.IncomingDelay > 0 && r.Description != leaveUnpaid {
		if at := now.Add(b.cfg.IncomingDelay); at.Before(row.expires) {
			row.paid = at
		}
	}
	request, err := bolt11.Encode(terms, b.key)
	if err != nil {
		return lightning.Invoice{}, wrap(doing, err)
	}
	err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error { return addInvoice(ctx, tx, row) })
	if err != nil {
		return lightning.Invoice{}, wrap(doing, err)
	}
	b.ring()
	return lightning.Invoice{Request: request, LookupID: hex.EncodeToString(row.hash), Expiry: row.expires}, nil
}

// mayReceive refuses what does not fit the settings.
func (b *Backend) mayReceive(r lightning.InvoiceRequest) error {
	var settings *lightning.Settings
	for i := range b.settings {
		if b.settings[i].Unit == r.Unit && b.settings[i].Method == r.Method {
			settings = &b.settings[i]
		}
	}
	refuse := func(why string) error { return fmt.Errorf("%w: %s", lightning.ErrRefused, why) }
	switch {
	case settings == nil:
		return refuse("method or unit is not supported")
	case r.Amount == 0 && !settings.Amountless:
		return refuse("amount is missing")
	case r.Amount != 0 && (r.Amount < settings.MinAmount || settings.MaxAmount != 0 && r.Amount > settings.MaxAmount):
		return refuse("amount is out of range")
	case r.Description != "" && !settings.Description:
		return refuse("descriptions are not supported")
	}
	return nil
}

// terms are the parts of an invoice that follow from the request.
func (b *Backend) terms(r lightning.InvoiceRequest, now time.Time) (bolt11.Invoice, error) {
	refuse := func(why string) (bolt11.Invoice, error) {
		return bolt11.Invoice{}, fmt.Errorf("%w: %s", lightning.ErrRefused, why)
	}
	if len(r.Description) > bolt11.MaxDescription || !utf8.ValidString(r.Description) {
		return refuse("description is too long or not UTF-8")
	}
	msat, err := b.cfg.msat(r.Amount, r.Unit)
	if err != nil {
		return bolt11.Invoice{}, err
	}
	timestamp, expiry := now.Truncate(time.Second), bolt11.DefaultExpiry
	if !r.Expiry.IsZero() {
		expiry = min(r.Expiry.Sub(timestamp).Truncate(time.Second), maxExpiry)
	}
	if !timestamp.Add(expiry).After(now) {
		return refuse("it would be expired already")
	}
	return bolt11.Invoice{
		Network: b.cfg.Network, AmountMsat: msat, Timestamp: timestamp, Expiry: expiry,
		Description: r.Description, MinFinalCLTV: minFinalCLTV,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired, bolt11.FeatureMultiPartOptional},
	}, nil
}

// chooseAmount is what the payer of an invoice without an amount sends.
func (b *Backend) chooseAmount() (cashu.Amount, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).SetUint64(uint64(b.cfg.MaxRandomAmount)))
	if err != nil {
		return 0, fmt.Errorf("choose an amount: %w", err)
	}
	return cashu.Amount(n.Uint64()) + 1, nil
}
