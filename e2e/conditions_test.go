package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/e2e/harness"
)

// coinOf swaps a plain coin of 1 for one of this secret. The mint signs blindly,
// so the secret may be anything.
func coinOf(w *harness.Wallet, secret string) cashu.Proof {
	return w.Swap(w.Mint(1), []harness.Output{w.OutputOf(1, secret)})[0]
}

func secretOf(t *testing.T, l conditions.Lock) string {
	t.Helper()
	secret, err := l.Secret(nil)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// signedBy signs the coin and gives it the witness.
func signedBy(t *testing.T, p cashu.Proof, keys ...bdhke.Scalar) cashu.Proof {
	t.Helper()
	signed := cashu.Proof{Secret: p.Secret}
	for _, k := range keys {
		if err := conditions.SignInput(&signed, k, nil); err != nil {
			t.Fatal(err)
		}
	}
	p.Witness = signed.Witness
	return p
}

func newKey(t *testing.T) bdhke.Scalar {
	t.Helper()
	k, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// P3 for spending conditions: the right code, and nothing left of the attempt.
func TestRefusedWitnessesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	key, other := newKey(t), newKey(t)
	twin, err := key.Negate()
	if err != nil {
		t.Fatal(err)
	}
	lock := conditions.Lock{Key: key.Public()}
	coin := coinOf(w, secretOf(t, lock))
	plain := w.Mint(1)[0]
	all := coinOf(w, secretOf(t, conditions.Lock{Key: key.Public(), SigAll: true}))
	theirs := coinOf(w, secretOf(t, conditions.Lock{Key: other.Public()}))
	raw := func(tags string) cashu.Proof {
		p := coinOf(w, `["P2PK",{"nonce":"`+newKey(t).Public().String()+`","data":"`+key.Public().String()+`","tags":[`+tags+`]}]`)
		sig := signedBy(t, coin, key).Witness
		p.Witness = sig // of another coin: a malformed one cannot be signed with our own means
		return p
	}
	with := func(p cashu.Proof, witness string) cashu.Proof { p.Witness = witness; return p }
	sig := fmt.Sprintf("%q", strings.Repeat("00", 64))

	outputs := []harness.Output{w.Output(1), w.Output(1)}
	put := func(witness string, inputs ...cashu.Proof) harness.Reply {
		t.Helper()
		reply, err := w.Post("/v1/swap", swapWithWitness(t, witness, inputs, outputs[:len(inputs)]))
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	for _, tc := range []struct {
		name    string
		inputs  []cashu.Proof
		code    int
		witness string // of the first coin, as JSON; empty: its own
	}{
		{"no witness", []cashu.Proof{coin}, 10001, ""},
		{"an empty witness", []cashu.Proof{coin}, 10001, `""`},
		{"a witness that is no JSON", []cashu.Proof{with(coin, "{")}, 10001, ""},
		{"a signature of another coin", []cashu.Proof{with(coin, signedBy(t, theirs, other).Witness)}, 10001, ""},
		{"a witness that is a number", []cashu.Proof{coin}, 40000, `1`},
		{"more signatures than allowed", []cashu.Proof{with(coin, `{"signatures":[`+strings.Repeat(`"",`, 32)+`""]}`)}, 40004, ""},
		{"a witness that is too long", []cashu.Proof{with(coin, `{"signatures":[`+strings.Repeat(sig+",", 31)+sig+`]}`)}, 40004, ""},
		{"an open lock beside one that is not", []cashu.Proof{signedBy(t, coin, key), theirs}, 10001, ""},
		{"SIG_ALL beside a plain coin", []cashu.Proof{all, plain}, 10001, ""},
		{"SIG_ALL behind a plain coin", []cashu.Proof{plain, all}, 10001, ""},
		{"the same coin with two witnesses", []cashu.Proof{signedBy(t, coin, key), signedBy(t, coin, key)}, 11007, ""},
		{"an unknown kind", []cashu.Proof{coinOf(w, `["COVENANT",{"nonce":"`+newKey(t).Public().String()+`","data":"x"}]`)}, 10001, ""},
		{"half a condition", []cashu.Proof{coinOf(w, `["P2PK",{"nonce":"`+newKey(t).Public().String())}, 10001, ""},
		{"a key and its twin (02/03)", []cashu.Proof{raw(`["pubkeys","` + twin.Public().String() + `"]`)}, 10001, ""},
		{"sigflag twice", []cashu.Proof{raw(`["sigflag","SIG_INPUTS"],["sigflag","SIG_INPUTS"]`)}, 10001, ""},
		{"n_sigs of zero", []cashu.Proof{raw(`["n_sigs","0"]`)}, 10001, ""},
		{"a malformed lock that has expired", []cashu.Proof{raw(`["locktime","1"],["n_sigs","2"]`)}, 10001, ""},
	} {
		reply := put(tc.witness, tc.inputs...)
		if reply.Status != http.StatusBadRequest || reply.Code != tc.code {
			t.Errorf("%s: %v, want 400 with code %d", tc.name, reply, tc.code)
		}
		if !w.AllIn("UNSPENT", tc.inputs) {
			t.Errorf("%s: the coins are %v", tc.name, w.States(tc.inputs))
		}
		if found, _ := w.Restore(outputs); len(found) != 0 {
			t.Errorf("%s: %d outputs were signed", tc.name, len(found))
		}
	}

	// Nothing is reserved either: the same coins and outputs go through now.
	spent := signedBy(t, coin, key)
	first := put("", spent, with(plain, "junk on a plain coin"))
	if first.Status != http.StatusOK {
		t.Fatalf("the honest swap: %v", first)
	}
	if again := put("", spent, plain); again.Body != first.Body {
		t.Errorf("the swap repeated: %v, want %v", again, first)
	}
	wantWitnesses(t, w, []cashu.Proof{spent, plain, theirs}, spent.Witness, nil, nil)
}

// A witness as an object instead of its text is what some wallets send.
func TestAWitnessMayBeAnObject(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	key := newKey(t)
	coin := signedBy(t, coinOf(w, secretOf(t, conditions.Lock{Key: key.Public()})), key)
	var got cashu.SwapResponse
	w.MustPost("/v1/swap", swapWithWitness(t, coin.Witness, []cashu.Proof{coin}, []harness.Output{w.Output(1)}), &got)
	wantWitnesses(t, w, []cashu.Proof{coin}, coin.Witness)
}

// swapWithWitness is a swap in which the witness of the first coin is any JSON, as no
// wallet writes it; empty: that of the coin.
func swapWithWitness(t *testing.T, witness string, inputs []cashu.Proof, outputs []harness.Output) any {
	t.Helper()
	swap := cashu.SwapRequest{Inputs: inputs, Outputs: harness.Messages(outputs)}
	if witness == "" {
		return swap
	}
	bare := inputs[0]
	bare.Witness = ""
	first, err := cashu.Encode(bare)
	if err != nil {
		t.Fatal(err)
	}
	odd := []any{jsontext.Value(strings.TrimSuffix(string(first), "}") + `,"witness":` + witness + "}")}
	for _, p := range inputs[1:] {
		odd = append(odd, p)
	}
	return map[string]any{"inputs": odd, "outputs": swap.Outputs}
}

// wantWitnesses compares what the state check shows with the witnesses; nil is
// null.
func wantWitnesses(t *testing.T, w *harness.Wallet, proofs []cashu.Proof, want ...any) {
	t.Helper()
	var ys []string
	for _, p := range proofs {
		y, err := bdhke.HashToCurve([]byte(p.Secret))
		if err != nil {
			t.Fatal(err)
		}
		ys = append(ys, y.String())
	}
	var got struct {
		States []struct {
			Witness any `json:"witness"`
		} `json:"states"`
	}
	w.MustPost("/v1/checkstate", map[string]any{"Ys": ys}, &got)
	for i, s := range got.States {
		if s.Witness != want[i] {
			t.Errorf("witness %d is %v, want %v", i, s.Witness, want[i])
		}
	}
}
