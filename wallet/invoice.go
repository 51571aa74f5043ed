package wallet

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"mintmark/cashu"
)

// What an invoice is over, free of I/O. A wallet has to know no more of Lightning
// than this: that a mint asks for no more than it was asked for, in either direction.

// checkInvoice refuses an invoice that a mint has made over more than its quote.
func checkInvoice(method string, unit cashu.Unit, amount cashu.Amount, request string) error {
	msat, stated := InvoiceAmount(request)
	if method != methodBolt11 || amount == 0 || !stated {
		return nil
	}
	if limit, known := inMsat(amount, unit); known && msat > limit {
		return fmt.Errorf("the mint's invoice is over %d millisatoshi, more than the %d %s that were asked for", msat, amount, unit)
	}
	return nil
}

// checkPrice refuses a quote over more than the payment that was asked for, rounded
// up to whole units. Fees have a line of their own.
func checkPrice(o MeltQuoteOptions, amount cashu.Amount) error {
	if o.Method != methodBolt11 && (o.Method != methodBolt12 || o.Amount == 0) {
		return nil
	}
	msat, stated := InvoiceAmount(o.Request)
	switch {
	case o.Part != 0:
		msat = uint64(o.Part)
	case !stated && o.Amount != 0:
		msat = uint64(o.Amount)
	case !stated:
		return nil
	}
	// One unit less would still be too much.
	if less, known := inMsat(amount-min(amount, 1), o.Unit); known && less >= msat && amount > 0 {
		return fmt.Errorf("the mint wants %d %s, fees not included, for a payment of %d millisatoshi", amount, o.Unit, msat)
	}
	return nil
}

// inMsat converts what has a fixed rate; what does not fit is more than any invoice.
func inMsat(amount cashu.Amount, unit cashu.Unit) (msat uint64, known bool) {
	switch unit {
	case "msat":
		return uint64(amount), true
	case cashu.UnitSat:
		high, low := bits.Mul64(uint64(amount), 1000)
		if high != 0 {
			low = ^uint64(0)
		}
		return low, true
	}
	return 0, false
}

// InvoiceAmount reads how many millisatoshi a BOLT 11 invoice is over; not stated if
// it leaves that open, or is none. Whether it is a valid one is for those to say who
// pay it.
func InvoiceAmount(request string) (msat uint64, stated bool) {
	text := strings.TrimPrefix(strings.ToLower(request), "lightning:")
	end := strings.LastIndexByte(text, '1') // what follows has no 1
	if end < 0 || !strings.HasPrefix(text, "ln") {
		return 0, false
	}
	start := strings.IndexAny(text[:end], "0123456789") // no network has a digit
	if start < 0 {
		return 0, false
	}
	digits := strings.TrimRight(text[start:end], "munp")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, false
	}
	suffix := text[start+len(digits) : end]
	if suffix == "p" { // a tenth of a millisatoshi
		return n/10 + min(n%10, 1), true
	}
	factor, found := map[string]uint64{"": 100_000_000_000, "m": 100_000_000, "u": 100_000, "n": 100}[suffix]
	if high, low := bits.Mul64(n, factor); found && high == 0 {
		return low, true
	}
	return 0, false
}
