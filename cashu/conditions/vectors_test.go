package conditions_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// now is after the locktimes of the vectors that have passed, and before those
// that have not.
var now = time.Unix(1_800_000_000, 0)

// transaction reads the JSON of a swap or melt request.
func transaction(t testing.TB, text string) conditions.Transaction {
	t.Helper()
	var r cashu.SwapRequest // skips the quote
	if err := cashu.Decode([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return conditions.Transaction{Inputs: r.Inputs, Outputs: r.Outputs, QuoteID: quoteOf(text)}
}

func quoteOf(text string) string {
	var r cashu.MintRequest // has a quote and skips the inputs
	if err := cashu.Decode([]byte(text), &r); err != nil {
		return "" // a swap
	}
	return r.Quote
}

// spend is Check and Verify.
func spend(tx conditions.Transaction, now time.Time) error {
	s, err := conditions.Check(tx, now)
	if err != nil {
		return err
	}
	return s.Verify()
}

func TestVectorsOfNUT11(t *testing.T) {
	t.Parallel()
	for _, v := range nut11 {
		err := spend(transaction(t, v.request), now)
		if (err == nil) != v.ok {
			t.Errorf("%s: %v, want ok %v", v.name, err, v.ok)
		}
	}
}

func TestMessagesOfSigAllAreThoseOfNUT11(t *testing.T) {
	t.Parallel()
	for _, v := range nut11Messages {
		for _, r := range nut11 {
			if r.name != v.name {
				continue
			}
			msg := transaction(t, r.request).Message()
			if string(msg) != v.message {
				t.Errorf("%s: message %s, want %s", v.name, msg, v.message)
			}
			if hash := sha256.Sum256(msg); hex.EncodeToString(hash[:]) != v.hash {
				t.Errorf("%s: hash %x, want %s", v.name, hash, v.hash)
			}
		}
	}
}
