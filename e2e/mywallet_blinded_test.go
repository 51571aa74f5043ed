package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// decoded is what our wallet says of a token.
type decoded struct {
	Coins []struct {
		Keys    []string `json:"keys"`
		Blinded bool     `json:"blinded"`
	} `json:"coins"`
}

// NUT-28 in both directions: what one wallet locks to blinded keys the other opens,
// and nobody who has not the key.
func TestOurWalletAndCashuTSBlindKeysForEachOther(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	wallets := harness.NewWallets(t, programs, "ours", "stranger")
	ours, stranger := wallets[0], wallets[1]
	theirs := loadCashuTS(t, s, freshSeed(t, s))
	ours.Must(nil, "mint", "400", "--mint", s.URL())
	stranger.Must(nil, "mints", "add", s.URL())
	purse, _ := mintCashuTS(t, theirs, 256)

	var own struct{ Key string }
	ours.Must(&own, "keys", "new")
	one, two, eve := newSigner(t, s), newSigner(t, s), newSigner(t, s)
	file := func(who signer) string {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(who.private), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	preimage := sha256.Sum256([]byte(freshSeed(t, s)))
	image, sum := hex.EncodeToString(preimage[:]), sha256.Sum256(preimage[:])
	hash := hex.EncodeToString(sum[:])
	s.Secrets.Hide(image)

	for _, tc := range []struct {
		name string
		lock map[string]any
		with []string // what the wallet needs besides its own keys
	}{
		{"to a key", map[string]any{"pubkey": own.Key}, nil},
		{"to a key, SIG_ALL", map[string]any{"pubkey": own.Key, "sigFlag": "SIG_ALL"}, nil},
		{"to two of three", map[string]any{"pubkey": []string{one.public, own.Key, two.public}, "requiredSignatures": 2}, []string{"--key-file", file(two)}},
		{"to a hash and a key", map[string]any{"pubkey": own.Key, "hashlock": hash}, []string{"--preimage", image}},
		{"to the refund key, after the time", map[string]any{"pubkey": one.public, "locktime": 1_700_000_000, "refundKeys": []string{own.Key}}, nil},
	} {
		tc.lock["blindKeys"] = true
		var got sendAnswer
		theirs.Must("lock", map[string]any{"amount": 7, "proofs": purse, "lock": tc.lock}, &got)
		purse = got.Keep
		var seen decoded
		ours.Must(&seen, "decode", got.Token)
		for _, c := range seen.Coins {
			if !c.Blinded || strings.Contains(strings.Join(c.Keys, " "), own.Key) {
				t.Fatalf("%s: the key is not blinded: %+v", tc.name, c)
			}
		}
		stranger.Fails(1, append([]string{"receive", got.Token}, tc.with...)...)
		before := ours.Money().Available
		ours.Must(nil, append([]string{"receive", got.Token}, tc.with...)...)
		if now := ours.Money().Available; now < before+6 {
			t.Errorf("%s: the wallet had %d and has %d", tc.name, before, now)
		}
	}
	var inbox []json.RawMessage
	if stranger.Must(&inbox, "inbox", "list"); len(inbox) != 5 {
		t.Errorf("%d tokens are in the inbox of who could not open them, want 5", len(inbox))
	}

	const soon = "soon" // a time that comes while the test runs
	for _, tc := range []struct {
		name     string
		lock     []string
		keys     []signer
		preimage string
	}{
		{"to a key", []string{"--lock-to", one.public}, []signer{one}, ""},
		{"to two of three", []string{"--lock-to", one.public, "--signer", own.Key, "--signer", two.public, "--signatures", "2"}, []signer{two, one}, ""},
		{"to a hash and a key", []string{"--hash", hash, "--signer", one.public}, []signer{one}, image},
		{"to the refund key, after the time", []string{"--lock-to", own.Key, "--locktime", soon, "--refund", two.public}, []signer{two}, ""},
	} {
		var due time.Time
		if i := slices.Index(tc.lock, soon); i >= 0 {
			due = time.Now().Add(15 * time.Second)
			tc.lock[i] = strconv.FormatInt(due.Unix(), 10)
		}
		token := ours.Token(append([]string{"7", "--include-fee", "--blinded"}, tc.lock...)...)
		s.Secrets.Hide(token)
		time.Sleep(time.Until(due.Add(time.Second))) // nothing, if there is no time to wait for
		args := func(keys ...signer) map[string]any {
			a := map[string]any{"token": token, "keys": privates(keys...)}
			if tc.preimage != "" {
				a["preimage"] = tc.preimage
			}
			return a
		}
		if err := theirs.Call("unlock", args(eve), nil); err == nil {
			t.Errorf("%s: cashu-ts opens it with another key", tc.name)
		}
		var got coinsAnswer
		theirs.Must("unlock", args(tc.keys...), &got)
		if got.Total != "7" {
			t.Errorf("%s: cashu-ts got %s, want 7", tc.name, got.Total)
		}
	}
	ours.Must(nil, "pending", "check")
	if got := ours.Money(); got.Sent != 0 || got.Pending != 0 {
		t.Errorf("everything was received, and the wallet has %+v", got)
	}
}
