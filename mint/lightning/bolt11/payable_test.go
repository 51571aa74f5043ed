package bolt11

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning"
)

func TestAnInvoiceIsPayableOnItsNetworkUntilItExpires(t *testing.T) {
	t.Parallel()
	made := time.Unix(exampleTime, 0)
	soon := made.Add(time.Minute)
	for name, tt := range map[string]struct {
		request string
		network Network
		now     time.Time
		want    error
	}{
		"at once":                      {exampleCoffee, Mainnet, made, nil},
		"in the last moment":           {exampleCoffee, Mainnet, made.Add(time.Minute - 1), nil},
		"when its minute is over":      {exampleCoffee, Mainnet, soon, lightning.ErrRequestExpired},
		"within the hour of silence":   {exampleDonation, Mainnet, made.Add(time.Hour - 1), nil},
		"after the hour of silence":    {exampleDonation, Mainnet, made.Add(time.Hour), lightning.ErrRequestExpired},
		"in upper case":                {strings.ToUpper(exampleDonation), Mainnet, made, nil},
		"with its scheme":              {"lightning:" + exampleDonation, Mainnet, made, nil},
		"with its scheme in capitals":  {"LIGHTNING:" + strings.ToUpper(exampleDonation), Mainnet, made, nil},
		"with another scheme":          {"bitcoin:" + exampleDonation, Mainnet, made, lightning.ErrRefused},
		"on its testnet":               {exampleTestnet, Testnet, made, nil},
		"of mainnet on regtest":        {exampleCoffee, Regtest, made, lightning.ErrOtherNetwork},
		"of testnet on mainnet":        {exampleTestnet, Mainnet, made, lightning.ErrOtherNetwork},
		"of testnet on signet":         {exampleTestnet, Signet, made, lightning.ErrOtherNetwork},
		"of another network, and late": {exampleCoffee, Regtest, soon, lightning.ErrOtherNetwork},
		"that demands what is unknown": {badFeature, Mainnet, made, ErrUnknownFeature},
		"with a wrong signature":       {badRecovery, Mainnet, made, ErrSignature},
		"with a scheme and no more":    {"lightning:", Mainnet, made, lightning.ErrRefused},
		"that is empty":                {"", Mainnet, made, lightning.ErrRefused},
	} {
		v, err := Payable(tt.request, tt.network, tt.now)
		switch {
		case tt.want == nil && (err != nil || v.PaymentHash == [32]byte{}):
			t.Errorf("%s: %v", name, err)
		case tt.want != nil && !errors.Is(err, tt.want):
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		case err != nil && errors.Is(err, lightning.ErrRefused) == errors.Is(err, lightning.ErrRequestExpired):
			t.Errorf("%s: %v is neither refused nor expired, or both", name, err)
		case err != nil && len(tt.request) > 20 && strings.Contains(err.Error(), tt.request[len(tt.request)-20:]):
			t.Errorf("%s: the error repeats the invoice", name)
		}
	}
}

func TestWhatOfAnInvoiceIsPaid(t *testing.T) {
	t.Parallel()
	can := lightning.PaySettings{Amountless: true, MultiPath: true}
	for name, tt := range map[string]struct {
		says, chosen, part uint64
		can                lightning.PaySettings
		want               uint64
		err                error
	}{
		"what it says":                  {says: 5000, can: can, want: 5000},
		"what it says, chosen too":      {says: 5000, chosen: 5000, can: can, want: 5000},
		"more than it says":             {says: 5000, chosen: 5001, can: can, err: lightning.ErrOtherAmount},
		"less than it says":             {says: 5000, chosen: 4999, can: can, err: lightning.ErrOtherAmount},
		"what was chosen":               {chosen: 7, can: can, want: 7},
		"nothing":                       {can: can, err: lightning.ErrAmountless},
		"what was chosen, not possible": {chosen: 7, err: lightning.ErrAmountless},
		"a part":                        {says: 5000, part: 1, can: can, want: 1},
		"all of it as a part":           {says: 5000, part: 5000, can: can, want: 5000},
		"a part that is too much":       {says: 5000, part: 5001, can: can, err: lightning.ErrOtherAmount},
		"a part of nothing":             {part: 1, can: can, err: lightning.ErrAmountless},
		"a part of a choice":            {chosen: 5, part: 1, can: can, err: lightning.ErrRefused},
		"a part, not possible":          {says: 5000, part: 1, err: lightning.ErrRefused},
	} {
		got, err := Invoice{AmountMsat: tt.says}.ToPay(lightning.PaymentRequest{AmountMsat: tt.chosen, PartMsat: tt.part}, tt.can)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d, %v; want %d, %v", name, got, err, tt.want, tt.err)
		}
	}
}
