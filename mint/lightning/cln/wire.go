package cln

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"mintmark/cashu"
)

const unitMsat = cashu.Unit("msat")

// msat is an amount of the node: a number, or in older versions a text that ends in
// "msat".
type msat uint64

func (m *msat) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.Trim(string(text), `"`), "msat"), 10, 64)
	if err != nil || n > math.MaxInt64 {
		return errors.New("an amount that cannot be")
	}
	*m = msat(n)
	return nil
}

// invoice is an invoice of the node.
type invoice struct {
	Label    string  `json:"label"`
	Hash     string  `json:"payment_hash"`
	Status   string  `json:"status"`
	Received *msat   `json:"amount_received_msat"`
	PaidAt   float64 `json:"paid_at"`
	PayIndex uint64  `json:"pay_index"`
	OfferID  string  `json:"local_offer_id"`
}

// The states of an invoice that this package knows.
const statusPaid, statusUnpaid = "paid", "unpaid"

type invoices struct {
	Invoices []invoice `json:"invoices"`
}

// payment is a payment of the node, as pay and listpays tell of it.
type payment struct {
	Label    string `json:"label"`
	Hash     string `json:"payment_hash"`
	Status   string `json:"status"`
	Preimage string `json:"preimage"`         // of listpays
	Proof    string `json:"payment_preimage"` // of pay
	Sent     *msat  `json:"amount_sent_msat"`
}

// The states of a payment.
const (
	statusComplete = "complete"
	statusPending  = "pending"
	statusFailed   = "failed"
)

// decoded is what decode tells of an offer, or of an invoice that was fetched for one.
type decoded struct {
	Type     string `json:"type"`
	Valid    bool   `json:"valid"`
	Currency string `json:"offer_currency"`
	OfferID  string `json:"offer_id"`
	Offered  *msat  `json:"offer_amount_msat"`
	Until    uint64 `json:"offer_absolute_expiry"`
	Asked    *msat  `json:"invoice_amount_msat"`
	Hash     string `json:"invoice_payment_hash"`
}

// toMsat is an amount of the mint for the node.
func toMsat(a cashu.Amount, u cashu.Unit) (uint64, error) {
	if u == unitMsat {
		if a > math.MaxInt64 {
			return 0, errors.New("amount is out of range")
		}
		return uint64(a), nil
	}
	high, low := bits.Mul64(uint64(a), 1000)
	if high != 0 || low > math.MaxInt64 {
		return 0, errors.New("amount is out of range")
	}
	return low, nil
}

// fromMsat is an amount of the node for the mint.
func fromMsat(n uint64, u cashu.Unit, up bool) cashu.Amount {
	if u == unitMsat {
		return cashu.Amount(n)
	}
	sat := n / 1000
	if up && n%1000 != 0 {
		sat++
	}
	return cashu.Amount(sat)
}

// maxBitcoin is all that there will ever be, in msat.
const maxBitcoin = 21_000_000 * 100_000_000 * 1000

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func exactly(n uint64) string { return fmt.Sprintf("%dmsat", n) }
