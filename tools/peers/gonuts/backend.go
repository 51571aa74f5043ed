package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/elnosh/gonuts/mint/lightning"
)

// backend is a Lightning node that invents invoices and has them paid at once.
// It pays nothing itself.
type backend struct {
	mu       sync.Mutex
	invoices map[string]lightning.Invoice // by payment hash
}

var _ lightning.Client = (*backend)(nil)

var errNotHere = errors.New("this backend does not pay")

func newBackend() *backend { return &backend{invoices: make(map[string]lightning.Invoice)} }

// ConnectionStatus is always good.
func (b *backend) ConnectionStatus() error { return nil }

// CreateInvoice makes an invoice that is settled already.
func (b *backend) CreateInvoice(amount uint64) (lightning.Invoice, error) {
	request, preimage, hash, err := lightning.CreateFakeInvoice(amount, false)
	if err != nil {
		return lightning.Invoice{}, fmt.Errorf("making an invoice: %w", err)
	}
	invoice := lightning.Invoice{
		PaymentRequest: request, PaymentHash: hash, Preimage: preimage,
		Settled: true, Amount: amount, Expiry: 3600,
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invoices[hash] = invoice
	return invoice, nil
}

// InvoiceStatus finds an invoice by its payment hash.
func (b *backend) InvoiceStatus(hash string) (lightning.Invoice, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	invoice, known := b.invoices[hash]
	if !known {
		return lightning.Invoice{}, errors.New("there is no such invoice")
	}
	return invoice, nil
}

// SubscribeInvoice tells at once that the invoice is paid.
func (b *backend) SubscribeInvoice(hash string) (lightning.InvoiceSubscriptionClient, error) {
	return subscription{b, hash}, nil
}

type subscription struct {
	b    *backend
	hash string
}

// Recv returns the invoice.
func (s subscription) Recv() (lightning.Invoice, error) { return s.b.InvoiceStatus(s.hash) }

// SendPayment refuses.
func (b *backend) SendPayment(context.Context, string, uint64) (lightning.PaymentStatus, error) {
	return lightning.PaymentStatus{}, errNotHere
}

// PayPartialAmount refuses.
func (b *backend) PayPartialAmount(context.Context, string, uint64, uint64) (lightning.PaymentStatus, error) {
	return lightning.PaymentStatus{}, errNotHere
}

// OutgoingPaymentStatus knows none.
func (b *backend) OutgoingPaymentStatus(context.Context, string) (lightning.PaymentStatus, error) {
	return lightning.PaymentStatus{}, errNotHere
}

// FeeReserve is nothing.
func (b *backend) FeeReserve(uint64) uint64 { return 0 }
