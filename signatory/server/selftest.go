package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/signatory/internal/sample"
)

// OutputCheck says how many signatures are verified against the public key, by
// their DLEQ proof, before they leave. A signature that is wrong can tell the
// private key, and a key that is mixed up costs the mint its coins; a processor or
// a memory that begins to fail makes both.
type OutputCheck uint8

const (
	// CheckSample verifies one signature, picked at random, of a call that
	// comes after a tenth of a second without a check, and of those between
	// one in 32. It is the default: what is broken for good shows within a few
	// calls.
	CheckSample OutputCheck = iota
	// CheckEvery verifies all of them: signing takes more than twice as long.
	CheckEvery
	// checkNothing, and no self-test, is for keystores in tests that cannot sign.
	checkNothing
)

// errBadOutput: what was signed does not fit the public key.
var errBadOutput = errors.New("a signature does not fit the public key of its keyset and was held back")

// checkOutput verifies signatures as a wallet would.
func checkOutput(how OutputCheck, sampler *sample.Sampler, keysets []cashu.Keyset, messages []cashu.BlindedMessage, signatures []cashu.BlindSignature) error {
	if how == checkNothing {
		return nil
	}
	if len(signatures) != len(messages) {
		return fmt.Errorf("%w: there are %d for %d messages", errBadOutput, len(signatures), len(messages))
	}
	if len(messages) == 0 {
		return nil
	}
	first, end := 0, len(messages)
	if how == CheckSample {
		i, ok := sampler.Pick(end)
		if !ok {
			return nil
		}
		first, end = i, i+1
	}
	for i := first; i < end; i++ {
		if !fits(keysets, messages[i], signatures[i]) {
			return fmt.Errorf("%w: keyset %s, amount %d", errBadOutput, messages[i].ID, messages[i].Amount)
		}
	}
	return nil
}

func fits(keysets []cashu.Keyset, m cashu.BlindedMessage, s cashu.BlindSignature) bool {
	for i := range keysets {
		if keysets[i].ID == m.ID {
			key, ok := keysets[i].Keys.Get(m.Amount)
			return ok && s.ID == m.ID && s.Amount == m.Amount && s.DLEQ != nil && bdhke.VerifyDLEQ(key, m.B, s.C, *s.DLEQ)
		}
	}
	return false
}

// The vectors of NUT-00 (hash to curve, blinding) and NUT-12 (DLEQ).
const (
	vectorMessage = "0000000000000000000000000000000000000000000000000000000000000001"
	vectorPoint   = "022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf"
	vectorSecret  = "d341ee4871f1f889041e63cf0d3823c713eea6aff01e80f1719f08f9e5be98f6"
	vectorFactor  = "99fce58439fc37412ab3468b73db0569322588f62fb3a49182d67e23d877824a"
	vectorBlinded = "033b1a9737a40cc3fd9b6af4b723632b76a67a36782596304612a6c2bfb5197e6d"

	vectorB    = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
	vectorE    = "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73d9"
	vectorS    = "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73da"
	vectorA    = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	selfSecret = "mintmark self-test"
)

// selfTest is done at every start: the arithmetic against known vectors, and the
// keys of every active keyset against what is published. It makes no coin: what it
// has signed is forgotten.
func selfTest(ctx context.Context, ks Keystore, now time.Time) error {
	if err := testArithmetic(); err != nil {
		return fmt.Errorf("self-test: %w", err)
	}
	for _, k := range ks.Keysets().Keysets {
		if !k.Active || k.ExpiredForOutputs(now) {
			continue
		}
		if err := testKeyset(ctx, ks, k); err != nil {
			return fmt.Errorf("self-test of keyset %s: %w", k.ID, err)
		}
	}
	return nil
}

func testArithmetic() error {
	point, err := bdhke.HashToCurve(unhex(vectorMessage))
	if err != nil || point.String() != vectorPoint {
		return errors.New("hash to curve gives another point than NUT-00")
	}
	factor, err := bdhke.NewScalar(unhex(vectorFactor))
	if err != nil {
		return err
	}
	blinded, err := bdhke.Blind(unhex(vectorSecret), factor)
	if err != nil || blinded.String() != vectorBlinded {
		return errors.New("blinding gives another point than NUT-00")
	}
	a, errA := bdhke.ParsePointHex(vectorA)
	b, errB := bdhke.ParsePointHex(vectorB)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	proof := bdhke.DLEQ{E: [32]byte(unhex(vectorE)), S: [32]byte(unhex(vectorS))}
	if !bdhke.VerifyDLEQ(a, b, b, proof) { // with the private key 1, C_ is B_
		return errors.New("the DLEQ proof of NUT-12 does not verify")
	}
	proof.E[31] ^= 1
	if bdhke.VerifyDLEQ(a, b, b, proof) {
		return errors.New("a spoilt DLEQ proof verifies")
	}
	return nil
}

// unhex is for the vectors of this file.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("a vector is not hexadecimal: " + s)
	}
	return b
}

// testKeyset signs one message with every key, verifies the proofs, unblinds, and
// has the coins verified: the true ones, and one that is not.
func testKeyset(ctx context.Context, ks Keystore, k cashu.Keyset) error {
	blinding, err := bdhke.NewScalar(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		return err
	}
	amounts := k.Keys.Amounts()
	messages := make([]cashu.BlindedMessage, len(amounts))
	secrets := make([]string, len(amounts))
	for i, amount := range amounts {
		secrets[i] = fmt.Sprintf("%s %d", selfSecret, amount)
		b, err := bdhke.Blind([]byte(secrets[i]), blinding)
		if err != nil {
			return err
		}
		messages[i] = cashu.BlindedMessage{Amount: amount, ID: k.ID, B: b}
	}
	signatures, err := ks.Sign(ctx, messages)
	if err != nil {
		return err
	}
	if err := checkOutput(CheckEvery, nil, []cashu.Keyset{k}, messages, signatures); err != nil {
		return err
	}
	proofs := make([]cashu.Proof, len(signatures))
	for i, s := range signatures {
		key, _ := k.Keys.Get(s.Amount) // checkOutput has found it
		c, err := bdhke.Unblind(s.C, blinding, key)
		if err != nil {
			return err
		}
		proofs[i] = cashu.Proof{Amount: s.Amount, ID: k.ID, Secret: secrets[i], C: c}
	}
	if err := ks.Verify(ctx, proofs); err != nil {
		return fmt.Errorf("a true coin is refused: %w", err)
	}
	proofs[0].Secret += " of somebody else"
	if err := ks.Verify(ctx, proofs[:1]); !errors.Is(err, cashu.ErrProofInvalid) {
		return fmt.Errorf("a false coin is taken: %v", err)
	}
	return nil
}
