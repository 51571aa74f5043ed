package conditions_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

func point(t testing.TB, text string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hexScalar(t testing.TB, text string) bdhke.Scalar {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := bdhke.NewScalar(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVectorsOfNUT28(t *testing.T) {
	t.Parallel()
	e, p := hexScalar(t, p2bkEphemeral), hexScalar(t, p2bkReceiver)
	ePublic, pPublic := point(t, p2bkEphemeralPublic), point(t, p2bkReceiverPublic)
	if e.Public() != ePublic || p.Public() != point(t, p2bkNaturalPublic) {
		t.Fatal("the keys of the vectors are other ones")
	}
	shared, err := e.Mul(pPublic)
	if err != nil {
		t.Fatal(err)
	}
	if x := shared.Bytes(); hex.EncodeToString(x[1:]) != p2bkShared {
		t.Errorf("Zx is %x, want %s", x[1:], p2bkShared)
	}
	for slot, v := range p2bk {
		bySender, err := conditions.BlindingFactor(e, pPublic, slot)
		if err != nil {
			t.Fatal(err)
		}
		byReceiver, err := conditions.BlindingFactor(p, ePublic, slot)
		if err != nil {
			t.Fatal(err)
		}
		if want := hexScalar(t, v.factor); !bySender.Equal(want) || !byReceiver.Equal(want) {
			t.Errorf("slot %d: another blinding factor", slot)
		}
		blinded, err := conditions.BlindKey(pPublic, e, slot)
		if err != nil || blinded.String() != v.blinded {
			t.Errorf("slot %d: blinded key %v, %v, want %s", slot, blinded, err, v.blinded)
		}
		// The receiver's key was published with the other sign of y.
		k, ok, err := conditions.UnblindKey(p, ePublic, blinded, slot)
		if err != nil || !ok || !k.Equal(hexScalar(t, v.negated)) {
			t.Errorf("slot %d: the negated key is not found (%v, %v)", slot, ok, err)
		}
		natural, err := conditions.BlindKey(p.Public(), e, slot)
		if err != nil {
			t.Fatal(err)
		}
		k, ok, err = conditions.UnblindKey(p, ePublic, natural, slot)
		if err != nil || !ok || !k.Equal(hexScalar(t, v.standard)) {
			t.Errorf("slot %d: the standard key is not found (%v, %v)", slot, ok, err)
		}
	}
}

func TestKeysBlindedForAnotherSlotOrReceiverAreNotFound(t *testing.T) {
	t.Parallel()
	p, ePublic := hexScalar(t, p2bkReceiver), point(t, p2bkEphemeralPublic)
	if _, ok, err := conditions.UnblindKey(p, ePublic, point(t, p2bk[1].blinded), 0); ok || err != nil {
		t.Errorf("found under another slot: %v, %v", ok, err)
	}
	if _, ok, err := conditions.UnblindKey(hexScalar(t, p2bkEphemeral), ePublic, point(t, p2bk[0].blinded), 0); ok || err != nil {
		t.Errorf("found by another receiver: %v, %v", ok, err)
	}
	for _, slot := range []int{-1, conditions.MaxSlots} {
		if _, err := conditions.BlindingFactor(p, ePublic, slot); !errors.Is(err, conditions.ErrTooManySlots) {
			t.Errorf("slot %d: %v", slot, err)
		}
	}
}

func TestTooManyKeysCannotBeBlinded(t *testing.T) {
	t.Parallel()
	lock := conditions.Lock{Hash: [32]byte{1}, Locktime: 1}
	for i := range 11 {
		lock.Refund = append(lock.Refund, key(t, i).Public())
	}
	if _, err := lock.Blind(key(t, 99)); !errors.Is(err, conditions.ErrTooManySlots) {
		t.Errorf("eleven keys beside a hash: %v", err)
	}
	secret, err := lock.Secret(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := conditions.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Unblind(key(t, 1), key(t, 99).Public()); !errors.Is(err, conditions.ErrTooManySlots) {
		t.Errorf("eleven keys beside a hash: %v", err)
	}
}

// A receiver of a blinded lock spends it, whatever its slots and the sign of y by
// which the sender knew the receiver.
func TestPropertyBlindedLocksOpenForTheirReceiver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		receiver := key(t, rapid.IntRange(0, 1000).Draw(rt, "receiver"))
		known := receiver
		if rapid.Bool().Draw(rt, "other sign") {
			var err error
			if known, err = receiver.Negate(); err != nil {
				t.Fatal(err)
			}
		}
		ephemeral := key(t, rapid.IntRange(2000, 3000).Draw(rt, "ephemeral"))
		before := rapid.IntRange(0, 4).Draw(rt, "slots before")
		lock := conditions.Lock{Key: known.Public(), SigAll: rapid.Bool().Draw(rt, "SIG_ALL")}
		if before > 0 {
			lock.Key = key(t, 4000).Public()
			for i := 1; i < before; i++ {
				lock.Pubkeys = append(lock.Pubkeys, key(t, 4000+i).Public())
			}
			lock.Pubkeys = append(lock.Pubkeys, known.Public())
		}
		blinded, err := lock.Blind(ephemeral)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := blinded.Secret(nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := conditions.Parse(secret)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := c.Unblind(receiver, ephemeral.Public())
		if err != nil || len(keys) != 1 {
			t.Fatalf("%d keys found, %v", len(keys), err)
		}
		tx := conditions.Transaction{Inputs: []cashu.Proof{coin(t, secret)}}
		if lock.SigAll {
			err = conditions.SignAll(tx, keys[0], nil)
		} else {
			err = conditions.SignInput(&tx.Inputs[0], keys[0], nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := spend(tx, now); err != nil {
			t.Fatalf("the receiver cannot spend: %v", err)
		}
		if err := conditions.SignInput(&tx.Inputs[0], receiver, nil); err == nil {
			t.Fatal("the receiver's own key opens the lock, so nothing was blinded")
		}
	})
}
