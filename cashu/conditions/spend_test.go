package conditions_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/schnorr"
)

var (
	preimage  = [32]byte{31: 1} // that of the vectors
	early     = time.Unix(999, 0)
	late      = time.Unix(1001, 0)
	preimageX = hex.EncodeToString(preimage[:])
)

const locktime = 1000

// witness writes any witness.
func witness(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rawSignature is a signature of the coin's secret by any key, asked for or not.
func rawSignature(t testing.TB, p cashu.Proof, n int) string {
	t.Helper()
	sig, err := schnorr.Sign(key(t, n), sha256.Sum256([]byte(p.Secret)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sig.String()
}

func signatures(list ...string) map[string]any { return map[string]any{"signatures": list} }

// opening is an attempt to spend one coin.
type opening struct {
	name    string
	lock    conditions.Lock
	witness func(p cashu.Proof) string
	now     time.Time
	ok      bool
}

func TestWhatOpensALock(t *testing.T) {
	t.Parallel()
	by := func(keys ...int) func(cashu.Proof) string { // an honest witness
		return func(p cashu.Proof) string {
			var list []string
			for _, k := range keys {
				list = append(list, rawSignature(t, p, k))
			}
			return witness(t, signatures(list...))
		}
	}
	withPreimage := func(image string, keys ...int) func(cashu.Proof) string {
		return func(p cashu.Proof) string {
			var list []string
			for _, k := range keys {
				list = append(list, rawSignature(t, p, k))
			}
			return witness(t, map[string]any{"preimage": image, "signatures": list})
		}
	}
	text := func(s string) func(cashu.Proof) string { return func(cashu.Proof) string { return s } }

	one := conditions.Lock{Key: key(t, 1).Public()}
	twoOfThree := conditions.Lock{Key: key(t, 1).Public(), Pubkeys: publics(t, 2, 3), NSigs: 2}
	refundable := conditions.Lock{Key: key(t, 1).Public(), Locktime: locktime, Refund: publics(t, 4, 5), NSigsRefund: 2}
	blend := conditions.Lock{Key: key(t, 1).Public(), Pubkeys: publics(t, 2), NSigs: 2, Locktime: locktime, Refund: publics(t, 1, 4), NSigsRefund: 2}
	timed := conditions.Lock{Key: key(t, 1).Public(), Locktime: locktime}
	permanent := conditions.Lock{Key: key(t, 1).Public(), Refund: publics(t, 4)}
	hash := sha256.Sum256(preimage[:])
	image := conditions.Lock{Hash: hash}
	imageAndKey := conditions.Lock{Hash: hash, Pubkeys: publics(t, 1)}
	imageTimed := conditions.Lock{Hash: hash, Pubkeys: publics(t, 1), Locktime: locktime, Refund: publics(t, 4)}
	imageOpen := conditions.Lock{Hash: hash, Pubkeys: publics(t, 1), Locktime: locktime}

	for _, o := range []opening{
		{"its key", one, by(1), now, true},
		{"another key", one, by(2), now, false},
		{"no witness", one, text(""), now, false},
		{"no signatures", one, by(), now, false},
		{"null for signatures", one, text(`{"signatures":null}`), now, false},
		{"a signature in upper case", one, func(p cashu.Proof) string { return witness(t, signatures(strings.ToUpper(rawSignature(t, p, 1)))) }, now, true},
		{"a signature without its last byte", one, func(p cashu.Proof) string { return witness(t, signatures(rawSignature(t, p, 1)[:126])) }, now, false},
		{"junk before the signature", one, func(p cashu.Proof) string {
			return witness(t, signatures("", "zz", strings.Repeat("00", 64), strings.Repeat("ff", 64), rawSignature(t, p, 2), rawSignature(t, p, 1)))
		}, now, true},
		{"unknown names in the witness", one, func(p cashu.Proof) string {
			return `{"x":{"y":[1]},` + witness(t, signatures(rawSignature(t, p, 1)))[1:]
		}, now, true},
		{"signatures twice", one, func(p cashu.Proof) string {
			return `{"signatures":[],` + witness(t, signatures(rawSignature(t, p, 1)))[1:]
		}, now, false},
		{"a witness and more", one, func(p cashu.Proof) string { return witness(t, signatures(rawSignature(t, p, 1))) + "{}" }, now, false},
		{"the signature alone", one, func(p cashu.Proof) string { return rawSignature(t, p, 1) }, now, false},
		{"a list of signatures alone", one, func(p cashu.Proof) string { return witness(t, []string{rawSignature(t, p, 1)}) }, now, false},
		{"null", one, text("null"), now, false},
		{"a signature that is a number", one, text(`{"signatures":[1]}`), now, false},
		{"names in another case", one, func(p cashu.Proof) string {
			return strings.Replace(witness(t, signatures(rawSignature(t, p, 1))), "signatures", "Signatures", 1)
		}, now, false},

		{"two of three", twoOfThree, by(1, 3), now, true},
		{"two of three in another order", twoOfThree, by(3, 2), now, true},
		{"three of three", twoOfThree, by(1, 2, 3), now, true},
		{"one of three where two are needed", twoOfThree, by(2), now, false},
		{"one key twice, one signature copied", twoOfThree, func(p cashu.Proof) string {
			s := rawSignature(t, p, 1)
			return witness(t, signatures(s, s))
		}, now, false},
		{"one key twice, one signature copied in upper case", twoOfThree, func(p cashu.Proof) string {
			s := rawSignature(t, p, 1)
			return witness(t, signatures(s, strings.ToUpper(s)))
		}, now, false},
		{"one key twice, two different signatures", twoOfThree, by(1, 1), now, false},
		{"one key three times", twoOfThree, by(2, 2, 2), now, false},
		{"one key twice and another", twoOfThree, by(1, 1, 2), now, true},
		{"one key and a stranger", twoOfThree, by(1, 9), now, false},

		{"its key before the locktime", refundable, by(1), early, true},
		{"its key after the locktime", refundable, by(1), late, true},
		{"the refund before the locktime", refundable, by(4, 5), early, false},
		{"the refund in the second of the locktime", refundable, by(4, 5), time.Unix(locktime, 0), false},
		{"the refund after the locktime", refundable, by(4, 5), late, true},
		{"half of the refund", refundable, by(4), late, false},
		{"one refund key twice", refundable, by(4, 4), late, false},
		{"no witness after the locktime with a refund", refundable, text(""), late, false},
		{"one of each pathway", blend, by(2, 4), late, false},
		{"a key of both pathways and one of the refund", blend, by(1, 4), late, true},
		{"a key of both pathways and one of the refund, too early", blend, by(1, 4), early, false},
		{"no witness before the locktime", timed, text(""), early, false},
		{"no witness after the locktime without refund", timed, text(""), late, true},
		{"a broken witness after the locktime without refund", timed, text("{"), late, true},
		{"a refund without locktime", permanent, by(4), late, false},

		{"the preimage", image, withPreimage(preimageX), now, true},
		{"the preimage without signatures in the witness", image, text(`{"preimage":"` + preimageX + `"}`), now, true},
		{"another preimage", image, withPreimage(strings.Repeat("00", 32)), now, false},
		{"no preimage", image, text(`{"signatures":[]}`), now, false},
		{"an empty preimage", image, withPreimage(""), now, false},
		{"the hash as preimage", image, withPreimage(hex.EncodeToString(hash[:])), now, false},
		{"the preimage and a byte", image, withPreimage(preimageX + "00"), now, false},
		{"null as preimage", image, text(`{"preimage":null}`), now, false},
		{"the preimage as a number", image, text(`{"preimage":1}`), now, false},
		{"no witness for an HTLC", image, text(""), now, false},
		{"the preimage and the key", imageAndKey, withPreimage(preimageX, 1), now, true},
		{"the preimage and another key", imageAndKey, withPreimage(preimageX, 2), now, false},
		{"the preimage without the key", imageAndKey, withPreimage(preimageX), now, false},
		{"the key without the preimage", imageAndKey, by(1), now, false},
		{"preimage and key after the locktime", imageTimed, withPreimage(preimageX, 1), late, true},
		{"preimage and refund before the locktime", imageTimed, withPreimage(preimageX, 4), early, false},
		{"preimage and refund after the locktime", imageTimed, withPreimage(preimageX, 4), late, true},
		{"an empty preimage and refund after the locktime", imageTimed, withPreimage("", 4), late, true},
		{"refund after the locktime without preimage", imageTimed, by(4), late, true},
		{"the key alone after the locktime", imageTimed, by(1), late, false},
		{"an HTLC without refund after the locktime", imageOpen, text(""), late, true},
		{"an HTLC without refund before the locktime", imageOpen, text(""), early, false},
	} {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			p := locked(t, o.lock)
			p.Witness = o.witness(p)
			err := spend(swap(p), o.now)
			if o.ok != (err == nil) {
				t.Fatalf("%v, want ok %v", err, o.ok)
			}
			if err != nil && !errors.Is(err, cashu.ErrProofInvalid) {
				t.Errorf("%v, want code 10001", err)
			}
		})
	}
}

func TestPreimagesHaveThirtyTwoBytesAndNoOtherLength(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 31, 33, 64} {
		image := make([]byte, n)
		p := locked(t, conditions.Lock{Hash: sha256.Sum256(image)})
		p.Witness = witness(t, map[string]any{"preimage": hex.EncodeToString(image)})
		if err := spend(swap(p), now); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("a preimage of %d bytes: %v", n, err)
		}
	}
}

func TestAPreimageIsNotPadded(t *testing.T) {
	t.Parallel()
	p := locked(t, conditions.Lock{Hash: hashOf([32]byte{7})})
	p.Witness = `{"preimage":"07"}`
	if err := spend(swap(p), now); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("a preimage without its zeros: %v", err)
	}
}

func TestEveryInputMustBeOpen(t *testing.T) {
	t.Parallel()
	lock := conditions.Lock{Key: key(t, 1).Public()}
	mine, theirs := sign(t, locked(t, lock), 1), locked(t, conditions.Lock{Key: key(t, 2).Public()})
	forged := theirs
	forged.Witness = mine.Witness
	plain := coin(t, "plain")
	for name, inputs := range map[string][]cashu.Proof{
		"a lock without witness behind an open one": {mine, theirs},
		"a lock without witness before an open one": {theirs, mine},
		"the witness of another coin":               {mine, forged},
		"a lock behind a plain coin":                {plain, forged},
		"a malformed lock behind a plain coin":      {plain, coin(t, p2pk(`["n_sigs","0"]`))},
		"an unknown kind behind a plain coin":       {plain, coin(t, `["COVENANT",{"nonce":"n","data":"d"}]`)},
	} {
		if err := spend(swap(inputs...), now); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("%s: %v, want code 10001", name, err)
		}
	}
	if err := spend(swap(plain, mine, plain), now); err != nil {
		t.Errorf("an open lock among plain coins: %v", err)
	}
}

func TestOneForgedSignatureAmongManyIsFound(t *testing.T) {
	t.Parallel()
	lock := conditions.Lock{Key: key(t, 1).Public()}
	inputs := make([]cashu.Proof, 40)
	for i := range inputs {
		inputs[i] = sign(t, locked(t, lock), 1)
	}
	if err := spend(swap(inputs...), now); err != nil {
		t.Fatal(err)
	}
	for i := range inputs {
		honest := inputs[i].Witness
		inputs[i].Witness = inputs[(i+1)%len(inputs)].Witness
		if err := spend(swap(inputs...), now); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("forged at %d: %v", i, err)
		}
		inputs[i].Witness = honest
	}
}

func TestWorkOfOneRequestIsBoundedBeforeAnySignatureIsChecked(t *testing.T) {
	t.Parallel()
	junk := make([]string, conditions.MaxSignatures)
	for i := range junk {
		junk[i] = schnorr.Signature{byte(i)}.String()
	}
	p := locked(t, conditions.Lock{Key: key(t, 0).Public(), Pubkeys: publics(t, 1, 2, 3, 4, 5, 6, 7, 8, 9)})
	p.Witness = witness(t, signatures(junk...))
	inputs := make([]cashu.Proof, conditions.MaxVerifications/(10*len(junk))+1)
	for i := range inputs {
		inputs[i] = p
	}
	if _, err := conditions.Check(swap(inputs...), now); !errors.Is(err, cashu.ErrTooManyInputs) {
		t.Errorf("more work than allowed: %v, want code 11014", err)
	}
	if _, err := conditions.Check(swap(inputs[1:]...), now); err != nil {
		t.Errorf("as much work as allowed: %v", err)
	}
	p.Witness = witness(t, signatures(append(junk, junk...)...))
	if _, err := conditions.Check(swap(p), now); !errors.Is(err, cashu.ErrTooLarge) {
		t.Errorf("more signatures than allowed: %v, want code 40004", err)
	}
}

func TestOnlyRefusalsThatHangOnTheClockAreEarly(t *testing.T) {
	t.Parallel()
	timed := locked(t, conditions.Lock{Key: key(t, 1).Public(), Locktime: locktime})
	for _, tc := range []struct {
		name  string
		p     cashu.Proof
		now   time.Time
		early bool
	}{
		{"before the locktime", timed, early, true},
		{"after it, with a refund that nobody signed", sign(t, locked(t, conditions.Lock{Key: key(t, 1).Public(), Locktime: locktime, Refund: publics(t, 2)}), 1), late, false},
		{"without locktime", sign(t, locked(t, conditions.Lock{Key: key(t, 1).Public()}), 1), early, false},
		{"a plain coin", coin(t, "plain"), early, false},
	} {
		s, err := conditions.Check(swap(tc.p), tc.now)
		if err != nil || s.Early() != tc.early {
			t.Errorf("%s: early %v, %v, want %v", tc.name, s.Early(), err, tc.early)
		}
	}
}
