package conditions_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

func TestASecretIsWrittenAsNUT11ShowsIt(t *testing.T) {
	t.Parallel()
	a, b := point(t, keyA), point(t, keyB)
	for _, tc := range []struct {
		lock conditions.Lock
		want string
	}{
		{conditions.Lock{Key: a}, `["P2PK",{"nonce":"NONCE","data":"` + keyA + `","tags":[]}]`},
		{
			conditions.Lock{Key: a, Pubkeys: []bdhke.Point{b}, NSigs: 2, Locktime: 21, Refund: []bdhke.Point{b}, NSigsRefund: 1, SigAll: true, Extra: [][]string{{"memo", "<&>"}}},
			`["P2PK",{"nonce":"NONCE","data":"` + keyA + `","tags":[["pubkeys","` + keyB + `"],["n_sigs","2"],["locktime","21"],["refund","` + keyB + `"],["n_sigs_refund","1"],["sigflag","SIG_ALL"],["memo","<&>"]]}]`,
		},
		{conditions.Lock{Hash: [32]byte{0xec}}, `["HTLC",{"nonce":"NONCE","data":"ec` + strings.Repeat("00", 31) + `","tags":[]}]`},
	} {
		secret, err := tc.lock.Secret(strings.NewReader(strings.Repeat("n", 32)))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(tc.want, "NONCE", strings.Repeat("6e", 32), 1); secret != want {
			t.Errorf("got %s, want %s", secret, want)
		}
	}
}

func TestEverySecretHasItsOwnNonce(t *testing.T) {
	t.Parallel()
	lock := conditions.Lock{Key: point(t, keyA)}
	if a, b := locked(t, lock), locked(t, lock); a.Secret == b.Secret {
		t.Error("two coins of one secret are one coin")
	}
	if _, err := lock.Secret(strings.NewReader("short")); err == nil {
		t.Error("a secret is made without enough random bytes")
	}
}

func TestLocksThatNobodyCouldOpenAreRefused(t *testing.T) {
	t.Parallel()
	a, b := point(t, keyA), point(t, keyB)
	for name, lock := range map[string]conditions.Lock{
		"neither key nor hash":            {},
		"key and hash":                    {Key: a, Hash: [32]byte{1}},
		"more signatures than keys":       {Key: a, NSigs: 2},
		"a key and its twin":              {Key: a, Pubkeys: []bdhke.Point{point(t, keyA2)}},
		"no point among the keys":         {Key: a, Pubkeys: []bdhke.Point{{}}},
		"refund signatures and no refund": {Key: a, Pubkeys: []bdhke.Point{b}, NSigsRefund: 1},
		"a tag twice":                     {Key: a, SigAll: true, Extra: [][]string{{"sigflag", "SIG_INPUTS"}}},
		"signatures for an HTLC alone":    {Hash: [32]byte{1}, NSigs: 1},
	} {
		if secret, err := lock.Secret(nil); err == nil {
			t.Errorf("%s: made %s", name, secret)
		}
	}
}

func TestWalletsAreToldWhenASignatureWouldBeUseless(t *testing.T) {
	t.Parallel()
	single, all := locked(t, conditions.Lock{Key: key(t, 1).Public()}), locked(t, conditions.Lock{Key: key(t, 1).Public(), SigAll: true})
	plain, broken := coin(t, "plain"), coin(t, p2pk(`["n_sigs","0"]`))
	halfWitness := single
	halfWitness.Witness = "{"
	for name, tc := range map[string]struct{ err, want error }{
		"a plain coin":                   {conditions.SignInput(&plain, key(t, 1), nil), conditions.ErrPlain},
		"a plain coin for all":           {conditions.SignAll(swap(plain), key(t, 1), nil), conditions.ErrPlain},
		"no inputs":                      {conditions.SignAll(swap(), key(t, 1), nil), conditions.ErrPlain},
		"another key":                    {conditions.SignInput(&single, key(t, 2), nil), conditions.ErrNotThisKey},
		"no key":                         {conditions.SignInput(&single, bdhke.Scalar{}, nil), conditions.ErrNotThisKey},
		"SIG_ALL signed singly":          {conditions.SignInput(&all, key(t, 1), nil), conditions.ErrNotThisFlag},
		"SIG_INPUTS signed for all":      {conditions.SignAll(swap(single), key(t, 1), nil), conditions.ErrNotThisFlag},
		"a preimage for P2PK":            {conditions.AddPreimage(&single, preimage), conditions.ErrNotThisPreimage},
		"a malformed condition":          {conditions.SignInput(&broken, key(t, 1), nil), cashu.ErrProofInvalid},
		"a witness that cannot be read":  {conditions.SignInput(&halfWitness, key(t, 1), nil), cashu.ErrProofInvalid},
		"a preimage for a plain coin":    {conditions.AddPreimage(&plain, preimage), conditions.ErrPlain},
		"a malformed condition, for all": {conditions.SignAll(swap(broken), key(t, 1), nil), cashu.ErrProofInvalid},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %v", name, tc.err, tc.want)
		}
	}
	for _, p := range []cashu.Proof{single, all, plain, broken} {
		if p.Witness != "" {
			t.Errorf("a refused signature left the witness %s", p.Witness)
		}
	}
}

func TestAWitnessOfAnHTLCAlwaysNamesAPreimage(t *testing.T) {
	t.Parallel()
	p := sign(t, locked(t, conditions.Lock{Hash: [32]byte{1}, Locktime: 1, Refund: publics(t, 1)}), 1)
	if !strings.HasPrefix(p.Witness, `{"preimage":"","signatures":["`) {
		t.Errorf("witness %s", p.Witness)
	}
	p = sign(t, locked(t, conditions.Lock{Key: key(t, 1).Public()}), 1)
	if !strings.HasPrefix(p.Witness, `{"signatures":["`) {
		t.Errorf("witness %s", p.Witness)
	}
}

// Whatever the lock and whoever signs: it opens exactly when enough distinct keys
// of one pathway have signed, and that pathway is open.
func TestPropertyALockOpensForTheRightKeysAndNoOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		set := func(name string, from, least int) []int {
			return rapid.SliceOfNDistinct(rapid.IntRange(from, from+4), least, 4, rapid.ID[int]).Draw(rt, name)
		}
		isHTLC := rapid.Bool().Draw(rt, "HTLC")
		main, refund := set("keys", 0, 1), set("refund", 3, 0) // they overlap
		lock := conditions.Lock{SigAll: rapid.Bool().Draw(rt, "SIG_ALL")}
		if isHTLC {
			lock.Hash, lock.Pubkeys = hashOf(preimage), publics(t, main...)
		} else {
			lock.Key, lock.Pubkeys = key(t, main[0]).Public(), publics(t, main[1:]...)
		}
		lock.NSigs = rapid.IntRange(0, len(main)).Draw(rt, "n_sigs")
		timed := rapid.Bool().Draw(rt, "timed")
		if timed {
			lock.Locktime = locktime
		}
		if lock.Refund = publics(t, refund...); len(refund) > 0 {
			lock.NSigsRefund = rapid.IntRange(0, len(refund)).Draw(rt, "n_sigs_refund")
		}
		signers := rapid.SliceOfN(rapid.SampledFrom(append(append([]int(nil), main...), refund...)), 0, 6).Draw(rt, "signers")
		withImage := isHTLC && rapid.Bool().Draw(rt, "preimage")
		at := rapid.SampledFrom([]int64{locktime - 1, locktime, locktime + 1}).Draw(rt, "now")

		tx := swap(locked(t, lock))
		tx.Outputs = []cashu.BlindedMessage{output(t, 2, 100)}
		for _, n := range signers {
			var err error
			if lock.SigAll {
				err = conditions.SignAll(tx, key(t, n), nil)
			} else {
				err = conditions.SignInput(&tx.Inputs[0], key(t, n), nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if withImage {
			if err := conditions.AddPreimage(&tx.Inputs[0], preimage); err != nil {
				t.Fatal(err)
			}
		}

		distinct := func(keys []int) (n int) {
			for _, k := range keys {
				for _, s := range signers {
					if s == k {
						n++
						break
					}
				}
			}
			return n
		}
		expired := timed && at > locktime
		want := (!isHTLC || withImage) && distinct(main) >= max(1, lock.NSigs) ||
			expired && (len(refund) == 0 || distinct(refund) >= max(1, lock.NSigsRefund))
		if err := spend(tx, unix(at)); (err == nil) != want {
			t.Fatalf("%v, want ok %v: %s", err, want, tx.Inputs[0].Secret)
		}
	})
}
