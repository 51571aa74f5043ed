package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/elnosh/gonuts/mint/lightning"
	decodepay "github.com/nbd-wtf/ln-decodepay"
)

// backend is a Lightning node that invents invoices and has them paid at once.
// Whether it pays those of others, with play money too, is to be said.
type backend struct {
	pays     bool
	mu       sync.Mutex
	invoices map[string]lightning.Invoice // by payment hash
	paid     map[string]bool              // by payment hash
}

var _ lightning.Client = (*backend)(nil)

var errNotHere = errors.New("this backend does not pay")

func newBackend(pays bool) *backend {
	return &backend{pays: pays, invoices: make(map[string]lightning.Invoice), paid: make(map[string]bool)}
}

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

// SendPayment pays any invoice but one that says otherwise.
func (b *backend) SendPayment(_ context.Context, request string, _ uint64) (lightning.PaymentStatus, error) {
	if !b.pays {
		return lightning.PaymentStatus{}, errNotHere
	}
	invoice, err := decodepay.Decodepay(request)
	if err != nil {
		return lightning.PaymentStatus{}, fmt.Errorf("reading an invoice: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paid[invoice.PaymentHash] = invoice.Description != lightning.FailPaymentDescription
	return b.status(invoice.PaymentHash), nil
}

func (b *backend) status(hash string) lightning.PaymentStatus {
	if !b.paid[hash] {
		return lightning.PaymentStatus{PaymentStatus: lightning.Failed, PaymentFailureReason: "it was to fail"}
	}
	return lightning.PaymentStatus{PaymentStatus: lightning.Succeeded, Preimage: lightning.FakePreimage}
}

// PayPartialAmount refuses.
func (b *backend) PayPartialAmount(context.Context, string, uint64, uint64) (lightning.PaymentStatus, error) {
	return lightning.PaymentStatus{}, errNotHere
}

// OutgoingPaymentStatus knows those that it was told to make.
func (b *backend) OutgoingPaymentStatus(_ context.Context, hash string) (lightning.PaymentStatus, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.paid[hash]; !known {
		return lightning.PaymentStatus{}, errNotHere
	}
	return b.status(hash), nil
}

// FeeReserve is nothing.
func (b *backend) FeeReserve(uint64) uint64 { return 0 }
