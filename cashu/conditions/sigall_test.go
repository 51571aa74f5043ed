package conditions_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// signedAll is a transaction of two inputs under the lock and two outputs, signed
// by the keys.
func signedAll(t testing.TB, l conditions.Lock, quote string, keys ...int) conditions.Transaction {
	t.Helper()
	l.SigAll = true
	tx := conditions.Transaction{
		Inputs:  []cashu.Proof{locked(t, l), locked(t, l)},
		Outputs: []cashu.BlindedMessage{output(t, 2, 100), output(t, 2, 101)},
		QuoteID: quote,
	}
	for _, k := range keys {
		if err := conditions.SignAll(tx, key(t, k), nil); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

func TestASigAllSignatureCoversTheWholeTransaction(t *testing.T) {
	t.Parallel()
	lock := conditions.Lock{Key: key(t, 1).Public()}
	for name, change := range map[string]func(*conditions.Transaction){
		"another output":           func(tx *conditions.Transaction) { tx.Outputs[1].B = key(t, 102).Public() },
		"another amount":           func(tx *conditions.Transaction) { tx.Outputs[1].Amount++ },
		"another order of outputs": func(tx *conditions.Transaction) { tx.Outputs[0], tx.Outputs[1] = tx.Outputs[1], tx.Outputs[0] },
		"an output less":           func(tx *conditions.Transaction) { tx.Outputs = tx.Outputs[:1] },
		"an output more":           func(tx *conditions.Transaction) { tx.Outputs = append(tx.Outputs, output(t, 1, 103)) },
		"no outputs":               func(tx *conditions.Transaction) { tx.Outputs = nil },
		"an input less":            func(tx *conditions.Transaction) { tx.Inputs = tx.Inputs[:1] },
		"another second input":     func(tx *conditions.Transaction) { tx.Inputs[1].C = key(t, 104).Public() },
		"another quote":            func(tx *conditions.Transaction) { tx.QuoteID = "q2" },
		"no quote, as in a swap":   func(tx *conditions.Transaction) { tx.QuoteID = "" },
		"the witness in the second": func(tx *conditions.Transaction) {
			tx.Inputs[0].Witness, tx.Inputs[1].Witness = "", tx.Inputs[0].Witness
		},
		"another order of inputs": func(tx *conditions.Transaction) {
			tx.Inputs[0].Secret, tx.Inputs[1].Secret = tx.Inputs[1].Secret, tx.Inputs[0].Secret
		},
	} {
		tx := signedAll(t, lock, "q", 1)
		if err := spend(tx, now); err != nil {
			t.Fatalf("as it was signed: %v", err)
		}
		change(&tx)
		if err := spend(tx, now); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("%s: %v, want code 10001", name, err)
		}
	}
}

func TestAmountsOfBlankOutputsAreSignedAsSent(t *testing.T) {
	t.Parallel()
	tx := signedAll(t, conditions.Lock{Key: key(t, 1).Public()}, "q")
	tx.Outputs[0].Amount, tx.Outputs[1].Amount = 0, 1<<63
	if err := conditions.SignAll(tx, key(t, 1), nil); err != nil {
		t.Fatal(err)
	}
	if err := spend(tx, now); err != nil {
		t.Error(err)
	}
	if msg := string(tx.Message()); !strings.Contains(msg, tx.Inputs[1].C.String()+"0"+tx.Outputs[0].B.String()+"9223372036854775808") {
		t.Errorf("message %s", msg)
	}
}

func TestInputsBesideSigAllMustBeUnderTheSameLock(t *testing.T) {
	t.Parallel()
	alice := conditions.Lock{Key: key(t, 1).Public(), SigAll: true}
	bob := conditions.Lock{Key: key(t, 2).Public(), SigAll: true}
	hash := sha256.Sum256(preimage[:])
	sigInputs := conditions.Lock{Key: key(t, 1).Public()}
	timed, tagged := alice, alice
	timed.Locktime, tagged.Extra = 1, [][]string{{"memo", "x"}}
	reordered := coin(t, p2pk(`["x","1"],["sigflag","SIG_ALL"]`))

	for name, inputs := range map[string][]cashu.Proof{
		"a plain coin behind":         {locked(t, alice), coin(t, "plain")},
		"a plain coin before":         {coin(t, "plain"), locked(t, alice)},
		"SIG_INPUTS behind":           {locked(t, alice), sign(t, locked(t, sigInputs), 1)},
		"SIG_INPUTS before":           {sign(t, locked(t, sigInputs), 1), locked(t, alice)},
		"another key":                 {locked(t, alice), locked(t, bob)},
		"another locktime":            {locked(t, alice), locked(t, timed)},
		"a further tag":               {locked(t, alice), locked(t, tagged)},
		"another order of tags":       {coin(t, p2pk(`["sigflag","SIG_ALL"],["x","1"]`)), reordered},
		"tags cut in another place":   {coin(t, p2pk(`["sigflag","SIG_ALL"],["x","1","2"]`)), coin(t, p2pk(`["sigflag","SIG_ALL"],["x","1"],["2"]`))},
		"the same key in other case":  {coin(t, p2pk(`["sigflag","SIG_ALL"]`)), coin(t, strings.Replace(p2pk(`["sigflag","SIG_ALL"]`), keyA, strings.ToUpper(keyA), 1))},
		"a malformed one behind":      {locked(t, alice), coin(t, p2pk(`["sigflag","SIG_ALL"],["n_sigs","0"]`))},
		"an unknown kind behind":      {locked(t, alice), coin(t, `["COVENANT",{"nonce":"n","data":"d"}]`)},
		"own SIG_ALL, plain, another": {locked(t, alice), coin(t, "plain"), locked(t, conditions.Lock{Key: key(t, 3).Public()})},
		"an HTLC of the same text": {
			coin(t, `["HTLC",{"nonce":"n","data":"`+hashA+`","tags":[["sigflag","SIG_ALL"]]}]`),
			locked(t, conditions.Lock{Hash: hash, SigAll: true, Pubkeys: publics(t, 1)}),
		},
	} {
		tx := swap(inputs...)
		_ = conditions.SignAll(tx, key(t, 1), nil) // where the first is SIG_ALL, its owner has signed
		if err := spend(tx, now); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("%s: %v, want code 10001", name, err)
		}
	}
}

func TestSigAllReadsTheFirstWitnessOnly(t *testing.T) {
	t.Parallel()
	tx := signedAll(t, conditions.Lock{Key: key(t, 1).Public(), Pubkeys: publics(t, 2), NSigs: 2}, "", 1)
	one := tx.Inputs[0].Witness
	if err := conditions.SignAll(tx, key(t, 2), nil); err != nil {
		t.Fatal(err)
	}
	both := tx.Inputs[0].Witness
	tx.Inputs[1].Witness = "{ not read"
	if err := spend(tx, now); err != nil {
		t.Errorf("with both signatures in the first: %v", err)
	}
	tx.Inputs[0].Witness, tx.Inputs[1].Witness = one, both
	if err := spend(tx, now); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("with a signature missing in the first: %v", err)
	}
}

func TestSigAllPathways(t *testing.T) {
	t.Parallel()
	p2pkLock := conditions.Lock{Key: key(t, 1).Public(), Locktime: locktime, Refund: publics(t, 2)}
	if err := spend(signedAll(t, p2pkLock, "", 2), early); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("the refund before the locktime: %v", err)
	}
	if err := spend(signedAll(t, p2pkLock, "", 2), late); err != nil {
		t.Errorf("the refund after the locktime: %v", err)
	}
	signedSingly := signedAll(t, p2pkLock, "")
	signedSingly.Inputs[0].Witness = witness(t, signatures(rawSignature(t, signedSingly.Inputs[0], 1)))
	if err := spend(signedSingly, now); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("a signature of the first secret alone: %v", err)
	}
	open := p2pkLock
	open.Refund = nil
	if err := spend(signedAll(t, open, ""), late); err != nil {
		t.Errorf("after the locktime without refund: %v", err)
	}

	hash := conditions.Lock{Hash: sha256.Sum256(preimage[:]), Pubkeys: publics(t, 1)}
	tx := signedAll(t, hash, "", 1)
	if err := spend(tx, now); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("an HTLC without preimage: %v", err)
	}
	if err := conditions.AddPreimage(&tx.Inputs[0], preimage); err != nil {
		t.Fatal(err)
	}
	if err := spend(tx, now); err != nil {
		t.Errorf("an HTLC with preimage and key: %v", err)
	}
}
