package cashu_test

import (
	"testing"
	"time"

	"mintmark/cashu"
)

func keys(t testing.TB, s string) cashu.Keys {
	t.Helper()
	var k cashu.Keys
	if err := cashu.Decode([]byte(s), &k); err != nil {
		t.Fatalf("decoding keys: %v", err)
	}
	return k
}

func TestKeysetIDMeetsTheVectorsOfNUT02(t *testing.T) {
	t.Parallel()
	const expiry = 2059210353
	for _, tt := range []struct {
		name string
		got  cashu.KeysetID
		want string
	}{
		{"v1 with four keys", cashu.DeriveKeysetIDV1(keys(t, fourKeys)), "00456a94ab4e1c46"},
		{"v1 with sixty-four keys", cashu.DeriveKeysetIDV1(keys(t, sixtyFourKeys)), "000f01df73ea149a"},
		{"v2 with fee and expiry", cashu.DeriveKeysetIDV2(keys(t, fourKeys), "sat", 100, expiry), "015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a"},
		{"v2 with expiry", cashu.DeriveKeysetIDV2(keys(t, sixtyFourKeys), "sat", 0, expiry), "01ab6aa4ff30390da34986d84be5274b48ad7a74265d791095bfc39f4098d9764f"},
		{"v2 with neither", cashu.DeriveKeysetIDV2(keys(t, sixtyFourKeys), "sat", 0, 0), "012fbb01a4e200c76df911eeba3b8fe1831202914b24664f4bccbd25852a6708f8"},
	} {
		if tt.got.String() != tt.want {
			t.Errorf("%s: id %v, want %s", tt.name, tt.got, tt.want)
		}
	}
}

func TestKeysetExpiresForOutputsOneSecondBeforeInputs(t *testing.T) {
	t.Parallel()
	k := cashu.Keyset{FinalExpiry: 1000}
	for _, tt := range []struct {
		now             int64
		outputs, inputs bool
	}{
		{-1, false, false}, {0, false, false}, {999, false, false}, {1000, true, false}, {1001, true, true},
	} {
		now := time.Unix(tt.now, 0)
		if got := k.ExpiredForOutputs(now); got != tt.outputs {
			t.Errorf("at %d expired for outputs: %v", tt.now, got)
		}
		if got := k.ExpiredForInputs(now); got != tt.inputs {
			t.Errorf("at %d expired for inputs: %v", tt.now, got)
		}
	}
	never := cashu.Keyset{}
	if never.ExpiredForInputs(time.Unix(1<<40, 0)) || never.ExpiredForOutputs(time.Unix(1<<40, 0)) {
		t.Error("a keyset without expiry expired")
	}
}
