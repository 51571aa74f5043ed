package e2e

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// shownAs waits until wallets see a keyset as it should be in /v1/keysets, and looks
// whether /v1/keys, where keysets that sign are, agrees.
func shownAs(t *testing.T, w *harness.Wallet, id cashu.KeysetID, active bool, stage string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		at := slices.IndexFunc(w.Keysets(), func(k cashu.KeysetInfo) bool { return k.ID == id })
		if at >= 0 && w.Keysets()[at].Active == active {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: wallets do not see %s with active %v", stage, id, active)
		}
	}
	var signing cashu.KeysResponse
	w.MustGet("/v1/keys", &signing)
	listed := slices.ContainsFunc(signing.Keysets, func(k cashu.KeysetKeys) bool { return k.ID == id })
	if listed != active {
		t.Errorf("%s: /v1/keys lists %s: %v", stage, id, listed)
	}
	if w.KeysOf(id).ID != id {
		t.Errorf("%s: its keys cannot be had", stage)
	}
}

// A keyset is seen before it signs, signs beside the old one for as long as the
// operator likes, and the coins of the old one stay good when that no longer signs.
func TestWalletsSeeTwoKeysetsOverlap(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	old := w.Keyset
	coins := w.Mint(64)
	admin := func(args ...string) string {
		t.Helper()
		said, err := s.Admin(args...)
		if err != nil {
			t.Fatal(said, err)
		}
		return said
	}
	// swap puts some of the coins into outputs of a keyset.
	swap := func(into cashu.Keyset) harness.Reply {
		t.Helper()
		w.Keyset = into
		a := newSwap(w, coins)
		reply, err := w.Post(a.path, a.body)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Status == 200 {
			w.Keyset = old
			coins = w.Mint(64)
		}
		return reply
	}

	said := admin("prepare", "--unit", "sat")
	id, err := cashu.ParseKeysetID(regexp.MustCompile(`01[0-9a-f]{64}`).FindString(said))
	if err != nil {
		t.Fatal(said, err)
	}
	shownAs(t, w, id, false, "prepared")
	shownAs(t, w, old.ID, true, "the old one beside a prepared one")
	next := w.KeysOf(id)
	if reply := swap(next); reply.Status != 400 || reply.Code != 12002 {
		t.Errorf("a prepared keyset signs: %v", reply)
	}

	admin("activate", "--keep-others", id.String())
	shownAs(t, w, id, true, "active")
	shownAs(t, w, old.ID, true, "the old one in the overlap")
	for _, k := range []cashu.Keyset{next, old} {
		if reply := swap(k); reply.Status != 200 {
			t.Errorf("in the overlap %s does not sign: %v", k.ID, reply)
		}
	}

	admin("retire", old.ID.String())
	shownAs(t, w, old.ID, false, "retired")
	shownAs(t, w, id, true, "the new one alone")
	if reply := swap(old); reply.Status != 400 || reply.Code != 12002 {
		t.Errorf("a retired keyset signs: %v", reply)
	}
	w.Keyset = next
	newSwap(w, coins).proveWhole(t, w)
}
