package cashu_test

import (
	"testing"

	"mintmark/cashu"
)

func TestResponseBodies(t *testing.T) {
	t.Parallel()
	huge := cashu.Amount(1 << 63)
	expiry, witness := int64(1700000000), `{"signatures":[]}`
	id := keysetID(t, idV1)
	for _, tt := range []struct {
		name string
		v    any
		want string
	}{
		{
			"no signatures is an empty list", cashu.SwapResponse{},
			`{"signatures":[]}`,
		},
		{
			"a quote that expires", cashu.MintQuoteResponse{Quote: "q", Request: "lnbc1", Unit: "sat", Amount: &huge, Method: "bolt11", State: cashu.MintQuotePaid, Expiry: &expiry, Pubkey: point(t, pointA), AmountPaid: 1 << 63, UpdatedAt: 7},
			`{"quote":"q","request":"lnbc1","unit":"sat","amount":9223372036854775808,"method":"bolt11","state":"PAID","expiry":1700000000,"pubkey":"` + pointA + `","amount_paid":9223372036854775808,"amount_issued":0,"updated_at":7}`,
		},
		{
			"a quote without expiry and key", cashu.MintQuoteResponse{Quote: "q", Unit: "sat", State: cashu.MintQuoteUnpaid},
			`{"quote":"q","request":"","unit":"sat","amount":null,"method":"","state":"UNPAID","expiry":null,"amount_paid":0,"amount_issued":0,"updated_at":0}`,
		},
		{
			"states", cashu.CheckStateResponse{States: []cashu.StateEntry{{Y: point(t, pointA), State: cashu.ProofSpent, Witness: &witness}, {Y: point(t, pointB), State: cashu.ProofUnspent}}},
			`{"states":[{"Y":"` + pointA + `","state":"SPENT","witness":"{\"signatures\":[]}"},{"Y":"` + pointB + `","state":"UNSPENT","witness":null}]}`,
		},
		{
			"keysets", cashu.KeysetsResponse{Keysets: []cashu.KeysetInfo{{ID: id, Unit: "sat", Active: true, InputFeePPK: 100}, {ID: id, Unit: "sat", FinalExpiry: 9}}},
			`{"keysets":[{"id":"` + idV1 + `","unit":"sat","active":true,"input_fee_ppk":100},{"id":"` + idV1 + `","unit":"sat","active":false,"input_fee_ppk":0,"final_expiry":9}]}`,
		},
		{
			"keys", cashu.KeysResponse{Keysets: []cashu.KeysetKeys{{ID: id, Unit: "sat", Active: true, Keys: keys(t, `{"1":"`+pointA+`"}`)}}},
			`{"keysets":[{"id":"` + idV1 + `","unit":"sat","active":true,"input_fee_ppk":0,"keys":{"1":"` + pointA + `"}}]}`,
		},
		{
			"nothing to restore", cashu.RestoreResponse{},
			`{"outputs":[],"signatures":[]}`,
		},
		{
			"info of a mint that says nothing", cashu.MintInfo{},
			`{}`,
		},
		{
			"info", cashu.MintInfo{Name: "m", Version: "Mintmark/0.1.0", Nuts: map[string]any{
				"7": cashu.SupportedInfo{Supported: true},
				"4": cashu.MethodsInfo{Methods: []cashu.MethodInfo{{Method: "bolt11", Unit: "sat", MinAmount: 1, Options: &cashu.MethodOptions{Description: new(true)}}}},
			}},
			`{"name":"m","version":"Mintmark/0.1.0","nuts":{"4":{"methods":[{"method":"bolt11","unit":"sat","min_amount":1,"options":{"description":true}}],"disabled":false},"7":{"supported":true}}}`,
		},
	} {
		if got, err := cashu.Encode(tt.v); err != nil || string(got) != tt.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
}

func TestKeysetsOfOtherMintsAreRead(t *testing.T) {
	t.Parallel()
	var r cashu.KeysResponse
	text := `{"keysets":[{"id":"` + idV1 + `","unit":"SAT","active":true,"input_fee_ppk":null,"final_expiry":null,"keys":` + fourKeys + `}]}`
	if err := cashu.Decode([]byte(text), &r); err != nil || len(r.Keysets) != 1 {
		t.Fatalf("Decode: %v", err)
	}
	k := r.Keysets[0]
	if k.ID != keysetID(t, idV1) || k.Unit != "sat" || k.InputFeePPK != 0 || k.FinalExpiry != 0 || k.Keys.Len() != 4 {
		t.Errorf("read as %+v", k)
	}
	if err := cashu.Decode([]byte(`{"keysets":[{"id":"02ab","unit":"sat"}]}`), &r); code(t, err) != cashu.CodeKeysetUnknown {
		t.Errorf("an unknown id version: %v", err)
	}
	if err := cashu.Decode([]byte(`{"keysets":[{"id":7}]}`), &r); code(t, err) != cashu.CodeMalformed {
		t.Errorf("a number as id: %v", err)
	}
}
