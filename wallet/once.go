package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/google/uuid"
)

// One wallet pays an invoice once, whatever mints it has and whatever processes use
// it. The mints cannot see to that: none knows what another pays.

var (
	// ErrPaidAlready: this wallet has paid it.
	ErrPaidAlready = errors.New("this wallet has paid it already")
	// ErrBeingPaid: an operation of this wallet may still pay it.
	ErrBeingPaid = errors.New("this wallet is paying it already")
)

// PayableAgain tells whether what a method pays can be paid more than once: an offer
// or an address can, an invoice cannot.
func PayableAgain(method string) bool { return method != "" && method != methodBolt11 }

// Payments lists what this wallet pays or has paid for a request, oldest first.
// Method may be empty for an invoice.
func (w *Wallet) Payments(ctx context.Context, method, request string) ([]Transaction, error) {
	return payments(ctx, w.store, method, request)
}

func payments(ctx context.Context, h HistoryReads, method, request string) ([]Transaction, error) {
	list, err := h.Payments(ctx, paymentName(method, request))
	if err != nil {
		return nil, err
	}
	// What was paid before payments had names is known by its request.
	older, err := h.Payments(ctx, request)
	return append(older, list...), err
}

// paymentName is what two requests have in common that one payment settles: the
// payment hash of invoices, however they are written, else the request itself.
func paymentName(method, request string) string {
	if method == "" {
		method = methodBolt11
	}
	request = strings.TrimSpace(request)
	if method == methodBolt11 {
		if hash, ok := invoiceHash(request); ok {
			return method + ":" + hash
		}
	}
	return method + ":" + request
}

// invoiceHash reads the payment hash of a BOLT 11 invoice.
func invoiceHash(request string) (string, bool) {
	const timestamp, hashField, hashWords, signature = 7, 1, 52, 104 // in words of 5 bits
	prefix, words, err := bech32.DecodeNoLimit(strings.TrimPrefix(strings.ToLower(request), "lightning:"))
	if err != nil || !strings.HasPrefix(prefix, "ln") || len(words) < timestamp+signature {
		return "", false
	}
	for fields := words[timestamp : len(words)-signature]; len(fields) >= 3; {
		field, length := fields[0], int(fields[1])<<5|int(fields[2])
		if fields = fields[3:]; length > len(fields) {
			return "", false
		}
		if field == hashField && length == hashWords {
			hash, err := bech32.ConvertBits(fields[:length], 5, 8, false)
			return hex.EncodeToString(hash), err == nil
		}
		fields = fields[length:]
	}
	return "", false
}

// refuseRepeated refuses what an operation outside the group pays or has paid.
func refuseRepeated(ctx context.Context, h HistoryReads, q Quote, o MeltOptions) error {
	if o.Again && PayableAgain(q.Method) {
		return nil
	}
	list, err := payments(ctx, h, q.Method, q.Request)
	if err != nil {
		return err
	}
	for _, t := range list {
		switch {
		case o.group != uuid.Nil && t.Group == o.group:
		case t.Status == StatusCompleted:
			return &OperationError{ID: t.Operation, Err: ErrPaidAlready}
		default:
			return &OperationError{ID: t.Operation, Err: fmt.Errorf("%w: the payment is %s", ErrBeingPaid, t.Status)}
		}
	}
	return nil
}
