package cashu

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// Keyset is the public side of a keyset (NUT-02).
type Keyset struct {
	ID            KeysetID
	Unit          Unit
	Active        bool   // signs outputs; an inactive one only redeems inputs
	InputFeePPK   uint64 // fee per input in thousandths of the unit
	FinalExpiry   uint64 // unix seconds; 0 = never
	Keys          Keys
	IssuerVersion string // software that made it, e.g. "mintmark/0.1.0"
}

// DeriveKeysetIDV1 computes the id that commits to the keys alone: 00 and the
// first 7 bytes of SHA256 over the compressed keys, ascending by amount.
func DeriveKeysetIDV1(keys Keys) KeysetID {
	h := sha256.New()
	for _, p := range keys.All() {
		b := p.Bytes()
		h.Write(b[:])
	}
	id := KeysetID{n: keysetIDBytesV1}
	id.b[0] = byte(V1)
	copy(id.b[1:keysetIDBytesV1], h.Sum(nil))
	return id
}

// DeriveKeysetIDV2 computes the id that commits to everything but Active: 01 and
// SHA256 over "amount:key,...|unit:u|input_fee_ppk:f|final_expiry:e", where a
// zero fee and a zero expiry are left out.
func DeriveKeysetIDV2(keys Keys, unit Unit, feePPK, finalExpiry uint64) KeysetID {
	text := make([]byte, 0, keys.Len()*88+96)
	for a, p := range keys.All() {
		if len(text) > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(a), 10)
		text = append(text, ':')
		text = append(text, p.String()...)
	}
	text = append(text, "|unit:"...)
	text = append(text, unit...)
	if feePPK != 0 {
		text = append(text, "|input_fee_ppk:"...)
		text = strconv.AppendUint(text, feePPK, 10)
	}
	if finalExpiry != 0 {
		text = append(text, "|final_expiry:"...)
		text = strconv.AppendUint(text, finalExpiry, 10)
	}
	sum := sha256.Sum256(text)
	id := KeysetID{n: keysetIDBytesV2}
	id.b[0] = byte(V2)
	copy(id.b[1:], sum[:])
	return id
}

// VerifyID computes the id again from the contents. A keyset whose id is not its
// own must not be used: the id is what a wallet knows the keys by.
func (k Keyset) VerifyID() error {
	var want KeysetID
	switch {
	case k.ID.IsZero():
		return fmt.Errorf("keyset has no id")
	case k.ID.Version() == V1:
		want = DeriveKeysetIDV1(k.Keys)
	default:
		want = DeriveKeysetIDV2(k.Keys, k.Unit, k.InputFeePPK, k.FinalExpiry)
	}
	if k.ID != want {
		return fmt.Errorf("keyset calls itself %v, its contents say %v", k.ID, want)
	}
	return nil
}

// ExpiredForInputs tells that proofs of this keyset are no longer redeemed: now
// is past the final expiry.
func (k Keyset) ExpiredForInputs(now time.Time) bool {
	return k.FinalExpiry != 0 && now.Unix() > 0 && uint64(now.Unix()) > k.FinalExpiry
}

// ExpiredForOutputs tells that this keyset no longer signs: from the second of
// its final expiry on, so that no coin is born dead.
func (k Keyset) ExpiredForOutputs(now time.Time) bool {
	return k.FinalExpiry != 0 && now.Unix() > 0 && uint64(now.Unix()) >= k.FinalExpiry
}
