package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// signer is somebody's key, as the foreign wallet takes it.
type signer struct{ private, public string }

func newSigner(t *testing.T, s *harness.Stack) signer {
	t.Helper()
	k, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	raw := k.Bytes()
	private := hex.EncodeToString(raw[:])
	s.Secrets.Hide(private)
	return signer{private, k.Public().String()}
}

func privates(list ...signer) []string {
	keys := make([]string, len(list))
	for i, s := range list {
		keys[i] = s.private
	}
	return keys
}

func TestCashuTSLocksAndUnlocks(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	alice, bob := loadCashuTS(t, s, freshSeed(t, s)), loadCashuTS(t, s, freshSeed(t, s))
	one, two, three, eve := newSigner(t, s), newSigner(t, s), newSigner(t, s), newSigner(t, s)
	preimage := sha256.Sum256([]byte(freshSeed(t, s)))
	hash := sha256.Sum256(preimage[:])
	image := hex.EncodeToString(preimage[:])
	s.Secrets.Hide(image)
	purse, _ := mintCashuTS(t, alice, 512)
	locktime := time.Now().Add(40 * time.Second).Unix() // passes while the rest is tried
	later := time.Now().Add(time.Hour).Unix()

	type lock = map[string]any
	type attempt struct {
		name string
		op   string // unlock, or unlockTogether
		args map[string]any
		ok   bool
	}
	unlock := func(name string, ok bool, keys ...signer) attempt {
		return attempt{name, "unlock", map[string]any{"keys": privates(keys...)}, ok}
	}
	withImage := func(a attempt, image string) attempt { a.args["preimage"] = image; return a }
	together := func(name string, ok bool, keys ...signer) attempt {
		return attempt{name, "unlockTogether", map[string]any{"keys": privates(keys...)}, ok}
	}
	sent := map[string]sendAnswer{}
	for _, tc := range []struct {
		name     string
		lock     lock
		attempts []attempt
	}{
		{"until a time, with a refund", lock{"pubkey": one.public, "locktime": locktime, "refundKeys": []string{two.public}}, []attempt{
			unlock("the refund too early", false, two),
		}},
		{"until a time, SIG_ALL, with a refund", lock{"pubkey": one.public, "locktime": locktime, "refundKeys": []string{two.public}, "sigFlag": "SIG_ALL"}, nil},
		{"until a time, for a hash, with a refund", lock{"pubkey": one.public, "hashlock": hex.EncodeToString(hash[:]), "locktime": locktime, "refundKeys": []string{two.public}}, nil},
		{"until a time", lock{"pubkey": one.public, "locktime": locktime}, []attempt{unlock("nobody, too early", false)}},
		{"to a key", lock{"pubkey": one.public}, []attempt{
			unlock("nobody", false), unlock("eve", false, eve), unlock("the receiver", true, one),
		}},
		{"to a blinded key", lock{"pubkey": one.public, "blindKeys": true}, []attempt{
			unlock("eve", false, eve), unlock("the receiver", true, one),
		}},
		{"to two of three", lock{"pubkey": []string{one.public, two.public, three.public}, "requiredSignatures": 2}, []attempt{
			unlock("one", false, one), unlock("one and eve", false, two, eve), unlock("two", true, three, one),
		}},
		{"to a blinded two of three", lock{"pubkey": []string{one.public, two.public, three.public}, "requiredSignatures": 2, "blindKeys": true}, []attempt{
			unlock("one", false, one), unlock("two", true, three, two),
		}},
		{"to a key, SIG_ALL", lock{"pubkey": one.public, "sigFlag": "SIG_ALL"}, []attempt{
			unlock("the receiver", true, one),
		}},
		{"to a blinded key, SIG_ALL", lock{"pubkey": one.public, "sigFlag": "SIG_ALL", "blindKeys": true}, []attempt{
			unlock("the receiver", true, one),
		}},
		{"to two of three, SIG_ALL", lock{"pubkey": []string{one.public, two.public, three.public}, "requiredSignatures": 2, "sigFlag": "SIG_ALL"}, []attempt{
			together("one", false, one), together("one and eve", false, one, eve), together("two", true, one, three),
		}},
		{"to a hash", lock{"pubkey": []string{}, "hashlock": hex.EncodeToString(hash[:])}, []attempt{
			unlock("nobody", false), withImage(unlock("another preimage", false), hex.EncodeToString(hash[:])), withImage(unlock("the preimage", true), image),
		}},
		{"to a hash and a key, SIG_ALL", lock{"pubkey": one.public, "hashlock": hex.EncodeToString(hash[:]), "sigFlag": "SIG_ALL"}, []attempt{
			withImage(together("the preimage and eve", false, eve), image), withImage(unlock("the preimage and the key", true, one), image),
		}},
		{"to a hash and a key, with a refund that is not due", lock{"pubkey": one.public, "hashlock": hex.EncodeToString(hash[:]), "locktime": later, "refundKeys": []string{two.public}}, []attempt{
			withImage(unlock("the preimage alone", false), image), unlock("the key alone", false, one), unlock("the refund", false, two),
			withImage(unlock("the preimage and the key", true, one), image),
		}},
	} {
		var got sendAnswer
		alice.Must("lock", map[string]any{"amount": 7, "proofs": purse, "lock": tc.lock}, &got)
		purse, sent[tc.name] = got.Keep, got
		for _, a := range tc.attempts {
			attemptToUnlock(t, bob, tc.name+": "+a.name, got, a.op, a.args, a.ok)
		}
		if now := time.Now().Unix(); tc.lock["locktime"] == locktime && now > locktime {
			t.Fatalf("this machine is too slow: the locktime has passed before %q was tried", tc.name)
		}
	}

	var witnesses []string
	alice.Must("witnesses", map[string]any{"proofs": sent["to a hash"].Send}, &witnesses)
	for _, text := range witnesses {
		var w struct {
			Preimage string `json:"preimage"`
		}
		if err := cashu.Decode([]byte(text), &w); err != nil || w.Preimage != image {
			t.Errorf("the payer of the hash finds the witness %q (%v), want the preimage", text, err)
		}
	}

	for time.Now().Unix() <= locktime {
		time.Sleep(200 * time.Millisecond)
	}
	for name, by := range map[string][]signer{
		"until a time, with a refund":             {two},
		"until a time, SIG_ALL, with a refund":    {two},
		"until a time, for a hash, with a refund": {two},
		"until a time": nil,
	} {
		if len(by) > 0 {
			attemptToUnlock(t, bob, name+": eve after the time", sent[name], "unlock", map[string]any{"keys": privates(eve)}, false)
		}
		attemptToUnlock(t, bob, name+": after the time", sent[name], "unlock", map[string]any{"keys": privates(by...)}, true)
	}
}

// attemptToUnlock tries a token and looks at what became of its coins.
func attemptToUnlock(t *testing.T, w *harness.PeerWallet, what string, sent sendAnswer, op string, args map[string]any, ok bool) {
	t.Helper()
	args["token"] = sent.Token
	var got coinsAnswer
	err := w.Call(op, args, &got)
	want := "SPENT"
	switch {
	case !ok:
		wantCode(t, what, err, 10001)
		want = "UNSPENT"
	case err != nil:
		t.Errorf("%s: %v", what, err)
	case got.Total != "7":
		t.Errorf("%s: got %s, want 7", what, got.Total)
	}
	if got := states(t, w, sent.Send); slices.ContainsFunc(got, func(s string) bool { return s != want }) {
		t.Errorf("%s: the coins are %v, want %s", what, got, want)
	}
}
